/**
 * The time one instant message spends on its way, one message at a time on an otherwise idle loopback federation: real
 * Prosody, real Tombolo, simulated Access Edge over mutual TLS. Beside it, in the same run, the same text between two
 * XMPP users of the same Prosody: the difference is what Tombolo, two TLS hops of the partner and the barrier add.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALICE, BOB, startLab } from "../src/lab.ts";
import { XmppClient } from "../src/xmpp-client.ts";

const ROOT = join(import.meta.dirname, "../../..");
const WARM_UP = 200;
const COUNT = Number(process.argv[2] ?? 1000);
/** Messages between switching subjects, so that all see the same machine. */
const BLOCK = 50;

const dir = mkdtempSync(join(tmpdir(), "tombolo-latency-"));
const lab = await startLab({ dir, root: ROOT, say: () => {} });
const carol = await XmppClient.login({
  jid: ALICE,
  password: "wonderland",
  resource: "second",
  port: lab.server.c2sPort,
  available: false,
});
try {
  const rss = residentMiB(lab.tombolo.pid!);
  const conversation = await lab.edge.sendIm(ALICE, "hello");
  await lab.alice.waitForMessage({ from: BOB, body: "hello" });

  const subjects = [
    subject("XMPP user to XMPP user, same server (baseline)", async (text) => {
      const came = lab.alice.waitFor((stanza) => stanza.getChildText("body") === text, { what: text });
      carol.message(lab.alice.fullJid, text);
      await came;
    }),
    subject("SIP to XMPP: MESSAGE sent until alice has the stanza", async (text) => {
      const came = lab.alice.waitFor((stanza) => stanza.getChildText("body") === text, { what: text });
      const answered = conversation.send(text);
      await came;
      return answered;
    }),
    subject("SIP to XMPP: MESSAGE sent until its 200 (server has it)", async (text) => {
      await conversation.send(text);
    }),
    subject("XMPP to SIP: stanza sent until bob has the MESSAGE", async (text) => {
      const came = conversation.waitForText(text);
      lab.alice.message(BOB, text);
      await came;
    }),
  ];
  for (let i = 0; i < WARM_UP; i++) for (const one of subjects) await one.run(`w${i}`, false);
  for (let done = 0; done < COUNT; done += BLOCK) {
    for (const one of subjects) for (let i = 0; i < BLOCK; i++) await one.run(`t${done + i}`, true);
  }
  console.log(`${COUNT} messages each, one at a time, in turns of ${BLOCK}; milliseconds`);
  for (const one of subjects) console.log(`p50 ${one.at(0.5)}  p99 ${one.at(0.99)}  ${one.name}`);
  console.log(`resident memory of Tombolo: ${rss} MiB after start, ${residentMiB(lab.tombolo.pid!)} MiB now`);
} finally {
  await carol.stop();
  await lab.stop();
  rmSync(dir, { recursive: true, force: true });
}

function subject(name: string, send: (text: string) => Promise<Promise<unknown> | undefined | unknown>) {
  const times: number[] = [];
  return {
    name,
    async run(tag: string, counts: boolean): Promise<void> {
      const started = performance.now();
      const rest = await send(`${name.slice(0, 3)} ${tag} ${Math.random()}`);
      if (counts) times.push(performance.now() - started);
      await rest;
    },
    at(share: number): string {
      const sorted = [...times].sort((a, b) => a - b);
      return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(2).padStart(6);
    },
  };
}

/** Resident set of a process, MiB, from /proc. */
function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}
