import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstall, type Install } from "../../test/install.ts";
import type { SipPartner } from "./config.ts";
import { loadConfig } from "./load.ts";

let install: Install;
beforeAll(() => {
  install = createInstall();
});
afterAll(() => install.remove());

const PARTNER =
  "  - domain: contoso.example\n    profile: lync\n    route: tls://127.0.0.1:15061\n    names: [sip.contoso.example]\n";

/** The configuration with these partners in place of the usual one. */
function load(partners: string) {
  const { config, findings } = loadConfig(install.config([PARTNER, partners]));
  const sip = config?.partners.filter((partner): partner is SipPartner => partner.protocol === "sip") ?? [];
  return { partners: sip, findings };
}

const AOL = "  - { domain: aol.com, profile: aol, route: 'tls://sip.oscar.aol.com' }\n";

describe("partners behind AOL", () => {
  test("AOL-06, AOL-07: e-mail screen names are refused unless they are to be translated", () => {
    const told = load(
      `${AOL}  - { domain: hosted.example, profile: aol, aolEmailScreenNames: translate }\n${PARTNER}`,
    );
    expect(told.findings).toEqual([]);
    expect(told.partners.map(({ emailScreenNames }) => emailScreenNames)).toEqual([
      "refuse",
      "translate",
      undefined,
    ]);
  });

  test("SYS-06: a hosted domain is found by the gateway's route, which speaks for it", () => {
    const { partners } = load(`${AOL}  - { domain: hosted.example, profile: aol }\n`);
    expect(partners[0]).toMatchObject({ routedBy: undefined, names: ["sip.oscar.aol.com", "aol.com"] });
    expect(partners[1]).toMatchObject({
      route: undefined,
      routedBy: { domain: "aol.com", route: { host: "sip.oscar.aol.com", port: 5061 } },
      names: ["hosted.example", "sip.oscar.aol.com"],
      namesGiven: false,
    });
  });

  test.each([
    ["a route of its own", "route: 'tls://own.hosted.example'", undefined],
    ["another routing domain", "routingDomain: clearing.example", { domain: "clearing.example" }],
    ["no word about it", "purpose: strict", { domain: "aol.com", route: undefined }],
  ])("with %s", (_, key, routedBy) => {
    const { partners } = load(`  - { domain: hosted.example, profile: aol, ${key} }\n`);
    if (routedBy === undefined) expect(partners[0]?.routedBy).toBeUndefined();
    else expect(partners[0]?.routedBy).toMatchObject(routedBy);
  });

  test("AOL-01: a domain that no routing node serves is refused, and so is one that nobody knows", () => {
    const judge = (partners: string) => {
      const nodes = `  nodes:
    - { name: gw1, target: local, routing: true, partners: [${partners}] }
    - { name: cup7, target: "tcp://127.0.0.1:5070", partners: [contoso.example] }
  inside: { listen: "tcp://127.0.0.1:5062" }
`;
      const edits = [
        ["    ca: pki/ca.crt\n", `    ca: pki/ca.crt\n${nodes}`],
        [PARTNER, AOL + PARTNER],
      ] as const;
      const { findings } = loadConfig(install.config(...edits));
      return findings.filter(({ severity }) => severity === "error").map(({ message }) => message);
    };
    expect(judge("contoso.example")).toEqual([
      "what aol.com begins goes to no node: no routing node has it among its partners",
    ]);
    expect(judge("contoso.example, aol.com, aol.example")).toEqual(["no SIP partner is called aol.example"]);
    expect(judge("contoso.example, aol.com")).toEqual([]);
  });

  test("any partner may have a routing domain, and none has one by itself", () => {
    const { partners } = load(
      "  - { domain: a.example, routingDomain: b.example }\n  - { domain: c.example }\n",
    );
    expect(partners.map(({ routedBy }) => routedBy?.domain)).toEqual(["b.example", undefined]);
  });

  test.each([
    [
      "{ domain: a.example, profile: lync, aolEmailScreenNames: translate }",
      "error",
      /aolEmailScreenNames does not apply to a\.example, whose profile is lync/,
    ],
    ["{ domain: a.example, profile: aol, aolEmailScreenNames: yes }", "error", /refuse/],
    [
      "{ domain: a.example, profile: aol, route: 'tls://a.example', routingDomain: aol.com }",
      "warning",
      /routingDomain is not used, because a\.example has a route/,
    ],
    [
      "{ domain: a.example, protocol: xmpp, routingDomain: aol.com }",
      "error",
      /routingDomain does not apply/,
    ],
  ])("%s: %s", (partner, severity, says) => {
    const { findings } = load(`  - ${partner}\n`);
    expect(findings.map((finding) => finding.severity)).toContain(severity);
    expect(findings.map(({ message, cure }) => `${message}; ${cure}`).join("\n")).toMatch(says);
  });
});

describe("partners that users' presence is published to", () => {
  test("are those that say so", () => {
    const { partners, findings } = load(
      "  - { domain: a.example, profile: simple, publish: true }\n  - { domain: b.example, profile: simple }\n",
    );
    expect(partners.map(({ publish }) => publish)).toEqual([true, false]);
    expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  test.each([
    [
      "{ domain: a.example, profile: lync, publish: true }",
      /publish does not apply to a\.example, whose profile is lync/,
    ],
    [
      "{ domain: a.example, protocol: xmpp, publish: true }",
      /publish does not apply to a\.example, whose protocol is xmpp/,
    ],
    ["{ domain: a.example, profile: simple, publish: maybe }", /true/],
  ])("%s is refused", (partner, says) => {
    const { findings } = load(`  - ${partner}\n`);
    const errors = findings.filter(({ severity }) => severity === "error");
    expect(errors.map(({ message, cure }) => `${message}; ${cure}`).join("\n")).toMatch(says);
  });
});
