import type { NameService } from "@tombolo/sip-edge/io";
import { expect, test } from "vitest";
import type { SipPartner } from "../config/config.ts";
import { findRoute } from "./find-route.ts";

const PARTNER: SipPartner = {
  protocol: "sip",
  domain: "contoso.example",
  profile: "simple",
  route: undefined,
  routedBy: undefined,
  emailScreenNames: undefined,
  names: ["contoso.example"],
  namesGiven: false,
  purpose: "strict",
  publish: false,
  ca: undefined,
  crl: undefined,
  tlsMin: "1.2",
  limits: { messagesPerSecond: 0, discovered: false },
  link: undefined,
};
const record = (name: string, priority: number, port = 5061) => ({ name, port, priority, weight: 0 });

function failing(code: string): Promise<never> {
  return Promise.reject(Object.assign(new Error(code), { code }));
}

/** Answers for service records from a table, and an address for each host but those of nowhere.example. */
function dns(answers: Record<string, ReturnType<typeof record>[] | string>): NameService {
  return {
    srv: (name) => {
      const answer = answers[name] ?? "ENOTFOUND";
      return typeof answer === "string" ? failing(answer) : Promise.resolve(answer);
    },
    naptr: () => failing("ENODATA"),
    addresses: (host) =>
      host.endsWith("nowhere.example") ? failing("ENOTFOUND") : Promise.resolve(["192.0.2.1"]),
  };
}

const FEDERATION = "_sipfederationtls._tcp.contoso.example";
const SIPS = "_sips._tcp.contoso.example";

test.each([
  ["the federation record", { [FEDERATION]: [record("F.example", 0)] }, ["f.example:5061"], ["f.example"]],
  [
    "records by priority",
    { [SIPS]: [record("b.example", 2), record("a.example", 1, 5062)] },
    ["a.example:5062", "b.example:5061"],
    ["b.example", "a.example"],
  ],
  ["the domain itself last", {}, ["contoso.example:5061"], []],
])("%s", async (_name, answers, places, names) => {
  const found = await findRoute(PARTNER, dns(answers as unknown as Parameters<typeof dns>[0]));
  if (!("places" in found)) throw new Error(found.trouble.message);
  expect(found.places.map(({ host, port }) => `${host}:${port}`)).toEqual(places);
  expect(found.names).toEqual(names);
});

test.each([
  [
    "does not answer",
    PARTNER,
    { [FEDERATION]: "ESERVFAIL" },
    /contoso\.example: ESERVFAIL.*; check this machine's DNS/,
  ],
  [
    "says that there is no such service",
    PARTNER,
    { [FEDERATION]: [record("", 0)] },
    /does not federate; ask/,
  ],
  [
    "does not know the route",
    { ...PARTNER, route: { host: "sip.nowhere.example", port: 5061 } },
    {},
    /route failed \(sip\.nowhere\.example: ENOTFOUND\); correct the route/,
  ],
])("a DNS that %s", async (_name, partner, answers, says) => {
  const found = await findRoute(partner, dns(answers as unknown as Parameters<typeof dns>[0]));
  expect("trouble" in found && `${found.trouble.message}; ${found.trouble.cure}`).toMatch(says);
});
