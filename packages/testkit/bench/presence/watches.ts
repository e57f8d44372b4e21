/** Presence dialogs as both ends see them: opened, and kept for the changes that follow. */
import { presenceBody } from "../../src/access-edge/presence-body.ts";
import { headerIn } from "../edge/sip-stream.ts";
import type { SipEnd, SipPorts, SipText } from "../ends/sip-end.ts";
import {
  answerTo,
  branchIn,
  type DialogSide,
  newBranch,
  requestIn,
  routesIn,
  uriIn,
} from "../ends/sip-text.ts";
import { attributeOf } from "../ends/stanza-stream.ts";
import type { Writer } from "../ends/writer.ts";
import { jidOf, type XmppEnd } from "../ends/xmpp-end.ts";
import { AUDIENCE, CONTACTS, type WatchFigures, type WatchRun } from "./protocol.ts";

/** A run ends when nothing came for so long, ms: a NOTIFY may be held back for five seconds. */
const STALLED_MS = 15_000;
const PIDF = "application/pidf+xml";
/** Lifetime of every dialog, s. */
const EXPIRES = 7_200;
const SUBSCRIBE = `Event: presence\r\nAccept: ${PIDF}\r\nExpires: ${EXPIRES}\r\n`;

/** One watcher of one user. */
interface Watch {
  /** Numbers of the XMPP user and the SIP user. */
  readonly xmpp: number;
  readonly sip: number;
  dialog: DialogSide | undefined;
  line: Writer | undefined;
  /** When its lifetime began anew. */
  refreshedAt: number;
  isAway: boolean;
  /** When what it waits for began; undefined while it waits for nothing. */
  since: number | undefined;
}

/** All dialogs of one kind with one subject. */
export class Watches {
  readonly #domain: string;
  readonly #kind: WatchRun["watchers"];
  readonly #sip: SipEnd;
  readonly #xmpp: XmppEnd;
  readonly #ports: SipPorts;
  readonly #transport: "tls" | "tcp";
  /** By pair of numbers, and in the order in which they were opened. */
  readonly #byPair = new Map<number, Watch>();
  readonly #all: Watch[] = [];
  /** Watches by the branch of our request that is not answered yet. */
  readonly #asked = new Map<string, Watch>();
  /** Those about which the subject has asked since `forgetQuestions`. */
  readonly #questions = new Set<Watch>();
  #run: Progress | undefined;

  constructor(
    { watchers, domain }: WatchRun,
    around: {
      readonly sip: SipEnd;
      readonly xmpp: XmppEnd;
      readonly ports: SipPorts;
      readonly transport: "tls" | "tcp";
    },
  ) {
    this.#kind = watchers;
    this.#domain = domain;
    this.#sip = around.sip;
    this.#xmpp = around.xmpp;
    this.#ports = around.ports;
    this.#transport = around.transport;
  }

  get domain(): string {
    return this.#domain;
  }

  get questions(): number {
    return this.#questions.size;
  }

  forgetQuestions(): void {
    this.#questions.clear();
  }

