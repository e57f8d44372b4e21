import { expect, test } from "vitest";
import type { SipPartner } from "../config/config.ts";
import { findRoute, type Resolver } from "./find-route.ts";

const PARTNER: SipPartner = {
  protocol: "sip",
  domain: "contoso.example",
  profile: "simple",
  route: undefined,
  names: ["contoso.example"],
  namesGiven: false,
  purpose: "strict",
  limits: { messagesPerSecond: 0, discovered: false },
  link: undefined,
};
const record = (name: string, priority: number, weight = 0, port = 5061) => ({
  name,
  port,
  priority,
  weight,
});

/** Answers from a table; other names do not exist. */
function dns(answers: Record<string, ReturnType<typeof record>[] | string>): Resolver {
  return {
    resolveSrv: async (name) => {
      const answer = answers[name] ?? "ENOTFOUND";
      if (typeof answer === "string") throw Object.assign(new Error(answer), { code: answer });
      return answer;
    },
  };
}

const FEDERATION = "_sipfederationtls._tcp.contoso.example";
const SIPS = "_sips._tcp.contoso.example";

test.each([
  [
    "the federation record first",
    { [FEDERATION]: [record("F.example", 0)], [SIPS]: [record("s.example", 0)] },
    ["f.example:5061"],
  ],
  [
    "by priority, then weight",
    { [FEDERATION]: [record("c.example", 2), record("b.example", 1, 1), record("a.example", 1, 9, 5062)] },
    ["a.example:5062", "b.example:5061", "c.example:5061"],
  ],
  ["the SIPS record next", { [FEDERATION]: "ENODATA", [SIPS]: [record("s.example", 0)] }, ["s.example:5061"]],
  ["the domain itself last", {}, ["contoso.example:5061"]],
])("%s", async (_name, answers, places) => {
  const found = await findRoute(
    PARTNER,
    dns(answers as Record<string, ReturnType<typeof record>[] | string>),
  );
  expect("places" in found && found.places.map(({ host, port }) => `${host}:${port}`)).toEqual(places);
});

test("a route in the configuration asks no DNS", async () => {
  const route = { host: "10.0.0.1", port: 5061 };
  expect(await findRoute({ ...PARTNER, route }, dns({ [FEDERATION]: "ESERVFAIL" }))).toEqual({
    places: [route],
  });
});

test("a DNS that fails, and a domain that says it has no such service", async () => {
  expect(await findRoute(PARTNER, dns({ [FEDERATION]: "ESERVFAIL" }))).toMatchObject({
    trouble: { message: `the DNS look-up of ${FEDERATION} failed (ESERVFAIL)` },
  });
  expect(await findRoute(PARTNER, dns({ [FEDERATION]: [record("", 0, 0, 0)] }))).toMatchObject({
    trouble: { message: expect.stringContaining("does not federate") },
  });
});
