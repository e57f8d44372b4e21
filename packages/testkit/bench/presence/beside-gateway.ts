/**
 * Tombolo beside Kamailio's presence gateway (`pua_xmpp`), in turns: NOTIFY to XMPP presence and XMPP presence to NOTIFY.
 *
 * The gateway publishes each stanza at its own presence server, for all who watch the user, whomever the stanza was for. So
 * a user who is watched by one SIP user is the case in which both do the same; a second figure is for users with several
 * watchers, each of whom an XMPP server tells by a stanza of its own.
 */
import { join } from "node:path";
import { createAuthority } from "../../src/pki.ts";
import { cpuSeconds, processTree } from "../../src/process-figures.ts";
import type { RealProcess } from "../../src/real-process.ts";
import { Child } from "../edge/child.ts";
import { printTable, spread } from "../edge/table.ts";
import { PARTNER_NAME, SECRET, startTombolo } from "../ends/tombolo.ts";
import { startKamailioPresenceGateway } from "./kamailio-presence-gateway.ts";
import { CONTACTS, type Watchers, type WatchOrder, type WatchReport } from "./protocol.ts";

const CHANGES = 10_000;
const WINDOW = 64;
/** Tombolo tells a SIP watcher at most every five seconds: as many dialogs as changes. */
const DIALOGS = 10_000;
const NOTIFY_INTERVAL_MS = 5_300;
/** Dialogs in which no user is watched by two. */
const ALONE = 37 * CONTACTS;
/** Dialogs in which a user is watched by ten at most: one stanza each leads to 6.7 NOTIFYs on average. */
const TOGETHER = 370 * CONTACTS;
const TOLD_TOGETHER = 6.7;
/** Of that, fewer changes. */
const CHANGES_TOGETHER = 2_000;
const MAX_FAILED = 0.02;
/** Longest wait for a subject after its dialogs were opened, s. */
const MAX_SETTLING_S = 60;

/** The gateway has one component, so it is started for each domain. */
interface Subject {
  readonly process: RealProcess & { readonly port: number };
  readonly domain: string;
  readonly watchers: Watchers;
  readonly dialogs: number;
  /** Dialogs that are opened at once. */
  readonly opening: number;
  /** In one run. */
  readonly changes: number;
}

interface Subjects {
  readonly toXmpp: Subject;
  readonly toSip: Subject;
  readonly puaToXmpp: Subject;
  readonly puaToSip: Subject;
  readonly puaToMany: Subject;
}