  open(run: WatchRun): Promise<WatchFigures> {
    return this.#work(run, (at) => {
      const watch = this.#make(at);
      if (this.#kind === "xmpp")
        this.#xmpp.send(watch.xmpp, "presence", this.#bob(watch), " type='subscribe'", "");
      else this.#subscribe(watch);
    });
  }

  change(run: WatchRun): Promise<WatchFigures> {
    if (this.#kind === "server") return this.#publish(run);
    return this.#work(run, (at) => {
      const watch = this.#all[at % this.#all.length]!;
      watch.since = performance.now();
      watch.isAway = !watch.isAway;
      if (this.#kind === "xmpp") this.#notify(watch);
      else
        this.#xmpp.send(
          watch.xmpp,
          "presence",
          this.#bob(watch),
          "",
          watch.isAway ? "<show>away</show>" : "",
        );
    });
  }

  onRequest({ head, line }: SipText): void {
    const method = head.slice(0, head.indexOf(" "));
    const watch = this.#watchIn(head);
    if (method === "SUBSCRIBE" && watch) this.#accept(watch, head, line);
    else {
      line.write(answerTo(head, "200 OK", "t"));
      if (method === "NOTIFY" && watch) this.#notified(watch, head);
    }
  }

  onAnswer({ head }: SipText): void {
    const branch = branchIn(head);
    const watch = this.#asked.get(branch);
    if (!watch || head.startsWith("SIP/2.0 1")) return;
    this.#asked.delete(branch);
    if (!head.startsWith("SIP/2.0 2")) this.#run?.fail(watch, head.slice(0, head.indexOf("\r\n")));
  }

  onStanza(name: string, stanza: string): void {
    if (name !== "presence") return;
    const type = attributeOf(stanza, "type");
    const xmpp = numberIn(attributeOf(stanza, "to"), "alice");
    const sip = numberIn(attributeOf(stanza, "from"), "bob");
    if (this.#kind === "sip") this.#answerFor(type, xmpp, sip);
    else if (type === "") this.#came(this.#byPair.get(keyOf(xmpp, sip)));
  }

  /** A SIP user wants to see an XMPP user: allowed, and shown at once. */
  #answerFor(type: string, xmpp: number, sip: number): void {
    const watch = this.#byPair.get(keyOf(xmpp, sip));
    if (!watch || (type !== "subscribe" && type !== "probe")) return;
    this.#questions.add(watch);
    if (type === "subscribe") this.#xmpp.send(xmpp, "presence", this.#bob(watch), " type='subscribed'", "");
    this.#xmpp.send(xmpp, "presence", this.#bob(watch), "", watch.isAway ? "<show>away</show>" : "");
  }

  #bob({ sip }: Watch): string {
    return `bob${sip}@${this.#domain}`;
  }

  /** Each user watches ten others, of as many users as there are. */
  #make(at: number): Watch {
    const watcher = Math.floor(at / CONTACTS);
    const watched = this.#kind === "server" ? Math.floor(at / AUDIENCE) : watcher + (at % CONTACTS) * 37 + 1;
    const [xmpp, sip] = this.#kind === "xmpp" ? [watcher, watched] : [watched, watcher];
    // Watchers of one user of a presence server are all different.
    const own = this.#kind === "server" ? at : sip;
    const watch = {
      xmpp,
      sip: own,
      dialog: undefined,
      line: undefined,
      refreshedAt: 0,
      isAway: false,
      since: performance.now(),
    };
    this.#byPair.set(keyOf(xmpp, own), watch);
    this.#all[at] = watch;
    return watch;
  }

  #watchIn(head: string): Watch | undefined {
    const [from, to] = [headerIn(head, "From"), headerIn(head, "To")];
    const isOurs = from.includes("sip:alice");
    const xmpp = numberIn(isOurs ? from : to, "alice");
    return this.#byPair.get(keyOf(xmpp, numberIn(isOurs ? to : from, "bob")));
  }

  get #host(): string {
    return `sip.${this.#domain}`;
  }

  #subscribe(watch: Watch): void {
    const alice =
      this.#kind === "server" ? `sip:alice${watch.xmpp}@${this.#domain}` : `sip:${jidOf(watch.xmpp)}`;
    const side = {
      callId: `${newBranch()}-0b1cfe2adc0b4e5b@bench`,
      from: `<sip:bob${watch.sip}@${this.#domain}>;tag=5c2b1a0f9e`,
      to: `<${alice}>`,
      target: alice,
      routes: "",
      cseq: 0,
    };
    const port = this.#ports[this.#transport];
    const contact = `Contact: <sip:bob${watch.sip}@127.0.0.1:${port};transport=${this.#transport}>\r\n`;
    this.#ask(watch, this.#sip.line(), side, "SUBSCRIBE", `${contact}${SUBSCRIBE}`);
  }

  /** An XMPP user wants to see a SIP user: 200, and a first NOTIFY right behind it. */
  #accept(watch: Watch, head: string, line: Writer): void {
    const contact = `Contact: <sip:bob${watch.sip}@127.0.0.1>\r\nExpires: ${EXPIRES}\r\n`;
    line.write(answerTo(head, "202 Accepted", "t", contact));
    this.#questions.add(watch);
    watch.line = line;
    watch.refreshedAt = performance.now();
    if (watch.dialog?.callId !== headerIn(head, "Call-ID")) watch.dialog = this.#dialogIn(head);
    this.#notify(watch);
  }

  #dialogIn(head: string): DialogSide {
    return {
      callId: headerIn(head, "Call-ID"),
      from: `${headerIn(head, "To")};tag=t`,
      to: headerIn(head, "From"),
      target: uriIn(head, "Contact"),
      routes: routesIn(head, false),
      cseq: 0,
    };
  }

  #notify(watch: Watch): void {
    const bob = `bob${watch.sip}@${this.#domain}`;
    const body = presenceBody(bob, "Bob", watch.isAway ? "Away" : "Available");
    // What is left, as notifiers count it down: one that rises with each NOTIFY would be a refresh each time.
    const left = EXPIRES - Math.floor((performance.now() - watch.refreshedAt) / 1000);
    const headers =
      `Event: presence\r\nSubscription-State: active;expires=${left}\r\n` +
      `Contact: <sip:bob${watch.sip}@127.0.0.1>\r\n`;
    const line = watch.line?.isOpen ? watch.line : this.#sip.line();
    this.#ask(watch, line, watch.dialog!, "NOTIFY", headers, PIDF, body);
  }

  #ask(
    watch: Watch,
    line: Writer,
    side: DialogSide,
    method: string,
    extra: string,
    type = "",
    body = "",
  ): void {
    const branch = newBranch();
    this.#asked.set(branch, watch);
    line.write(requestIn(side, method, branch, this.#host, this.#transport, extra, type, body));
  }

  #notified(watch: Watch, head: string): void {
    const state = headerIn(head, "Subscription-State");
    // A presence server without anything published says active at once; Tombolo has asked alice's server first.
    if (state.startsWith("active")) this.#came(watch);
    else if (state.startsWith("terminated")) this.#run?.fail(watch, state);
  }

  #came(watch: Watch | undefined): void {
    if (watch) this.#run?.done(watch);
  }

  #work(run: WatchRun, begin: (at: number) => void): Promise<WatchFigures> {
    return new Promise((resolve) => {
      this.#run = new Progress(run, begin, resolve);
    });
  }

  /** One PUBLISH for each watched user: the server tells all who watch. `window` PUBLISHes at once. */
  #publish(run: WatchRun): Promise<WatchFigures> {
    const users = Math.floor(run.count / AUDIENCE);
    let next = 0;
    let open = 0;
    return new Promise((resolve) => {
      const publish = () => {
        const user = Math.floor(run.first / AUDIENCE) + next++;
        open = AUDIENCE;
        const some = this.#all.slice(user * AUDIENCE, (user + 1) * AUDIENCE);
        for (const watch of some) {
          watch.since = performance.now();
          watch.isAway = !watch.isAway;
        }
        const alice = `sip:alice${user}@${this.#domain}`;
        const side = {
          callId: `${newBranch()}@bench`,
          from: `<${alice}>;tag=p`,
          to: `<${alice}>`,
          target: alice,
          routes: "",
          cseq: 0,
        };
        const body = presenceBody(
          `alice${user}@${this.#domain}`,
          "Alice",
          some[0]!.isAway ? "Away" : "Available",
        );
        const headers = "Event: presence\r\nExpires: 3600\r\n";
        this.#ask(some[0]!, this.#sip.line(), side, "PUBLISH", headers, PIDF, body);
      };
      this.#run = new Progress(
        { ...run, count: users * AUDIENCE, window: 0 },
        () => {},
        resolve,
        () => {
          open -= 1;
          if (open === 0 && next < users) publish();
        },
      );
      publish();
    });
  }
}

