/** One run of texts between pairs of users, seen from both ends. */
import { headerIn } from "../edge/sip-stream.ts";
import type { SipEnd, SipText } from "../ends/sip-end.ts";
import {
  answerTo,
  branchIn,
  type DialogSide,
  newBranch,
  requestIn,
  routesIn,
  uriIn,
} from "../ends/sip-text.ts";
import type { Writer } from "../ends/writer.ts";
import { jidOf, type XmppEnd } from "../ends/xmpp-end.ts";
import { type ImFigures, type ImRun, PAIRS } from "./protocol.ts";

const MESSAGES_IN_A_SESSION = 10;
/** A run ends when nothing came for so long, ms. */
const STALLED_MS = 5_000;
const TEXT = "The quick brown fox jumps over the lazy dog, and then it does so once more. "
  .repeat(4)
  .slice(0, 290);
const SERIAL = /m(\d+) The quick/;
const TEXT_TYPE = "text/plain; charset=UTF-8";
const SDP = [
  "v=0",
  "o=- 0 0 IN IP4 127.0.0.1",
  "s=session",
  "c=IN IP4 127.0.0.1",
  "t=0 0",
  "m=message 5060 sip null",
  "a=accept-types:text/plain",
  "",
].join("\r\n");

/** Two users who write to each other. */
interface Pair {
  readonly at: number;
  dialog: { readonly side: DialogSide; readonly line: Writer; texts: number } | undefined;
  busy: boolean;
  /** When texts that could not be sent yet were due. */
  readonly due: number[];
}

/** A text under way. */
interface Flight {
  readonly pair: Pair;
  readonly due: number;
  arrived: boolean;
  answered: boolean;
}

type Waiting =
  | { readonly kind: "invite"; readonly pair: Pair; readonly serial: number }
  | { readonly kind: "message"; readonly pair: Pair; readonly serial: number }
  | { readonly kind: "bye"; readonly pair: Pair };

/** Numbers texts over all runs, so that a late one of another run is not taken for one of this. */
let serials = 0;
let tags = 0;

