// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration has this syntax too
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstall, type Install } from "../../test/install.ts";
import { MAX_CONFIG_BYTES, MAX_DEPTH } from "./document.ts";
import { type Finding, formatFinding, hasErrors } from "./finding.ts";
import { loadConfig, MAX_FINDINGS } from "./load.ts";
import { MAX_STATUS_TEXT } from "./resolve-tables.ts";
import { MAX_SECRET_BYTES } from "./secrets.ts";

let install: Install;
beforeAll(() => {
  install = createInstall();
});
afterAll(() => install.remove());

/** Findings as `LINE severity message; cure`, with the text of that line in front for the reader. */
function judge(
  file: string,
  env: Record<string, string> = {},
): { findings: readonly Finding[]; lines: string[] } {
  const { findings } = loadConfig(file, { env });
  return { findings, lines: readFileSync(file, "utf8").split("\n") };
}

const ROUTE = "route: tls://127.0.0.1:15061";
const OUTSIDE = "listen: 127.0.0.1:5061";
const NODES = "  nodes:\n    - { name: gw1, target: local, routing: true }\n";
const INTO_EDGE = "    ca: pki/ca.crt\n";
const SECRET = "secretFile: secrets/xmpp";

type Edit = readonly [from: string, to: string];
/** What is edited, the text that stands on the line of the error, and what the error says. */
const ERRORS: readonly (readonly [name: string, edits: readonly Edit[], line: string, says: RegExp])[] = [
  [
    "an unknown key",
    [["profile:", "profil:"]],
    "profil:",
    /unknown key 'profil' in partners\[0\]; did you mean 'profile'\?/,
  ],
  [
    "a key at a wrong place",
    [["node: gw1", "node: gw1\nunknownWatcher: ask"]],
    "unknownWatcher",
    /belongs to policy/,
  ],
  ["an unknown key at the top", [["admin:", "admn:"]], "admn:", /unknown key 'admn'; did you mean 'admin'/],
  [
    "a missing key",
    [["    advertise: sip.example.com:5061\n", ""]],
    "outside:",
    /edge\.outside\.advertise is missing; write advertise:/,
  ],
  [
    "an empty part",
    [["  domains: [example.com]", "  domains:"]],
    "domains:",
    /gateway\.domains is empty; write domains: \[example\.com\]/,
  ],
  ["an empty list", [["[example.com]", "[]"]], "domains: []", /gateway\.domains is empty/],
  [
    "a text for a list",
    [["[sip.contoso.example]", "sip.contoso.example"]],
    "names:",
    /must be a list.*\[sip\.contoso\.example\]/,
  ],
  [
    "a number for a text",
    [[SECRET, "secret: 12345"]],
    "secret:",
    /must be a text, not a number; write it in quotes$/,
  ],
  [
    "a word that is none",
    [["profile: lync", "profile: lynk"]],
    "lynk",
    /did you mean 'lync'\? write one of ocs, lync, aol/,
  ],
  [
    "a listener without port",
    [[OUTSIDE, "listen: 127.0.0.1"]],
    "listen: 127.0.0.1",
    /names no port; write host:port/,
  ],
  [
    "a port that is none",
    [[OUTSIDE, "listen: 127.0.0.1:65536"]],
    "65536",
    /'65536' is not a port; write a number from 0 to 65535/,
  ],
  ["a listener on every address", [[OUTSIDE, "listen: :5061"]], "listen: :5061", /write 0\.0\.0\.0:5061/],
  [
    "a listener with a prefix",
    [[OUTSIDE, "listen: tls://127.0.0.1:5061"]],
    "tls://127.0.0.1:5061",
    /write 127\.0\.0\.1:5061/,
  ],
  [
    "a route by TCP",
    [[ROUTE, "route: tcp://127.0.0.1:15061"]],
    "route:",
    /by TLS only; write tls:\/\/127\.0\.0\.1:15061/,
  ],
  ["a route without scheme", [[ROUTE, "route: 127.0.0.1:15061"]], "route:", /is not a route; write tls:/],
  [
    "an XMPP server without scheme",
    [["xmpp://127.0.0.1:5347", "127.0.0.1:5347"]],
    "server:",
    /write xmpp:\/\/127\.0\.0\.1:5347/,
  ],
  [
    "a domain that is none",
    [["contoso.example\n", "contoso_x.example\n"]],
    "contoso_x",
    /is not a domain name/,
  ],
  [
    "a domain with a dot behind",
    [["contoso.example\n", "contoso.example.\n"]],
    "contoso.example.",
    /write contoso\.example$/,
  ],
  [
    "a domain not in ASCII",
    [["contoso.example\n", "b\u00fccher.example\n"]],
    "cher.example",
    /write its ASCII form: xn--bcher-kva\.example/,
  ],
  [
    "a domain twice, in other letters",
    [["partner.example", "Contoso.EXAMPLE"]],
    "EXAMPLE",
    /contoso\.example is given twice/,
  ],
  [
    "our own domain as a partner",
    [["partner.example", "Example.COM"]],
    "Example.COM",
    /also in gateway\.domains/,
  ],
  [
    "our own domain twice",
    [["[example.com]", "[example.com, EXAMPLE.com]"]],
    "[example.com, ",
    /given twice/,
  ],
  [
    "neither edge nor gateway",
    [
      ["edge:", "edgy:"],
      ["gateway:", "gatewai:"],
    ],
    "node: gw1",
    /neither edge nor gateway/,
  ],
  [
    "a secret file that is not there",
    [["secrets/xmpp", "secrets/nope"]],
    "secrets/nope",
    /secrets\/nope does not exist; write the secret into/,
  ],
  ["an empty secret file", [["secrets/xmpp", "secrets/empty"]], "secrets/empty", /secrets\/empty is empty/],
  ["a secret of two lines", [["secrets/xmpp", "secrets/two"]], "secrets/two", /more than one line/],
  ["a secret that is a folder", [["secrets/xmpp", "secrets"]], "secretFile", /is a directory/],
  [
    "a secret twice",
    [[SECRET, `${SECRET}\n    secret: x`]],
    SECRET,
    /both secret and secretFile are given; keep one/,
  ],
  ["no secret", [[`    ${SECRET}\n`, ""]], "xmpp:", /gateway\.xmpp\.secretFile is missing/],
  [
    "no XMPP server",
    [["    server: xmpp://127.0.0.1:5347\n", ""]],
    "xmpp:",
    /gateway\.xmpp\.server is missing; write server: xmpp/,
  ],
  [
    "an unset variable",
    [[SECRET, "secret: ${NOT_SET}"]],
    "NOT_SET",
    /variable NOT_SET is not set; set NOT_SET/,
  ],
  ["a bad variable", [[SECRET, "secret: ${a-b}"]], "a-b", /'\$\{a-b\}' is no environment variable/],
  [
    "admin open to others",
    [["127.0.0.1:0", "0.0.0.0:8280"]],
    "admin:",
    /listens on 0\.0\.0\.0 without a token; write tokenFile: .*\(or token:\)/,
  ],
  [
    "an XMPP partner with a route",
    [["protocol: xmpp", "protocol: xmpp\n    route: tls://a.example:5061"]],
    "a.example",
    /does not apply to partner\.example/,
  ],
  [
    "an XMPP partner with names",
    [["protocol: xmpp", "protocol: xmpp\n    names: [a.example]"]],
    "names: [a.",
    /leave it out/,
  ],
  [
    "an XMPP partner with a SIP profile",
    [["protocol: xmpp", "protocol: xmpp\n    profile: lync"]],
    "\u0000second",
    /do not federate by XMPP/,
  ],
  [
    "a local node without gateway",
    [
      [INTO_EDGE, `${INTO_EDGE}${NODES}`],
      ["gateway:", "gatewai:"],
    ],
    "target: local",
    /no gateway is in this file/,
  ],
  [
    "two nodes of one name",
    [[INTO_EDGE, `${INTO_EDGE}${NODES}    - { name: gw1, target: "tcp://127.0.0.1:5070" }\n`]],
    "5070",
    /given twice/,
  ],
  [
    "a public port twice",
    [
      [
        INTO_EDGE,
        `${INTO_EDGE}${NODES}    - { name: b, target: "tcp://127.0.0.1:5070", publicPort: 5061 }\n`,
      ],
    ],
    "publicPort",
    /5061 is already used by edge\.outside\.listen/,
  ],
  [
    "no routing node",
    [
      [
        INTO_EDGE,
        `${INTO_EDGE}${NODES.replace(", routing: true", "")}    - { name: b, target: "tcp://127.0.0.1:5070" }\n`,
      ],
    ],
    "nodes:",
    /no node is the routing node/,
  ],
  [
    "a TLS node without inside leg",
    [[INTO_EDGE, `${INTO_EDGE}  nodes: [{ name: b, target: "tls://127.0.0.1:5070" }]\n`]],
    "nodes:",
    /edge\.inside is missing/,
  ],
  [
    "an inside leg without certificate",
    [[INTO_EDGE, `${INTO_EDGE}  inside: { listen: "127.0.0.1:5062" }\n`]],
    "inside:",
    /edge\.inside\.key is missing \(listen is tls\)/,
  ],
  [
    "an unknown watcher rule",
    [["admin:", "policy: { unknownWatcher: aks }\nadmin:"]],
    "aks",
    /did you mean 'ask'/,
  ],
  [
    "a redis store without url",
    [["admin:", "store: { kind: redis }\nadmin:"]],
    "store:",
    /store\.url is missing; write url: redis/,
  ],
  [
    "a redis url that is none",
    [["admin:", "store: { kind: redis, url: 'http://:pw@x' }\nadmin:"]],
    "store:",
    /^[^:]+:\d+: error: that is not the address of a Redis server/,
  ],
  [
    "a policy exception twice",
    [
      [
        SECRET,
        `${SECRET}\n    policy: { exceptions: [{ domain: "*.x.example" }, { domain: "*.X.example" }] }`,
      ],
    ],
    "policy:",
    /\*\.x\.example is given twice/,
  ],
  [
    "more messages than allowed",
    [["profile: lync", "limits: { messagesPerSecond: 100001 }"]],
    "limits",
    /must be at most 100000/,
  ],
  [
    "a row of the tables that is none",
    [["admin:", "tables: { 1-5.bussy: dnd }\nadmin:"]],
    "1-5.bussy",
    /no availability row is called '1-5\.bussy'; did you mean '1-5\.busy'\? write one of 1-5\.available, 1-5\.busy/,
  ],
  [
    "a row of a table that is none",
    [["admin:", "tables:\n  2-1.busy: dnd\nadmin:"]],
    "2-1.busy",
    /write style: or the id of a row/,
  ],
  [
    "a state that is none",
    [["admin:", "tables:\n  1-5.busy: { state: dmd }\nadmin:"]],
    "1-5.busy",
    /'dmd' is not an availability state; did you mean 'dnd'\? write one of Available, Away/,
  ],
  [
    "a target that the row has not",
    [["admin:", "tables:\n  1-5.busy: { lync: dnd }\nadmin:"]],
    "1-5.busy",
    /unknown key 'lync' in 1-5\.busy; write one of state, text, xmpp-third-party, cupc-7, cupc-8/,
  ],
  [
    "a cell with a target beside its state",
    [["admin:", "tables:\n  1-5.busy: { state: dnd, cupc8: dnd }\nadmin:"]],
    "1-5.busy",
    /unknown key 'cupc8' in 1-5\.busy; did you mean 'cupc-8'/,
  ],
  [
    "a cell without state",
    [["admin:", "tables:\n  1-5.busy: { text: Busy }\nadmin:"]],
    "1-5.busy",
    /1-5\.busy names no state; write \{ state: dnd \}/,
  ],
  [
    "an empty row",
    [["admin:", "tables:\n  1-5.busy:\nadmin:"]],
    "1-5.busy",
    /1-5\.busy must be an availability state/,
  ],
  ["a row without cells", [["admin:", "tables:\n  1-5.busy: {}\nadmin:"]], "1-5.busy", /1-5\.busy is empty/],
  [
    "a status text of two lines",
    [["admin:", 'tables:\n  1-5.busy: { state: dnd, text: "a\\nb" }\nadmin:']],
    "1-5.busy",
    /one line of at most 200 characters/,
  ],
  [
    "a status text that is a number",
    [["admin:", "tables:\n  1-5.busy: { state: dnd, text: 7 }\nadmin:"]],
    "1-5.busy",
    /a status text must be a text/,
  ],
  [
    "an unknown style",
    [["admin:", "tables: { style: richt }\nadmin:"]],
    "style",
    /'richt' is not a style of the tables; did you mean 'rich'\? write one of cup, rich/,
  ],
  [
    "tables as a list",
    [["admin:", "tables: [rich]\nadmin:"]],
    "tables",
    /tables must be a map of keys, not a list/,
  ],
  ["a broken YAML", [["  domains: [example.com]", "  domains: [example.com"]], "\u0000any", /not valid YAML/],
  ["a tab", [["  outside:", "\toutside:"]], "\toutside", /not valid YAML .*; write spaces/],
  [
    "a key twice",
    [["node: gw1", "node: gw1\nnode: gw2"]],
    "gw2",
    /the key 'node' is given twice; keep one of the two/,
  ],
];