/** How far one run is. */
class Progress {
  readonly #run: WatchRun;
  readonly #begin: (at: number) => void;
  readonly #resolve: (figures: WatchFigures) => void;
  readonly #onDone: () => void;
  readonly #started = performance.now();
  readonly #times: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #last = this.#started;
  #begun = 0;
  #failures = 0;
  #example = "";

  constructor(
    run: WatchRun,
    begin: (at: number) => void,
    resolve: (figures: WatchFigures) => void,
    onDone: () => void = () => {},
  ) {
    this.#run = run;
    this.#begin = begin;
    this.#resolve = resolve;
    this.#onDone = onDone;
    this.#timer = setInterval(() => this.#check(), 200);
    for (let i = 0; i < run.window && i < run.count; i++) this.#next();
  }

  done(watch: Watch): void {
    if (watch.since === undefined) return;
    this.#last = performance.now();
    this.#times.push(this.#last - watch.since);
    watch.since = undefined;
    this.#onDone();
    this.#next();
    this.#check();
  }

  fail(watch: Watch, why: string): void {
    if (watch.since === undefined) return;
    watch.since = undefined;
    this.#failures++;
    this.#example = why;
    this.#next();
    this.#check();
  }

  #next(): void {
    if (this.#run.window > 0 && this.#begun < this.#run.count) this.#begin(this.#run.first + this.#begun++);
  }

  #check(): void {
    const isStalled = performance.now() - this.#last > STALLED_MS;
    if (this.#times.length + this.#failures < this.#run.count && !isStalled) return;
    clearInterval(this.#timer);
    const sorted = Float64Array.from(this.#times).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    this.#resolve({
      done: sorted.length,
      failures: this.#run.count - sorted.length,
      seconds: (this.#last - this.#started) / 1000,
      p50: at(0.5),
      p99: at(0.99),
      example: this.#example,
    });
  }
}

function keyOf(xmpp: number, sip: number): number {
  return xmpp * 1_000_000 + sip;
}

/** The number behind a user's name in an address; -1 where there is none. */
function numberIn(address: string, name: string): number {
  const at = address.indexOf(name);
  return at < 0 ? -1 : Number.parseInt(address.slice(at + name.length, at + name.length + 8), 10);
}
