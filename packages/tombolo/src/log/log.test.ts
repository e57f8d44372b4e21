import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createLog } from "./log.ts";
import { installKey, KEY_BYTES, keyFileFor, pseudonyms } from "./pseudonym.ts";

const folder = mkdtempSync(join(tmpdir(), "tombolo-log-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const key = new Uint8Array(KEY_BYTES).fill(7);

function capture(level: "debug" | "info" | "error" = "info") {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, log: createLog({ level, node: "gw1", key, stream }) };
}

test("every line is one JSON object with level, time, node and event", () => {
  const { lines, log } = capture();
  log.info("ready", { port: 5061 });
  log.warn("link-down");
  expect(lines).toEqual([
    { level: "info", time: expect.stringMatching(/^\d{4}-.*Z$/), node: "gw1", event: "ready", port: 5061 },
    { level: "warn", time: expect.any(String), node: "gw1", event: "link-down" },
  ]);
});

test("ready is written at whatever level, the rest as the level says, also after it changed", () => {
  const { lines, log } = capture("error");
  log.info("quiet");
  log.notice("ready");
  log.setLevel("info");
  log.info("loud");
  expect(lines.map((line) => line.event)).toEqual(["ready", "loud"]);
  expect([log.isOn("info"), log.isOn("debug")]).toEqual([true, false]);
});

test("above debug no address of a person is in a line, wherever it hides", () => {
  const { lines, log } = capture("debug");
  const anon = log.pseudonym("bob@contoso.example");
  const error = new Error("no dialog with <sip:Bob@contoso.example;transport=tls>");
  log.error("failed", { error, to: ["xmpp:bob@contoso.example/desk"], by: { "bob@contoso.example": 1 } });
  log.debug("seen", { from: "sip:bob@contoso.example" });
  expect(JSON.stringify(lines[0])).not.toMatch(/bob/i);
  expect(lines[0]).toMatchObject({
    error: { message: `no dialog with <${anon};transport=tls>` },
    to: [`${anon}/desk`],
    by: { [anon]: 1 },
  });
  expect(lines[1]).toMatchObject({ from: "sip:bob@contoso.example" });
});

test("fields cannot take the place of the event, and what refers to itself does not end the program", () => {
  const { lines, log } = capture();
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  log.info("real", { event: "forged", loop });
  expect(lines[0]).toMatchObject({ event: "real" });
});

test("a local part in any letters is hidden", () => {
  const { lines, log } = capture();
  const letters = "abcXYZ019.!#$%&*+-=?^_{|}~";
  const local = fc.string({ unit: fc.constantFrom(...letters), minLength: 6, maxLength: 20 });
  fc.assert(
    fc.property(local, (user) => {
      lines.length = 0;
      log.info("x", { text: `from ${user}@contoso.example to you` });
      expect(lines[0]!.text).toMatch(/^from anon-[0-9a-f]{12} to you$/);
    }),
  );
});

test("one person has one pseudonym, however the address is written; another key gives another", () => {
  const pseudonym = pseudonyms(key);
  const same = [
    "bob@contoso.example",
    "sip:Bob@Contoso.example",
    "sips:bob@contoso.example:5061;transport=tls",
    "bob@contoso.example/desk@home",
    "sip:bob@contoso.example?x=y",
  ].map(pseudonym);
  expect(new Set(same).size).toBe(1);
  expect(same[0]).toMatch(/^anon-[0-9a-f]{12}$/);
  expect(pseudonym("bob@fabrikam.example")).not.toBe(same[0]);
  expect(pseudonyms(new Uint8Array(KEY_BYTES))("bob@contoso.example")).not.toBe(same[0]);
});

test("the key is made once, for this user only, beside the store", () => {
  const file = keyFileFor({ kind: "sqlite", path: join(folder, "var/tombolo.db") }, "/etc/tombolo.yaml");
  expect(file).toBe(join(folder, "var/log-key"));
  expect(keyFileFor({ kind: "redis", url: "redis://x" }, "/etc/t/tombolo.yaml")).toBe("/etc/t/var/log-key");
  const first = installKey(file);
  expect(first).toMatchObject({ trouble: undefined });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(Buffer.from(installKey(file).key)).toEqual(Buffer.from(first.key));
  expect(readFileSync(file, "utf8").trim()).toHaveLength(2 * KEY_BYTES);
});

test("where no key can be kept, one serves for this run, and the trouble is said", () => {
  const blocked = join(folder, "file");
  writeFileSync(blocked, "x");
  expect(installKey(join(blocked, "log-key"))).toMatchObject({ trouble: expect.stringContaining("log-key") });
  const short = join(folder, "short");
  writeFileSync(short, "abcd");
  const { key: used, trouble } = installKey(short);
  expect(trouble).toMatch(/holds no key/);
  expect(used).toHaveLength(KEY_BYTES);
});