describe("each mistake is an error at its line", () => {
  beforeAll(() => {
    install.write("secrets/empty", " \n");
    install.write("secrets/two", "a\nb\n");
  });

  test.each(ERRORS)("%s", (_name, edits, line, says) => {
    const { findings, lines } = judge(install.config(...edits));
    const texts = findings.map(formatFinding);
    const hit = findings.findIndex((finding, at) => finding.severity === "error" && says.test(texts[at]!));
    expect(hit, texts.join("\n")).toBeGreaterThanOrEqual(0);
    if (!line.startsWith("\u0000")) expect(lines[findings[hit]!.line - 1]).toContain(line);
    expect(findings[hit]!.line).toBeGreaterThan(0);
    expect(texts[hit]).toMatch(/^\S+tombolo\.yaml:\d+: error: [^\n]+; [a-z][^\n]+$/);
    expect(texts.join()).not.toMatch(/s3cret|12345|:pw@/);
  });
});

describe("files that are no configuration", () => {
  const cases: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ["nothing", "", /the configuration is empty/],
    ["only comments", "# nothing\n", /the configuration is empty/],
    ["a list", "- a\n- b\n", /the file must be a map of keys, not a list/],
    ["a text", "hello", /the file must be a map of keys, not a text/],
    ["two documents", "a: 1\n---\nb: 2\n", /not valid YAML/],
    ["bytes that are not UTF-8", new Uint8Array([0x6e, 0xff, 0xfe, 0x0a]), /not UTF-8/],
    ["deep nesting", `a: ${"[".repeat(50_000)}`, /not valid YAML|nested too deeply/],
    ["an alias bomb", bomb(), /anchors too often|unknown key/],
    ["a map that holds itself", "a: &x { b: *x }\n", /nested too deeply/],
    [
      "a map that holds itself many times",
      "a: &x { b: *x, c: *x, d: *x, e: [*x, *x] }\n",
      /nested too deeply/,
    ],
    ["a key with a special name", "__proto__: { node: x }\nconstructor: 1\n", /unknown key 'constructor'/],
    ["one byte too many", "#".repeat(MAX_CONFIG_BYTES + 1), /larger than 1048576 bytes/],
  ];
  function bomb(): string {
    const level = (at: number) =>
      `l${at}: &l${at} [${Array(9)
        .fill(`*l${at - 1}`)
        .join(",")}]\n`;
    return `l0: &l0 [x, x]\n${Array.from({ length: 9 }, (_, at) => level(at + 1)).join("")}`;
  }

  test.each(cases)("%s", (_name, content, says) => {
    const { config, findings } = loadConfig(install.write("odd.yaml", content));
    expect(config).toBeUndefined();
    expect(findings.map(formatFinding).join("\n")).toMatch(says);
  });

  test("the deepest nesting is judged by the schema, one level more is refused as such", () => {
    const nested = (depth: number) => `node: ${"[".repeat(depth)}${"]".repeat(depth)}\n`;
    const says = (depth: number) =>
      loadConfig(install.write("deep.yaml", nested(depth))).findings[0]?.message;
    // The file itself is a map, the first level.
    expect(says(MAX_DEPTH - 1)).toMatch(/node must be a text/);
    expect(says(MAX_DEPTH)).toMatch(/nested too deeply/);
  });

  test.each([
    ["unknown keys", (at: number) => `k${at}: 1\n`, ""],
    ["partners with one", (at: number) => `  - { domain: p${at}.example, profil: x }\n`, "partners:\n"],
  ])("up to MAX_FINDINGS mistakes are told, and a file full of %s takes no time", (_what, line, head) => {
    const many = (count: number) => head + Array.from({ length: count }, (_, at) => line(at)).join("");
    const count = (text: string) =>
      loadConfig(install.write("many.yaml", text)).findings.filter(({ message }) =>
        message.startsWith("unknown"),
      );
    expect(count(many(MAX_FINDINGS - 1))).toHaveLength(MAX_FINDINGS - 1);
    expect(count(many(MAX_FINDINGS))).toHaveLength(MAX_FINDINGS);
    expect(count(many(MAX_FINDINGS + 1))).toHaveLength(MAX_FINDINGS);
    const start = performance.now();
    expect(count(many(15_000))).toHaveLength(MAX_FINDINGS);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test("a file of exactly the largest size is read", () => {
    const { findings } = loadConfig(install.write("large.yaml", "#".repeat(MAX_CONFIG_BYTES)));
    expect(findings.map((finding) => finding.message)).toEqual(["the configuration is empty"]);
  });

  test.each([
    ["nowhere.yaml", "does not exist"],
    [".", "is a directory"],
    ["secrets/xmpp/x", "not a directory"],
  ])("%s %s", (name, says) => {
    const { config, findings } = loadConfig(join(install.folder, name));
    expect(config).toBeUndefined();
    expect(findings[0]).toMatchObject({ severity: "error", line: 0, message: expect.stringContaining(says) });
    expect(formatFinding(findings[0]!)).not.toContain(":0:");
  });

  test("whatever is written, loading gives findings or a configuration, and never throws", () => {
    const file = install.config();
    const good = readFileSync(file, "utf8");
    const mangled = fc.record({
      at: fc.nat(good.length),
      cut: fc.nat(30),
      add: fc.string({ maxLength: 12 }),
    });
    fc.assert(
      fc.property(mangled, ({ at, cut, add }) => {
        const { config, findings } = loadConfig(
          install.write("mangled.yaml", good.slice(0, at) + add + good.slice(at + cut)),
        );
        expect(config === undefined).toBe(hasErrors(findings));
      }),
      { numRuns: 150 },
    );
  });
});

describe("a configuration that is fine", () => {
  const every = (cell: unknown) => ({ "xmpp-third-party": cell, "cupc-7": cell, "cupc-8": cell });

  test("gets its defaults", () => {
    const { config, findings } = loadConfig(install.config([": gw1", ": gw1"]));
    expect(findings).toEqual([]);
    expect(config).toMatchObject({
      node: "gw1",
      edge: {
        outside: {
          listen: { host: "127.0.0.1", port: 5061 },
          advertise: { host: "sip.example.com", port: 5061 },
        },
        legacy: undefined,
        dns: [],
        inside: undefined,
        nodes: [{ name: "gw1", target: "local", routing: true, publicPort: undefined, names: [], from: [] }],
        domains: ["example.com"],
      },
      gateway: {
        domains: ["example.com"],
        remoteEdge: undefined,
        xmppPolicy: { default: "deny", exceptions: [] },
      },
      policy: { unknownWatcher: "ask" },
      tables: { style: "cup", overrides: {} },
      store: { kind: "sqlite", path: join(install.folder, "var/tombolo.db") },
      admin: { token: undefined },
      log: { level: "info" },
    });
    expect(config?.partners).toEqual([
      {
        protocol: "sip",
        domain: "contoso.example",
        profile: "lync",
        route: { host: "127.0.0.1", port: 15061 },
        names: ["sip.contoso.example"],
        namesGiven: true,
        purpose: "strict",
        publish: false,
        tlsMin: "1.2",
        limits: { messagesPerSecond: 0, discovered: false },
        link: { server: { host: "127.0.0.1", port: 5347 }, secret: "s3cret" },
      },
      { protocol: "xmpp", domain: "partner.example", profile: "xmpp" },
    ]);
    expect(config?.edge?.outside.tls.names).toEqual(["sip.example.com"]);
  });

  test("names default to the route's host and the domain, the node to this machine's name, admin to 8280", () => {
    const file = install.config(
      ["node: gw1\n", ""],
      ["    names: [sip.contoso.example]\n", ""],
      [ROUTE, "route: tls://SIP.contoso.example"],
      ['admin: { listen: "127.0.0.1:0" }', "admin: {}"],
    );
    const { config } = loadConfig(file);
    expect(config?.partners[0]).toMatchObject({
      names: ["sip.contoso.example", "contoso.example"],
      namesGiven: false,
      route: { host: "sip.contoso.example", port: 5061 },
    });
    expect(config?.node).toMatch(/^[A-Za-z0-9-]+$/);
    expect(config?.admin.listen).toEqual({ host: "127.0.0.1", port: 8280 });
  });

  test("texts and numbers may come from the environment, and $$ keeps the characters", () => {
    const file = install.config(
      [SECRET, "secret: ${SECRET}"],
      ["127.0.0.1:15061", "${HOST}:${PORT}"],
      ["profile: lync", "limits: { messagesPerSecond: '${RATE}' }"],
      ["partner.example", "$${x}.example"],
    );
    const env = { SECRET: " a b$${c} ", HOST: "[::1]", PORT: "15061", RATE: "7" };
    const { findings } = loadConfig(file, { env });
    expect(findings.map((finding) => finding.message)).toEqual(["'${x}.example' is not a domain name"]);
    const { config } = loadConfig(
      install.config([SECRET, "secret: ${SECRET}"], ["127.0.0.1:15061", "${HOST}:${PORT}"]),
      {
        env,
      },
    );
    expect(config?.partners[0]).toMatchObject({
      route: { host: "::1", port: 15061 },
      link: { secret: "a b$${c}" },
    });
  });

  test.each([
    ["1-5.busy: {state: dnd}", { "1-5.busy": every("Do Not Disturb") }],
    ["1-5.busy: Do Not Disturb", { "1-5.busy": every("Do Not Disturb") }],
    ['"1-5.busy": { state: "Do Not Disturb", text: "" }', { "1-5.busy": every("Do Not Disturb") }],
    [
      "1-5.busy: { state: XA, text: Working }",
      { "1-5.busy": every({ state: "Extended Away", text: "Working" }) },
    ],
    [
      "1-5.busy: { cupc-8: OFFLINE, cupc-7: { state: away } }",
      { "1-5.busy": { "cupc-8": "Offline", "cupc-7": "Away" } },
    ],
  ])("tables: %s", (line, overrides) => {
    const { config, findings } = loadConfig(install.config(["admin:", `tables:\n  ${line}\nadmin:`]));
    expect(findings).toEqual([]);
    expect(config?.tables).toEqual({ style: "cup", overrides });
  });

  test("a style fills the cells that the file does not name", () => {
    const text = "x".repeat(MAX_STATUS_TEXT);
    const lines = `tables:\n  style: rich\n  1-5.do-not-disturb: { cupc-8: { state: busy, text: ${text} } }\n`;
    const { config } = loadConfig(install.config(["admin:", `${lines}admin:`]));
    expect(config?.tables.style).toBe("rich");
    expect(config?.tables.overrides["1-5.do-not-disturb"]).toEqual({
      ...every("Do Not Disturb"),
      "cupc-8": { state: "Busy", text },
    });
    expect(config?.tables.overrides["1-8.do-not-disturb"]).toBeDefined();
    const long = loadConfig(install.config(["admin:", `${lines.replace(text, `${text}x`)}admin:`]));
    expect(long.findings.map(({ path }) => path)).toEqual(["tables.1-5.do-not-disturb.cupc-8.text"]);
  });

  test("a partner's own link overrides the server, the secret or both", () => {
    const own = "    xmpp: { server: 'xmpp://127.0.0.2', secret: other }\n";
    const { config } = loadConfig(install.config(["    names: [sip", `${own}    names: [sip`]));
    expect(config?.partners[0]).toMatchObject({
      link: { server: { host: "127.0.0.2", port: 5347 }, secret: "other" },
    });
    const server = loadConfig(
      install.config(["    names: [sip", "    xmpp: { secret: other }\n    names: [sip"]),
    );
    expect(server.config?.partners[0]).toMatchObject({
      link: { server: { host: "127.0.0.1" }, secret: "other" },
    });
  });

  test("several routing nodes, and how they are watched", () => {
    const nodes = `${NODES}    - { name: b, target: "tcp://127.0.0.1:5070", routing: true }\n`;
    const more = "  newDialogs: standby\n  health: { everySeconds: 5, misses: 2 }\n";
    const { config } = loadConfig(install.config([INTO_EDGE, `${INTO_EDGE}${nodes}${more}`]));
    expect(config?.edge).toMatchObject({
      nodes: [{ routing: true }, { routing: true }],
      newDialogs: "standby",
      health: { everySeconds: 5, misses: 2 },
    });
    const plain = loadConfig(install.config());
    expect(plain.config?.edge).toMatchObject({
      newDialogs: "spread",
      health: { everySeconds: 10, misses: 3 },
    });
  });

  test("an edge alone and a gateway alone", () => {
    const edge = install.config(
      [
        INTO_EDGE,
        `${INTO_EDGE}  domains: [example.com]\n  inside: { listen: "tcp://127.0.0.1:5062" }\n  nodes: [{ name: gw, target: "tcp://127.0.0.9:5062", from: [127.0.0.9] }]\n`,
      ],
      [
        "gateway:\n  domains: [example.com]\n  xmpp:\n    server: xmpp://127.0.0.1:5347\n    secretFile: secrets/xmpp\n",
        "",
      ],
    );
    const loaded = loadConfig(edge);
    expect(loaded.findings.map((finding) => [finding.severity, finding.path])).toEqual([
      ["warning", "edge.inside.listen"],
      ["warning", "edge.nodes[0].target"],
    ]);
    expect(loaded.config?.edge).toMatchObject({
      inside: { listen: { transport: "tcp", host: "127.0.0.1", port: 5062 }, tls: undefined },
      nodes: [{ name: "gw", routing: true, from: ["127.0.0.9"] }],
    });
    expect(loaded.config?.partners[0]).toMatchObject({ link: undefined });
    const text = readFileSync(install.config(), "utf8").replace(
      /^edge:[\s\S]*?^gateway:/m,
      "gateway:\n  edge: tcp://10.0.0.5\n  listen: 10.0.0.6:5062",
    );
    const gateway = loadConfig(install.write("gateway.yaml", text));
    expect(gateway.config?.gateway?.remoteEdge).toEqual({
      edge: { transport: "tcp", host: "10.0.0.5", port: 5060 },
      names: ["10.0.0.5"],
      listen: { transport: "tcp", host: "10.0.0.6", port: 5062 },
      tls: undefined,
    });
    const alone = install.write("gateway.yaml", text.replace(/^ {2}(edge|listen):.*\n/gm, ""));
    expect(loadConfig(alone).findings.map((finding) => finding.message)).toContainEqual(
      expect.stringContaining("gateway.edge is missing"),
    );
  });

  test("what others may read is warned about, and so is what does nothing", () => {
    install.write("secrets/open", "s3cret");
    chmodSync(join(install.folder, "secrets/open"), 0o644);
    const { config, findings } = loadConfig(
      install.config(
        ["secrets/xmpp", "secrets/open"],
        ["gateway:", "gateway:\n  edge: tls://10.0.0.5:5062"],
        ["profile: lync", "profile: sametime"],
      ),
    );
    expect(config).toBeDefined();
    expect(findings.map((finding) => [finding.severity, finding.path])).toEqual([
      ["warning", "gateway.edge"],
      ["warning", "gateway.xmpp.secretFile"],
      ["warning", "partners[0].profile"],
    ]);
  });

  test("inside nodes that nothing tells apart are warned about, and so is a listener that is nowhere", () => {
    const { config, findings } = loadConfig(
      install.config([
        INTO_EDGE,
        `${INTO_EDGE}  inside: { listen: "tcp://0.0.0.0:5062" }\n${NODES}${[
          '{ name: b, target: "tcp://10.0.0.7:5070" }',
          '{ name: c, target: "tcp://10.0.0.7:5071" }',
          '{ name: d, target: "tcp://cup4.example.com:5070" }',
        ]
          .map((node) => `    - ${node}\n`)
          .join("")}`,
      ]),
    );
    expect(config).toBeDefined();
    const told = findings
      .map(({ path, message }) => `${path}: ${message}`)
      .filter((one) => !/encrypted/.test(one));
    expect(told).toEqual([
      "edge.inside.listen: inside nodes are told to answer to 0.0.0.0",
      "edge.nodes[2]: c and b have the source address 10.0.0.7, so b it is",
      "edge.nodes[3]: nothing that d starts gets out: a TCP node is known by its address, not as cup4.example.com",
    ]);
  });

  test("a secret of the largest size is read, one byte more is not", () => {
    const file = install.config(["secrets/xmpp", "secrets/long"]);
    install.write("secrets/long", "x".repeat(MAX_SECRET_BYTES));
    expect(loadConfig(file).findings).toEqual([]);
    install.write("secrets/long", "x".repeat(MAX_SECRET_BYTES + 1));
    expect(loadConfig(file).findings[0]?.message).toMatch(/larger than 4096 bytes/);
  });

  test("an admin listener for others has its token from a file", () => {
    mkdirSync(join(install.folder, "secrets"), { recursive: true });
    install.write("secrets/admin", "t0ken\n");
    const open = ['"127.0.0.1:0"', '"[::]:8280", tokenFile: secrets/admin'] as const;
    expect(loadConfig(install.config(open)).config?.admin).toEqual({
      listen: { host: "::", port: 8280 },
      token: "t0ken",
    });
  });
});
