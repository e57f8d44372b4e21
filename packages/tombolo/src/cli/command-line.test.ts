import { afterEach, describe, expect, test, vi } from "vitest";
import { main } from "./command-line.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** One command line in this process, with what it wrote. */
async function tombolo(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    });
  }
  const code = await main(args);
  vi.restoreAllMocks();
  return { code, ...written };
}

const SYSTEMS =
  "moc, lync, aim, sametime, webex-connect, xmpp-third-party, cupc-7, cupc-8, fed-cupc-7, fed-cupc-8, fed-xmpp-third-party";

describe("wrong usage is 2, with one sentence on stderr that names the allowed words", () => {
  test.each([
    [
      ["frob"],
      /^tombolo: unknown command 'frob'; write one of run, check, doctor, map, status, partners, connections, decisions, links, subscriptions, sessions, explain, policy, pki$/,
    ],
    [["chek"], /^tombolo: unknown command 'chek' \(did you mean 'check'\?\); write one of run/],
    [["--frob"], /^tombolo: unknown option '--frob'; write one of --version, --help$/],
    [
      ["map", "--frob"],
      /^tombolo: unknown option '--frob'; write one of --to, --text, --list, --json, --help$/,
    ],
    [
      ["map", "lync", "Away", "more", "--to", "lync"],
      /^tombolo: too many arguments .*; tombolo map --help says how$/,
    ],
    [
      ["map", "lync", "Away", "--to"],
      /^tombolo: option '--to <system>' argument missing; tombolo map --help says how$/,
    ],
    [
      ["check"],
      /^tombolo: required option '-c, --config <file>' not specified; tombolo check --help says how$/,
    ],
    [["run", "x.yaml"], /^tombolo: .*--config.*; tombolo run --help says how$/],
    [["map"], new RegExp(`^tombolo: system is missing; write one of ${SYSTEMS}$`)],
    [["map", "lync", "Away"], new RegExp(`^tombolo: system for --to is missing; write one of ${SYSTEMS}$`)],
    [
      ["map", "skype", "Away", "--to", "lync"],
      new RegExp(`^tombolo: unknown system 'skype'; write one of ${SYSTEMS}$`),
    ],
    [
      ["map", "lync", "Awya", "--to", "aim"],
      /^tombolo: unknown state 'Awya' \(did you mean 'Away'\?\); write one of Available, Away, Busy, /,
    ],
    [
      ["map", "lync", "Away", "--to", "linc"],
      /^tombolo: unknown system for --to 'linc' \(did you mean 'lync'\?\)/,
    ],
    [["policy"], /^tombolo: no command is given; write one of list, allow, block, remove$/],
    [["policy", "bloc", "a", "b"], /^tombolo: unknown command 'bloc' \(did you mean 'block'\?\)/],
    [["policy", "block", "alice"], /^tombolo: missing required argument 'peer'; tombolo policy block --help/],
    [["status"], /^tombolo: which program\? write -c FILE, --admin URL, or set TOMBOLO_ADMIN$/],
    [["links", "--admin", "a b"], /^tombolo: a b is no URL; write http:\/\/127\.0\.0\.1:8280$/],
    [["map", "lync", "--list"], /^tombolo: map --list prints all tables and takes nothing but --json$/],
    [["map", "x\ny\u001b", "Away", "--to", "lync"], /^tombolo: unknown system 'x y.?'/],
  ] as const)("%j", async (args, says) => {
    const { code, stdout, stderr } = await tombolo(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(says);
  });

  test("no command at all shows the help on stderr", async () => {
    const { code, stdout, stderr } = await tombolo();
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/Usage: tombolo/);
  });
});

test("help and version are 0 on stdout, and list only what works", async () => {
  const help = await tombolo("--help");
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect([...help.stdout.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1])).toEqual([
    "run",
    "check",
    "doctor",
    "map",
    "status",
    "partners",
    "connections",
    "decisions",
    "links",
    "subscriptions",
    "sessions",
    "explain",
    "policy",
    "pki",
  ]);
  expect(await tombolo("--version")).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: "",
  });
  expect((await tombolo("map", "--help")).stdout).toMatch(/--to <system>/);
});

describe("map", () => {
  test("prints the look-up for people and, as one line, for programs", async () => {
    const away = ["map", "lync", "Be Right Back", "--to", "xmpp-third-party"];
    const json = await tombolo(...away, "--json");
    expect(json).toMatchObject({ code: 0, stderr: "" });
    expect(json.stdout).toMatch(/^\{"table":"1-5","state":"[^"]+"(,"text":"[^"]+")?\}\n$/);
    const plain = await tombolo(...away);
    expect(plain.stdout).toMatch(/ \(table 1-5, row 1-5\.[a-z-]+\)\n$/);
  });

  test("takes words in any case, and hyphens for spaces", async () => {
    const exact = await tombolo("map", "moc", "Do Not Disturb", "--to", "cupc-8", "--json");
    expect(await tombolo("map", "MOC", "do-not-disturb", "--to", "Cupc-8", "--json")).toEqual(exact);
    expect(exact.code).toBe(0);
  });

  test("a note goes along, and only then there is a text", async () => {
    const bare = await tombolo("map", "lync", "Available", "--to", "cupc-8", "--json");
    expect(JSON.parse(bare.stdout)).toEqual({ table: "1-5", state: "Available" });
    const noted = await tombolo("map", "lync", "Available", "--text", "In Rome", "--to", "cupc-8", "--json");
    expect(JSON.parse(noted.stdout)).toEqual({ table: "1-5", state: "Available", text: "In Rome" });
  });

  test("a pair without a table is a failure that names the pairs there are", async () => {
    const { code, stdout, stderr } = await tombolo("map", "moc", "Away", "--to", "aim");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^tombolo: no table says how aim sees moc; it says so for .*cupc-8.*\n$/);
  });

  test("lists all fifteen tables, as columns and as JSON", async () => {
    const json = await tombolo("map", "--list", "--json");
    const tables = JSON.parse(json.stdout) as { id: string; rows: unknown[] }[];
    expect(tables.map((table) => table.id)).toEqual(Array.from({ length: 15 }, (_, at) => `1-${at + 1}`));
    const text = (await tombolo("map", "--list")).stdout;
    expect(text.match(/^Table 1-\d+: /gm)).toHaveLength(15);
    expect(text.split("\n").filter((line) => line.startsWith("  "))).toHaveLength(
      tables.reduce((sum, table) => sum + table.rows.length + 1, 0),
    );
  });
});
