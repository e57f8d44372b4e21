/** Finding partners by DNS, against a server with a few records. */
import { NameServer } from "@tombolo/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EdgePartner } from "../src/index.ts";
import { Locator, MAX_TARGETS, type NameService, systemNames } from "../src/io/index.ts";
import { LOCATION_TTL_MS, MAX_LOCATIONS, NO_LOCATION_TTL_MS } from "../src/io/locate.ts";
import {
  CONTOSO_CA,
  contoso,
  deadPort,
  messageFromAlice,
  messageFromBob,
  PartnerServer,
  WireRig,
} from "./wire-rig.ts";

const DOMAIN = "contoso.example";
const FEDERATION = `_sipfederationtls._tcp.${DOMAIN}`;
const SIPS = `_sips._tcp.${DOMAIN}`;
const partner: EdgePartner = { domain: DOMAIN, names: [DOMAIN], purpose: "strict", namesFromDns: true };

let dns: NameServer;
let now = 0;
let locator: Locator;
beforeEach(async () => {
  dns = await NameServer.start();
  locator = makeLocator(systemNames([dns.address]));
});
afterEach(() => dns.close());

function makeLocator(names: NameService): Locator {
  now = 0;
  return new Locator({ names, now: () => now, random: () => 0.5 });
}

/** `host address port` of each target. */
async function found(one: EdgePartner = partner): Promise<string[]> {
  const { targets } = await locator.locate(one);
  return targets.map(({ host, address, port }) => `${host} ${address} ${port}`);
}

function srv(target: string, priority = 0, port = 5061) {
  return { type: "SRV", target, priority, port } as const;
}

function a(address: string) {
  return { type: "A", address } as const;
}