interface Figures {
  /** CPU of the subject's processes for 10,000, s. */
  readonly cpu: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Until it has done what it was asked: the gateway goes on for long after the last answer. */
async function settled(pid: number): Promise<void> {
  const IDLE_S = 0.03;
  const used = () => cpuSeconds(processTree(pid));
  let before = used();
  for (let seconds = 0; seconds < MAX_SETTLING_S; seconds++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const now = used();
    if (now - before <= IDLE_S) return;
    before = now;
  }
}

/** Prints the comparison. @param store file of Tombolo's store */
export async function besideGateway(store: string, rounds: number): Promise<void> {
  const ends = new Child(join(import.meta.dirname, "ends.ts"), ["--max-old-space-size=2048"]);
  const stops: (() => Promise<void>)[] = [() => ends.stop()];
  const ask = async (order: WatchOrder) => {
    const report = await ends.ask<WatchReport>(order);
    if (report.kind === "failed") throw new Error(report.why);
    return report;
  };
  try {
    const authority = createAuthority({ name: "bench" });
    const issue = (name: string) => authority.issue({ commonName: name, dns: [name] });
    const ca = authority.cert;
    const opened = await ask({ kind: "open", identity: { credentials: issue(PARTNER_NAME), ca } });
    if (opened.kind !== "open") throw new Error("the ends did not open");
    const own = { credentials: issue("sip.example.com"), ca };
    const partners = ["watched.example", "watching.example"].map((domain) => ({ domain, profile: "lync" }));
    const around = { sip: opened.sip.tls, component: opened.component };
    const tombolo = await startTombolo({ own, ...around, partners, store });
    stops.push(() => tombolo.stop());
    const gateway = async (domain: string): Promise<Subject["process"]> => {
      const component = { port: opened.component, domain, secret: SECRET };
      const options = { ...own, sip: around.sip, component, name: PARTNER_NAME };
      const process = await startKamailioPresenceGateway(options);
      stops.push(() => process.stop());
      return process;
    };
    const usual = { dialogs: DIALOGS, opening: WINDOW, changes: CHANGES };
    const ours = (watchers: Watchers, domain: string): Subject => ({
      ...{ process: tombolo, domain, watchers },
      ...usual,
    });
    const theirs = async (watchers: Watchers, domain: string, more: Partial<Subject>): Promise<Subject> => ({
      ...{ process: await gateway(domain), domain, watchers },
      ...{ ...usual, ...more },
    });
    const subjects: Subjects = {
      toXmpp: ours("xmpp", "watched.example"),
      toSip: ours("sip", "watching.example"),
      puaToXmpp: await theirs("xmpp", "pua-one.example", {}),
      // Several SUBSCRIBEs at once find its database locked and are answered 500.
      puaToSip: await theirs("sip", "pua-two.example", { dialogs: ALONE, opening: 1 }),
      puaToMany: await theirs("sip", "pua-three.example", {
        ...{ dialogs: TOGETHER, opening: 1, changes: CHANGES_TOGETHER },
      }),
    };
    const run = async (subject: Subject, kind: "watch" | "change"): Promise<Figures> => {
      const { process, domain, watchers } = subject;
      const isOpening = kind === "watch";
      const count = isOpening ? subject.dialogs : subject.changes;
      const window = isOpening ? subject.opening : WINDOW;
      await ask({ kind: "connect", transport: "tls", port: process.port });
      const tree = processTree(process.pid);
      const before = cpuSeconds(tree);
      const figures = await ask({ kind, watchers, domain, first: 0, count, window });
      const used = cpuSeconds(tree) - before;
      if (figures.kind !== "figures") throw new Error("no figures");
      const { done, failures, seconds, p50, p99, example } = figures;
      if (!process.isRunning) throw new Error(`it ended by itself: ${process.output().slice(-500)}`);
      if (failures > count * MAX_FAILED) throw new Error(`${domain}: ${failures} failed, e.g. ${example}`);
      return { cpu: (used / done) * 10_000, perSecond: done / seconds, p50, p99 };
    };
    const all = [subjects.toXmpp, subjects.puaToXmpp, subjects.toSip, subjects.puaToSip, subjects.puaToMany];
    for (const subject of all) {
      await run(subject, "watch");
      await settled(subject.process.pid);
    }
    const seen = new Map<Subject, Figures[]>(all.map((subject) => [subject, []]));
    // The first round is for the compilers.
    for (let round = 0; round <= rounds; round++) {
      const started = performance.now();
      for (const subject of all) {
        const figures = await run(subject, "change");
        if (round > 0) seen.get(subject)!.push(figures);
      }
      const pause = NOTIFY_INTERVAL_MS - (performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, pause)));
    }
    print(subjects, seen);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

function print(
  { toXmpp, toSip, puaToXmpp, puaToSip, puaToMany }: Subjects,
  seen: ReadonlyMap<Subject, readonly Figures[]>,
): void {
  const row = (what: string, subject: Subject, beside?: Subject): string[] => {
    const figures = seen.get(subject)!;
    const other = beside && seen.get(beside)!;
    const of = (key: keyof Figures, digits: number) =>
      spread(
        figures.map((one) => one[key]),
        digits,
      );
    const ratio = other
      ? spread(
          figures.map(({ cpu }, at) => cpu / other[at]!.cpu),
          2,
        )
      : "";
    return [what, of("cpu", 3), ratio, of("perSecond", 0), of("p50", 2), of("p99", 1)];
  };
  printTable(
    `changes of state beside Kamailio's pua_xmpp, ${WINDOW} under way`,
    ["what", "CPU s per 10k", "x pua_xmpp", "changes/s", "p50 ms", "p99 ms"],
    [
      row("Tombolo: NOTIFY -> XMPP presence", toXmpp, puaToXmpp),
      row("pua_xmpp: the same", puaToXmpp),
      row("Tombolo: XMPP presence -> NOTIFY", toSip, puaToSip),
      row("pua_xmpp: the same, users with one watcher", puaToSip),
      row(`pua_xmpp: a stanza, ${TOLD_TOGETHER} watchers told`, puaToMany),
    ],
  );
}
