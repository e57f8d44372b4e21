/** A presence server of somebody else's as the node inside: the program in its edge role between it and a partner. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createAuthority,
  freePorts,
  type KamailioPresence,
  type RealProcess,
  type Stunnel,
  startKamailioPresence,
  startServer,
  startSipp,
  startStunnel,
  writePki,
} from "@tombolo/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../real/real-lab.ts";
import { type ScenarioValues, scenario } from "./scenario.ts";

const PARTNER = "fabrikam.example";
const ALICE = "alice@example.com";
const NOTE = "on the beach";

describe.each(["tcp", "tls"] as const)("Kamailio as the node inside, over %s", (transport) => {
  let kamailio: KamailioPresence;
  let edge: RealProcess;
  let tunnel: Stunnel;

  beforeAll(async () => {
    const authority = createAuthority({ name: "interop" });
    const issue = (name: string) => authority.issue({ commonName: name, dns: [name] });
    const [outside, inside, admin, tcp, tls] = (await freePorts(5)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    kamailio = await startKamailioPresence({
      domain: "example.com",
      edge: { port: inside, transport },
      tls: { credentials: issue("presence.inside.example"), ca: authority.cert },
      ports: { tcp, tls },
    });
    const target = transport === "tcp" ? `tcp://127.0.0.1:${tcp}` : `tls://127.0.0.1:${tls}`;
    const started = await startServer("tombolo", 0, (dir) => {
      writePki(dir, authority, { edge: issue("sip.example.com") });
      const config = join(dir, "edge.yaml");
      writeFileSync(config, configuration({ transport, outside, inside, admin, target }));
      return { program: join(ROOT, "scripts/tombolo"), args: ["run", "-c", config], awaited: [outside] };
    });
    edge = started.process;
    tunnel = await startStunnel({
      credentials: issue(`sip.${PARTNER}`),
      ca: authority.cert,
      client: { port: outside, servername: "sip.example.com" },
    });
  });
  afterAll(async () => {
    await tunnel?.stop();
    await edge?.stop();
    await kamailio?.stop();
  });

  async function play(name: string, values: ScenarioValues = {}, target = tunnel.tcpPort): Promise<string> {
    const all = { domain: PARTNER, from: `carol@${PARTNER}`, to: ALICE, ...values };
    const { result } = await startSipp({ scenario: scenario(name, all), target });
    const { ok, errors, messages } = await result;
    expect(ok, `${errors}\n${messages}\n${edge.output()}\n${kamailio.output()}`).toBe(true);
    return messages;
  }

  test("a partner's MESSAGE gets there, and the server's answer comes back", async () => {
    await play("message", { text: "hello" });
    await play("message-refused", { text: "refuse" });
  });

  test("a partner's watcher sees what a user has published, and nothing of the inside", async () => {
    await play("publish", { user: ALICE, note: NOTE }, kamailio.tcpPort);
    const seen = await play("watcher-inside", { note: NOTE });
    expect(seen).toContain(`<note>${NOTE}</note>`);
    for (const port of [kamailio.tcpPort, kamailio.tlsPort]) expect(seen).not.toContain(String(port));
  });
});

function configuration(values: {
  transport: "tcp" | "tls";
  outside: number;
  inside: number;
  admin: number;
  target: string;
}): string {
  const { transport, outside, inside, admin, target } = values;
  const identity = "cert: edge.crt, key: edge.key, ca: ca.crt";
  const names = transport === "tls" ? ", names: [presence.inside.example]" : "";
  return `node: edge1
edge:
  outside: { listen: "127.0.0.1:${outside}", advertise: "sip.example.com:${outside}", ${identity} }
  inside: { listen: "${transport}://127.0.0.1:${inside}"${transport === "tls" ? `, ${identity}` : ""} }
  nodes: [{ name: presence, target: "${target}", routing: true${names} }]
  domains: [example.com]
partners:
  - { domain: ${PARTNER}, profile: simple, route: "tls://127.0.0.1:9", names: [sip.${PARTNER}] }
admin: { listen: "127.0.0.1:${admin}" }
log: { level: info }
`;
}
