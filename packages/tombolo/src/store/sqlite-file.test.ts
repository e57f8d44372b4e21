import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { testFolder } from "../../test/store/folder.ts";
import { message } from "../../test/store/records.ts";
import type { FlatChanges } from "./change-queue.ts";
import { SCHEMA_VERSION } from "./migrations.ts";
import { SqliteFile } from "./sqlite-file.ts";
import { StoreError, type StoreFault } from "./store-error.ts";

function open(path: string, maxBytes?: number): SqliteFile {
  const file = new SqliteFile({ path, busyWaitMs: 50, ...(maxBytes !== undefined && { maxBytes }) });
  onTestFinished(() => {
    try {
      file.close();
    } catch {
      // Closed by the test.
    }
  });
  return file;
}

/** What opening or writing says. */
function faultOf(action: () => unknown): { fault: StoreFault; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof StoreError) return { fault: error.fault, message: error.message };
    throw error;
  }
  throw new Error("it worked");
}

function write(file: SqliteFile, ...changes: FlatChanges): void {
  file.write({ changes, survivesPowerLoss: false, isLast: true });
}

/** A store with some hundred messages, closed. */
function filled(path: string): void {
  const file = open(path);
  for (let n = 0; n < 300; n += 1)
    write(file, "message", `m${n}`, JSON.stringify(message(`m${n}`, "x".repeat(500))));
  file.close();
}

test("folder and files are made for this user only, and the messages in them stay theirs", () => {
  const path = join(testFolder(), "var/lib/tombolo.db");
  write(open(path), "message", "m1", "{}");
  expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
  for (const name of ["", "-wal", "-shm", ".lock"]) expect(statSync(path + name).mode & 0o777).toBe(0o600);
});

test("a file of a newer version is named and not touched", () => {
  const path = join(testFolder(), "t.db");
  filled(path);
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  db.close();
  const before = readFileSync(path);
  const { fault, message: text } = faultOf(() => open(path));
  expect(fault).toBe("newer");
  expect(text).toBe(
    `store ${path}: its schema is ${SCHEMA_VERSION + 1}, this version knows ${SCHEMA_VERSION}; it was written by a newer ` +
      "version of Tombolo; run that version, or name another store.path",
  );
  expect(readFileSync(path)).toEqual(before);
});

test.each<[what: string, fault: StoreFault, harm: (path: string) => void]>([
  ["cut in the middle", "damaged", (path) => truncateSync(path, 4096 * 10)],
  ["cut in its header", "damaged", (path) => truncateSync(path, 60)],
  ["with noise in a page", "damaged", (path) => overwrite(path, 4096 * 20, 4096)],
  ["with noise in its header", "foreign", (path) => overwrite(path, 0, 100)],
  ["that is a text", "foreign", (path) => writeFileSync(path, "hello")],
  ["of another program", "foreign", anotherProgram],
  ["that is a folder", "foreign", (path) => renameSync(path, `${path}.old`) ?? mkdirSync(path)],
])("a file %s is refused with a clear word and kept", (_, fault, harm) => {
  const path = join(testFolder(), "t.db");
  filled(path);
  harm(path);
  const isFile = statSync(path).isFile();
  const before = isFile ? readFileSync(path) : undefined;
  const said = faultOf(() => open(path));
  expect(said.fault).toBe(fault);
  expect(said.message).toMatch(/^store .*t\.db: .+; .+$/s);
  if (isFile) expect(readFileSync(path)).toEqual(before);
});

function overwrite(path: string, at: number, length: number): void {
  const bytes = readFileSync(path);
  for (let n = at; n < at + length; n += 1) bytes[n] = (n * 131 + 7) & 0xff;
  writeFileSync(path, bytes);
}

function anotherProgram(path: string): void {
  const other = `${path}.other`;
  const db = new DatabaseSync(other);
  db.exec("CREATE TABLE t (x)");
  db.close();
  copyFileSync(other, path);
}