describe("a partner's place", () => {
  it("is its route, and nothing is asked of its domain", async () => {
    dns.set("edge.contoso.example", [a("192.0.2.1"), { type: "AAAA", address: "2001:db8::1" }]);
    const route = { host: "edge.contoso.example", port: 5071 };
    expect(await found({ ...partner, route })).toEqual([
      "edge.contoso.example 2001:db8::1 5071",
      "edge.contoso.example 192.0.2.1 5071",
    ]);
    expect(new Set(dns.asked)).toEqual(new Set(["A edge.contoso.example", "AAAA edge.contoso.example"]));
  });

  it.each(["192.0.2.9", "2001:db8::9"])("may be an address: %s", async (host) => {
    expect(await found({ ...partner, route: { host, port: 5061 } })).toEqual([`${host} ${host} 5061`]);
    expect(dns.asked).toEqual([]);
  });

  it("is what its federation record says, by priority, each with all its addresses", async () => {
    dns.set(FEDERATION, [srv("backup.contoso.example", 20), srv("SIP.contoso.example", 10, 5062)]);
    dns.set("sip.contoso.example", [a("192.0.2.1"), a("192.0.2.2")]);
    dns.set("backup.contoso.example", [{ type: "AAAA", address: "2001:db8::2" }]);
    expect((await found()).slice(0, 2).sort()).toEqual([
      "sip.contoso.example 192.0.2.1 5062",
      "sip.contoso.example 192.0.2.2 5062",
    ]);
    expect((await found()).slice(2)).toEqual(["backup.contoso.example 2001:db8::2 5061"]);
    expect((await locator.locate(partner)).names).toEqual(["backup.contoso.example", "sip.contoso.example"]);
    expect(dns.asked.filter((question) => /NAPTR|_sips/.test(question))).toEqual([]);
  });

  describe("with a routing domain", () => {
    const HOSTED = "hosted.example";
    const route = { host: "gateway.aol.example", port: 5062 };
    const hosted: EdgePartner = {
      domain: HOSTED,
      names: [HOSTED],
      purpose: "strict",
      routedBy: { domain: "aol.example" },
    };
    beforeEach(() => {
      dns.set("gateway.aol.example", [a("192.0.2.7")]);
      dns.set("sip.aol.example", [a("192.0.2.8")]);
      dns.set("own.hosted.example", [a("192.0.2.9")]);
      dns.set("_sipfederationtls._tcp.aol.example", [srv("sip.aol.example")]);
    });

    it("is its own route first, then its own records", async () => {
      dns.set("_sipfederationtls._tcp.hosted.example", [srv("own.hosted.example")]);
      expect(await found({ ...hosted, route: { host: "192.0.2.1", port: 5071 } })).toEqual([
        "192.0.2.1 192.0.2.1 5071",
      ]);
      expect(await found({ ...hosted, routedBy: { domain: "aol.example", route } })).toEqual([
        "own.hosted.example 192.0.2.9 5061",
      ]);
    });

    it("is the routing domain's route third, and its records last", async () => {
      expect(await found({ ...hosted, routedBy: { domain: "aol.example", route } })).toEqual([
        "gateway.aol.example 192.0.2.7 5062",
      ]);
      expect(await found(hosted)).toEqual(["sip.aol.example 192.0.2.8 5061"]);
      expect((await locator.locate(hosted)).names).toEqual(["sip.aol.example"]);
    });

    it("is nowhere when neither has anything, though the domain has an address", async () => {
      dns.set(HOSTED, [a("192.0.2.10")]);
      expect(await locator.locate({ ...hosted, routedBy: { domain: "none.example" } })).toMatchObject({
        targets: [],
        detail: "hosted.example, none.example: no service records",
      });
    });
  });

  it("is without a federation record what RFC 3263 makes of it: NAPTR for TLS", async () => {
    dns.set(DOMAIN, [
      { type: "NAPTR", order: 1, flags: "s", service: "SIP+D2U", replacement: "_sip._udp.contoso.example" },
      { type: "NAPTR", order: 2, flags: "s", service: "SIPS+D2T", replacement: "_odd._tcp.contoso.example" },
      a("192.0.2.66"),
    ]);
    dns.set("_odd._tcp.contoso.example", [srv("sip.contoso.example")]);
    dns.set("sip.contoso.example", [a("192.0.2.1")]);
    expect(await found()).toEqual(["sip.contoso.example 192.0.2.1 5061"]);
    expect(dns.asked.slice(0, 3)).toEqual([
      `SRV ${FEDERATION}`,
      `NAPTR ${DOMAIN}`,
      "SRV _odd._tcp.contoso.example",
    ]);
  });

  it("is without that its sips record", async () => {
    dns.set(SIPS, [srv("sip.contoso.example")]);
    dns.set("sip.contoso.example", [a("192.0.2.1")]);
    expect(await found()).toEqual(["sip.contoso.example 192.0.2.1 5061"]);
    expect(dns.asked.some((question) => question.includes("_sip."))).toBe(false);
  });

  it("is without any record its domain, on 5061", async () => {
    dns.set(DOMAIN, [a("192.0.2.5")]);
    expect(await found()).toEqual([`${DOMAIN} 192.0.2.5 5061`]);
    expect((await locator.locate(partner)).names).toEqual([]);
  });

  it.each([FEDERATION, SIPS])("is nowhere where it says so at %s, whatever else there is", async (name) => {
    dns.set(name, [srv(".", 0, 0)]);
    dns.set(DOMAIN, [a("192.0.2.5")]);
    expect(await locator.locate(partner)).toEqual({ targets: [], detail: `${name}: no service`, names: [] });
  });

  it.each([
    ["does not exist", {}, /contoso.example: ENOTFOUND/, []],
    ["can't be asked for", { [FEDERATION]: "fail" } as const, /contoso.example: ESERVFAIL/, undefined],
    [
      "has a target without an address",
      { [FEDERATION]: [srv("x.contoso.example")] },
      /x.contoso.example: ENOTFOUND/,
      ["x.contoso.example"],
    ],
  ])("that %s is told with its reason", async (_, zone, reason, names) => {
    for (const [name, answer] of Object.entries(zone)) dns.set(name, answer);
    const location = await locator.locate(partner);
    expect([location.targets, location.names]).toEqual([[], names]);
    expect(location.detail).toMatch(reason);
  });

  it("has so many targets, and none more is tried", async () => {
    const all = (count: number) => Array.from({ length: count }, (_, at) => a(`192.0.2.${at + 1}`));
    dns.set(DOMAIN, all(MAX_TARGETS));
    expect(await found()).toHaveLength(MAX_TARGETS);
    dns.set(DOMAIN, all(MAX_TARGETS + 1));
    locator.clear();
    expect(await found()).toHaveLength(MAX_TARGETS);
  });

  it("in the system's own names is found there", async () => {
    locator = makeLocator(systemNames());
    const targets = await found({ ...partner, route: { host: "localhost", port: 5061 } });
    expect(targets).toContain("localhost 127.0.0.1 5061");
  });
});

