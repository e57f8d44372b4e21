/** The tour of scripts/quickstart: a whole federation on loopback, shown as a ladder and verified. */
import { join } from "node:path";
import { ALICE, BOB, type Lab, SIP_DOMAIN, startLab, XMPP_DOMAIN } from "../src/lab.ts";
import { Ladder } from "./ladder.ts";
import { sipLine, stanzaLine } from "./show.ts";
import { PARTS } from "./steps.ts";

const ROOT = join(import.meta.dirname, "../../..");
const once = process.argv.includes("--once");

const ladder = new Ladder((line) => console.log(line), process.stdout.isTTY === true);
process.exitCode = await tour();

async function tour(): Promise<number> {
  ladder.title(
    `A federation between ${XMPP_DOMAIN} (XMPP) and ${SIP_DOMAIN} (a Lync-style partner), on loopback`,
  );
  let lab: Lab;
  try {
    lab = await startLab({
      dir: join(ROOT, ".tombolo/quickstart"),
      root: ROOT,
      say: (text) => ladder.pass(text),
    });
  } catch (error) {
    ladder.fail(`could not start: ${(error as Error).message}`);
    return 1;
  }
  const interrupted = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  try {
    draw(lab);
    const failed = await runParts(lab);
    if (failed !== undefined) return failed;
    if (!once) await stayUp(lab, interrupted);
    return 0;
  } finally {
    await lab.stop();
  }
}

/** Every stanza of alice's client and every SIP message of the partner's edge, as it happens. */
function draw(lab: Lab): void {
  ladder.title("");
  ladder.heads(ALICE, "Tombolo", `${BOB} behind sip.${SIP_DOMAIN}`);
  lab.alice.onStanza = (stanza, direction) => {
    const line = stanzaLine(stanza, SIP_DOMAIN, direction === "sent");
    if (line) ladder.xmpp(direction === "sent" ? "right" : "left", line);
  };
  lab.edge.onSeen = (seen) => {
    const { arrow, text } = sipLine(seen);
    ladder.sip(arrow, text);
  };
}

async function runParts(lab: Lab): Promise<number | undefined> {
  const started = performance.now();
  for (const part of PARTS) {
    ladder.title(part.title);
    try {
      await part.run(lab, ladder);
    } catch (error) {
      ladder.fail(`${part.title}: ${(error as Error).message}`);
      ladder.say(`The log is ${join(lab.dir, "tombolo.log")}`);
      return 1;
    }
  }
  const faults = lab.edge.faults();
  if (faults.length > 0) {
    ladder.fail(`the partner's edge found faults in what it was sent:\n${faults.join("\n")}`);
    return 1;
  }
  ladder.title(`All four parts work (${((performance.now() - started) / 1000).toFixed(0)} s).`);
  ladder.pass("the partner's edge checked every message it was sent and found no fault");
  return undefined;
}

async function stayUp(lab: Lab, interrupted: Promise<void>): Promise<void> {
  ladder.title("Everything stays up until you press Ctrl-C.");
  ladder.say(`Console        ${lab.adminUrl}/`);
  ladder.say(`Metrics        ${lab.adminUrl}/metrics`);
  ladder.say(`Configuration  ${join(lab.dir, "tombolo.yaml")}`);
  ladder.say(
    `An XMPP client can log in as ${ALICE}, password wonderland, on 127.0.0.1:${lab.server.c2sPort} (no TLS).`,
  );
  await Promise.race([interrupted, new Promise((resolve) => lab.tombolo.once("exit", resolve))]);
}