test("a file that another process has is refused, and free again when that one is killed", async () => {
  const path = join(testFolder(), "t.db");
  const source = `
    import { SqliteFile } from ${JSON.stringify(new URL("./sqlite-file.ts", import.meta.url).href)};
    globalThis.file = new SqliteFile({ path: ${JSON.stringify(path)} });
    console.log("open");
    setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ["--input-type=module", "-e", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void other.kill("SIGKILL"));
  await once(other.stdout, "data");
  expect(faultOf(() => open(path))).toEqual({
    fault: "locked",
    message: expect.stringContaining(
      "another process uses it; stop that one, or give this one a store.path of its own",
    ),
  });
  other.kill("SIGKILL");
  await once(other, "exit");
  write(open(path), "message", "m1", "{}");
});

test("two stores of one process do not share a file either", () => {
  const path = join(testFolder(), "t.db");
  open(path);
  expect(faultOf(() => open(path)).fault).toBe("locked");
});

test("an administrator's shell may read while the store is open; its lock on writing is reported and passes", () => {
  const path = join(testFolder(), "t.db");
  const file = open(path);
  write(file, "message", "m1", "{}");
  const shell = new DatabaseSync(path);
  onTestFinished(() => shell.close());
  expect(shell.prepare("SELECT count(*) AS n FROM messages").get()).toEqual({ n: 1 });
  shell.exec("BEGIN IMMEDIATE");
  expect(faultOf(() => write(file, "message", "m2", "{}")).fault).toBe("locked");
  shell.exec("ROLLBACK");
  write(file, "message", "m2", "{}");
  expect(file.read("message", 0).records).toHaveLength(2);
});

test("a file that may only be read is refused, with the cure", () => {
  const folder = testFolder();
  const path = join(folder, "t.db");
  filled(path);
  chmodSync(path, 0o400);
  const source = `
    import { SqliteFile } from ${JSON.stringify(new URL("./sqlite-file.ts", import.meta.url).href)};
    try { new SqliteFile({ path: ${JSON.stringify(path)} }); console.log("open"); }
    catch (error) { console.log(error.fault + ": " + error.message); }`;
  // Root may write everything, so that somebody else has to try.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chmodSync(folder, 0o755);
  if (isRoot) chmodSync(path, 0o444);
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", source], {
    encoding: "utf8",
    cwd: "/",
    ...(isRoot && { uid: 65_534, gid: 65_534 }),
  });
  expect(said).toMatch(/^forbidden: store .*; give the user that Tombolo runs as the right to write it/);
});

test("a full file takes nothing of a transaction, and takes the next one when there is room again", () => {
  const path = join(testFolder(), "t.db");
  const file = open(path, 4096 * 66);
  write(file, "message", "first", JSON.stringify("x".repeat(100_000)));
  const part = { survivesPowerLoss: false };
  file.write({ ...part, changes: ["message", "second", '"small"'], isLast: false });
  const tooMuch: FlatChanges = ["message", "third", JSON.stringify("x".repeat(200_000))];
  expect(faultOf(() => file.write({ ...part, changes: tooMuch, isLast: true }))).toEqual({
    fault: "disk-full",
    message: expect.stringContaining("make room on the disk"),
  });
  expect(file.read("message", 0).records).toHaveLength(1);
  write(file, "message", "first", null);
  write(file, ...tooMuch);
  expect(file.read("message", 0).records).toEqual([tooMuch[2]]);
});

test("a transaction that breaks off leaves nothing behind", () => {
  const file = open(join(testFolder(), "t.db"));
  const part = { survivesPowerLoss: true, isLast: false };
  file.write({ ...part, changes: ["message", "m1", "{}"] });
  expect(() => file.write({ ...part, changes: ["message", "m2", "{}", "no kind", "m3", "{}"] })).toThrow(
    StoreError,
  );
  expect(file.read("message", 0).records).toEqual([]);
  write(file, "message", "m4", '"4"');
  expect(file.read("message", 0).records).toEqual(['"4"']);
});

test("a file that was moved away is noticed before the next transaction is lost in it", () => {
  const path = join(testFolder(), "t.db");
  const file = open(path);
  write(file, "message", "m1", "{}");
  renameSync(path, `${path}.old`);
  expect(faultOf(() => write(file, "message", "m2", "{}")).fault).toBe("gone");
  expect(existsSync(path)).toBe(false);
});