describe("what DNS said", () => {
  it.each([
    ["a place", [a("192.0.2.5")], LOCATION_TTL_MS],
    ["that there is none", [], NO_LOCATION_TTL_MS],
  ])("is kept for a time: %s", async (_, records, ttl) => {
    dns.set(DOMAIN, records);
    await Promise.all([found(), found()]);
    const asked = dns.asked.length;
    now = ttl - 1;
    await found();
    expect(dns.asked).toHaveLength(asked);
    now = ttl;
    await found();
    expect(dns.asked).toHaveLength(asked * 2);
  });

  it("is kept for so many partners", async () => {
    const counted: string[] = [];
    const nothing = () => Promise.resolve([]);
    const names: NameService = {
      srv: (name) => {
        counted.push(name);
        return nothing();
      },
      naptr: nothing,
      addresses: () => Promise.resolve(["192.0.2.1"]),
    };
    locator = makeLocator(names);
    for (let at = 0; at < MAX_LOCATIONS; at++) await found({ ...partner, domain: `d${at}.example` });
    await found({ ...partner, domain: "d0.example" });
    expect([locator.size, counted.length]).toEqual([MAX_LOCATIONS, MAX_LOCATIONS * 2]);
    await found({ ...partner, domain: "one-more.example" });
    await found({ ...partner, domain: "d1.example" });
    await found({ ...partner, domain: "d0.example" });
    expect([locator.size, counted.length]).toEqual([MAX_LOCATIONS, MAX_LOCATIONS * 2 + 4]);
  });
});

describe("an edge that finds its partners by DNS", () => {
  let rig: WireRig;
  let server: PartnerServer;
  let port: number;
  beforeAll(async () => {
    server = new PartnerServer(contoso());
    port = await server.listen();
  });
  afterEach(() => rig.end());
  afterAll(() => server.close());

  const listed = { names: [DOMAIN], namesFromDns: true } as const;
  const start = async (changes: Partial<EdgePartner> = listed) => {
    rig = await new WireRig({ dnsServers: [dns.address], partner: changes }).start();
  };

  it("tries the next place after a dead one, and the dead one last from then on", async () => {
    dns.set(FEDERATION, [
      srv("dead.contoso.example", 1, await deadPort()),
      srv("sip.contoso.example", 2, port),
    ]);
    dns.set("dead.contoso.example", [a("127.0.0.1")]);
    dns.set("sip.contoso.example", [{ type: "AAAA", address: "::1" }, a("127.0.0.1")]);
    await start();
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.until(() => server.peers.at(-1)?.received.includes("o1") === true, "the MESSAGE");
    expect([rig.inside, server.servernames.at(-1)]).toEqual([[], "sip.contoso.example"]);
  });

  it("takes the targets of service records as names, in both directions", async () => {
    dns.set(FEDERATION, [srv("sip.contoso.example", 1, port)]);
    await start();
    const peer = await rig.connect(contoso());
    peer.write(messageFromBob("m1"));
    await rig.until(() => rig.inside.length === 1, "the MESSAGE inside");
  });

  it("takes no name from DNS where names are configured", async () => {
    dns.set(FEDERATION, [srv("sip.contoso.example", 1, port)]);
    dns.set("sip.contoso.example", [a("127.0.0.1")]);
    await start({ names: ["edge.contoso.example"] });
    await (await rig.connect(contoso())).ended;
    await rig.handshake("unknown-name");
    rig.driver.fromNode(messageFromAlice("o1"));
    await rig.handshake("name-mismatch");
  });

  it("keeps a name it has learned until DNS says another, not while DNS says nothing", async () => {
    dns.set(FEDERATION, [srv("sip.contoso.example", 1, port)]);
    await start();
    const settings = {
      advertise: { host: "sip.example.com", port: 5061 },
      ourDomains: ["example.com"],
      partners: [{ ...partner, ...listed }],
    };
    const asked = () => dns.asked.length;
    const ask = async () => {
      const before = asked();
      rig.driver.reload({ settings });
      await rig.until(() => asked() > before, "a question");
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const peer = await rig.connect(contoso());
    await rig.handshake("ok");
    dns.set(FEDERATION, "fail");
    await ask();
    await rig.connect(contoso());
    await rig.until(() => rig.driver.connections.length === 2, "a second connection");
    dns.set(FEDERATION, [srv("new.contoso.example", 1, port)]);
    await ask();
    await (await rig.connect(contoso())).ended;
    await rig.handshake("unknown-name");
    rig.driver.reload({ settings });
    await peer.ended;
    await rig.connect(CONTOSO_CA.issue({ commonName: "n", dns: ["new.contoso.example"] }));
    await rig.until(() => rig.handshakes.filter((outcome) => outcome === "ok").length === 3, "the new name");
  });

  it("does not wait for DNS that says nothing before it starts", async () => {
    dns.set(FEDERATION, "silence");
    const begun = performance.now();
    await start();
    expect(performance.now() - begun).toBeLessThan(4_000);
  });
});
