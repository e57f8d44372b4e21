/** What an administrator reads when the configuration is wrong: one sentence with file and line, and never a stack trace. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createInstall, type Install } from "../install.ts";
import { ROOT } from "./real-lab.ts";

const DAY_MS = 86_400_000;

let install: Install;
beforeAll(() => {
  install = createInstall();
});
afterAll(() => install.remove());

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function tombolo(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(join(ROOT, "scripts/tombolo"), args, (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** A good file with these edits that opens no port of a fixed number. */
function file(...edits: readonly (readonly [string, string])[]): string {
  return install.config(["listen: 127.0.0.1:5061", "listen: 127.0.0.1:0"], ...edits);
}

const rows: readonly [what: string, write: () => string, says: RegExp][] = [
  [
    "a bracket that is not closed",
    () => file(["domains: [example.com]", "domains: [example.com"]),
    /tombolo\.yaml:\d+: error: /,
  ],
  [
    "an unknown key",
    () => file(["profile: lync", "profil: lync"]),
    /tombolo\.yaml:16: error: unknown key 'profil'.*did you mean 'profile'/,
  ],
  [
    "a number where a list stands",
    () => file(["names: [sip.contoso.example]", "names: 7"]),
    /tombolo\.yaml:18: error: /,
  ],
  [
    "a certificate of our own that has expired",
    () => {
      const past = (days: number) => new Date(Date.now() - days * DAY_MS);
      install.certificate("old", { notBefore: past(400), notAfter: past(2) });
      return file(["pki/edge.crt", "pki/old.crt"], ["pki/edge.key", "pki/old.key"]);
    },
    /tombolo\.yaml:6: error: .*expired/,
  ],
  [
    "a certificate that does not name what we advertise",
    () => {
      install.certificate("other", { commonName: "other.example.com", dns: ["other.example.com"] });
      return file(["pki/edge.crt", "pki/other.crt"], ["pki/edge.key", "pki/other.key"]);
    },
    /tombolo\.yaml:\d+: error: .*sip\.example\.com/,
  ],
  [
    "a key of another certificate",
    () => {
      install.certificate("fresh", { freshKey: true });
      return file(["pki/edge.key", "pki/fresh.key"]);
    },
    /tombolo\.yaml:\d+: error: .*key/,
  ],
  [
    "a secret that is not there",
    () => file(["secrets/xmpp", "secrets/missing"]),
    /tombolo\.yaml:13: error: .*secrets\/missing/,
  ],
  ["no such file", () => join(install.folder, "nowhere.yaml"), /nowhere\.yaml.*error: /],
];

describe("run refuses before anything starts", () => {
  test.each(rows)("%s", async (_, write, says) => {
    const { status, stdout, stderr } = await tombolo("run", "-c", write());
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/^\s+at |node:internal|s3cret/m);
    for (const line of stderr.trimEnd().split("\n")) expect(line).toMatch(/(error|warning): \S.*; \S/);
  });

  test("the SIP port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { status, stderr } = await tombolo(
      "run",
      "-c",
      file(["listen: 127.0.0.1:0", `listen: 127.0.0.1:${port}`]),
    );
    other.close();
    expect(status).toBe(1);
    expect(stderr).toBe(
      `tombolo: cannot listen on 127.0.0.1:${port} (edge.outside.listen): another program uses this port; stop it or choose another port\n`,
    );
  });

  test("wrong usage is another exit code", async () => {
    for (const args of [["run"], ["frobnicate"], ["run", "-c", file(), "--nonsense"]]) {
      const { status, stdout, stderr } = await tombolo(...args);
      expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: "" });
      expect(stderr).toMatch(/^(tombolo|error): \S/);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  });
});