export class Traffic {
  readonly #run: ImRun;
  readonly #sip: SipEnd;
  readonly #xmpp: XmppEnd;
  readonly #done: (figures: ImFigures) => void;
  readonly #host: string;
  readonly #transport: string;
  readonly #pairs: Pair[] = Array.from({ length: PAIRS }, (_, at) => ({
    at,
    dialog: undefined,
    busy: false,
    due: [],
  }));
  readonly #flights = new Map<number, Flight>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #times: number[] = [];
  readonly #started = performance.now();
  readonly #usage = process.cpuUsage();
  readonly #timer: NodeJS.Timeout;
  #last = this.#started;
  #begun = 0;
  #failures = 0;
  #example = "";

  constructor(run: ImRun, transport: string, sip: SipEnd, xmpp: XmppEnd, done: (figures: ImFigures) => void) {
    this.#run = run;
    this.#sip = sip;
    this.#xmpp = xmpp;
    this.#done = done;
    this.#transport = transport;
    this.#host = `sip.${run.domain}`;
    this.#timer = setInterval(() => this.#tick(), run.rate === undefined ? 200 : 1);
    if (run.rate === undefined) for (const pair of this.#pairs) this.#next(pair);
  }

  onRequest({ head, line }: SipText, body: string): void {
    const method = head.slice(0, head.indexOf(" "));
    if (method === "ACK") return;
    const pair = this.#pairs[Number(/sip:alice(\d+)@/.exec(headerIn(head, "From"))?.[1] ?? -1)];
    if (method === "INVITE" && pair) {
      const tag = `t${tags++}`;
      const contact = `Contact: <sip:bob${pair.at}@127.0.0.1>\r\n`;
      const from = `${headerIn(head, "To")};tag=${tag}`;
      const side = {
        callId: headerIn(head, "Call-ID"),
        from,
        to: headerIn(head, "From"),
        target: uriIn(head, "Contact"),
        routes: routesIn(head, false),
        cseq: 0,
      };
      pair.dialog = { side, line, texts: 0 };
      line.write(answerTo(head, "200 OK", tag, contact, "application/sdp", SDP));
      return;
    }
    line.write(answerTo(head, "200 OK", "t"));
    if (method === "BYE" && pair) pair.dialog = undefined;
    if (method === "MESSAGE") this.#arrived(body);
  }

  onAnswer({ head, line }: SipText): void {
    const status = head.slice(8, 11);
    if (status.startsWith("1")) return;
    const branch = branchIn(head);
    const waiting = this.#waiting.get(branch);
    if (!waiting) return;
    this.#waiting.delete(branch);
    const { pair } = waiting;
    if (waiting.kind === "bye") {
      pair.dialog = undefined;
      this.#free(pair);
    } else if (!status.startsWith("2")) {
      pair.dialog = undefined;
      this.#failed(waiting.serial, head.slice(0, head.indexOf("\r\n")));
    } else if (waiting.kind === "message") {
      const flight = this.#flights.get(waiting.serial);
      if (!flight) return;
      flight.answered = true;
      if (flight.arrived) this.#finish(waiting.serial, flight);
    } else {
      const side = this.#side(pair, headerIn(head, "Call-ID"), headerIn(head, "To"), uriIn(head, "Contact"));
      side.cseq = 1;
      const dialog = { side: { ...side, routes: routesIn(head, true) }, line, texts: 0 };
      pair.dialog = dialog;
      line.write(requestIn(dialog.side, "ACK", newBranch(), this.#host, this.#transport));
      this.#sendMessage(pair, waiting.serial, dialog.side, line);
    }
  }

  onStanza(name: string, stanza: string): void {
    if (name !== "message") return;
    if (/^<message[^>]* type=['"]error['"]/.test(stanza)) {
      const serial = Number(/ id=['"]m(\d+)['"]/.exec(stanza)?.[1] ?? -1);
      this.#failed(serial, stanza);
    } else this.#arrived(stanza);
  }

  #tick(): void {
    const { rate, count } = this.#run;
    const now = performance.now();
    if (rate !== undefined) {
      const due = Math.min(count, Math.floor(((now - this.#started) / 1000) * rate));
      while (this.#begun < due) {
        const pair = this.#pairs[this.#begun % PAIRS]!;
        const at = this.#started + (this.#begun++ / rate) * 1000;
        if (pair.busy) pair.due.push(at);
        else this.#begin(pair, at);
      }
    }
    if (now - this.#last > STALLED_MS) {
      this.#failures += this.#flights.size + this.#run.count - this.#begun;
      this.#end();
    }
  }

  /** The pair may write its next text. */
  #next(pair: Pair): void {
    const waited = pair.due.shift();
    if (waited !== undefined) this.#begin(pair, waited);
    else if (this.#run.rate === undefined && this.#begun < this.#run.count) {
      this.#begun++;
      this.#begin(pair, performance.now());
    }
  }

  #begin(pair: Pair, due: number): void {
    pair.busy = true;
    const serial = serials++;
    this.#flights.set(serial, { pair, due, arrived: false, answered: this.#run.direction !== "to-xmpp" });
    const { domain, direction, mode } = this.#run;
    if (direction !== "to-xmpp") {
      const body = `<body>m${serial} ${TEXT}</body>`;
      this.#xmpp.send(pair.at, "message", `bob${pair.at}@${domain}`, ` type='chat' id='m${serial}'`, body);
    } else if (mode === "session" && pair.dialog) {
      this.#sendMessage(pair, serial, pair.dialog.side, pair.dialog.line);
    } else {
      const side = this.#side(
        pair,
        `${newBranch()}-0b1cfe2adc0b4e5b@bench`,
        `<sip:${jidOf(pair.at)}>`,
        `sip:${jidOf(pair.at)}`,
      );
      if (mode === "page") this.#sendMessage(pair, serial, side, this.#sip.line());
      else this.#invite(pair, serial, side);
    }
  }

  #side(pair: Pair, callId: string, to: string, target: string): DialogSide {
    const from = `"Bob" <sip:bob${pair.at}@${this.#run.domain}>;tag=5c2b1a0f9e`;
    return { callId, from, to, target, routes: "", cseq: 0 };
  }

  #invite(pair: Pair, serial: number, side: DialogSide): void {
    const branch = newBranch();
    this.#waiting.set(branch, { kind: "invite", pair, serial });
    const contact = `Contact: <sip:bob${pair.at}@${this.#host};transport=${this.#transport}>\r\n`;
    const request = requestIn(
      side,
      "INVITE",
      branch,
      this.#host,
      this.#transport,
      contact,
      "application/sdp",
      SDP,
    );
    this.#sip.line().write(request);
  }

  #sendMessage(pair: Pair, serial: number, side: DialogSide, line: Writer): void {
    const branch = newBranch();
    this.#waiting.set(branch, { kind: "message", pair, serial });
    const text = `m${serial} ${TEXT}`;
    line.write(requestIn(side, "MESSAGE", branch, this.#host, this.#transport, "", TEXT_TYPE, text));
  }

  #arrived(text: string): void {
    const serial = Number(SERIAL.exec(text)?.[1] ?? -1);
    const flight = this.#flights.get(serial);
    if (!flight || flight.arrived) return;
    flight.arrived = true;
    this.#last = performance.now();
    this.#times.push(this.#last - flight.due);
    if (flight.answered) this.#finish(serial, flight);
  }

  #finish(serial: number, { pair }: Flight): void {
    this.#flights.delete(serial);
    const { dialog } = pair;
    if (dialog && ++dialog.texts === MESSAGES_IN_A_SESSION) this.#hangUp(pair, dialog);
    else this.#free(pair);
  }

  #hangUp(pair: Pair, { side, line }: NonNullable<Pair["dialog"]>): void {
    const branch = newBranch();
    pair.busy = true;
    this.#waiting.set(branch, { kind: "bye", pair });
    line.write(requestIn(side, "BYE", branch, this.#host, this.#transport));
  }

  #failed(serial: number, why: string): void {
    const flight = this.#flights.get(serial);
    if (!flight) return;
    this.#flights.delete(serial);
    this.#failures++;
    this.#example = why;
    this.#free(flight.pair);
  }

  #free(pair: Pair): void {
    pair.busy = false;
    if (this.#times.length + this.#failures >= this.#run.count) this.#end();
    else this.#next(pair);
  }

  /** Ends when every text has its fate and no session is left open. */
  #end(): void {
    const isStalled = performance.now() - this.#last > STALLED_MS;
    for (const pair of this.#pairs) if (pair.dialog && !pair.busy) this.#hangUp(pair, pair.dialog);
    if (!isStalled && this.#flights.size + this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    const sorted = Float64Array.from(this.#times).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    const { user, system } = process.cpuUsage(this.#usage);
    this.#done({
      messages: sorted.length,
      failures: this.#failures,
      seconds: (this.#last - this.#started) / 1000,
      p50: at(0.5),
      p99: at(0.99),
      example: this.#example,
      ends: (user + system) / 1e6,
    });
  }
}
