import { type Caught, fillHoles } from "./holes.ts";
import { compareSip, compareXmpp, type DiffRow, readSipText } from "./transcript-compare.ts";
import type { SipStep, Step, Transcript, XmppStep } from "./transcript-parse.ts";

/** What a transcript is played against: the pure program with a virtual clock, or a toy. */
export interface World {
  sipIn(bytes: Uint8Array): void;
  xmppIn(stanza: string): void;
  /** Lets something happen around the program. Left out where a World has no words for that; throws for unknown ones. */
  happen?(event: string): void;
  /** Lets `ms` of virtual time pass. */
  advance(ms: number): void;
  /** SIP messages sent since the last call, each whole, in order. */
  takeSip(): string[];
  /** Stanzas sent since the last call, in order. */
  takeXmpp(): string[];
}

/**
 * plain: as written. bytes: every `sip >` message one byte at a time. cuts: once for every position at which a
 * message of up to `MAX_CUT_BYTES` can be cut in two. doubled: every `sip >` request twice; the copy may bring nothing
 * but a response that was sent before, byte for byte (RFC 3261 17.2), or a refusal (RFC 3261 8.2.2.2, 12.2.2).
 */
export type ReplayMode = "plain" | "bytes" | "cuts" | "doubled";
export const ALL_MODES: readonly ReplayMode[] = ["plain", "bytes", "cuts", "doubled"];

const REFUSAL = /^SIP\/2\.0 [456]/;

/** Longer messages are not cut at every position, bytes. */
const MAX_CUT_BYTES = 700;

export interface ReplayOptions {
  /** All where left out. */
  readonly modes?: readonly ReplayMode[] | undefined;
  /** `cuts` takes each n-th position; 1 where left out. */
  readonly cutEvery?: number | undefined;
  /** False for requests whose copy may be taken for a new one: `doubled` leaves them as they are. */
  readonly isDoubled?: ((request: SipStep) => boolean) | undefined;
}

/** The program did not keep to the transcript; `message` shows both side by side with `name:line`. */
export class TranscriptMismatch extends Error {}

/** How one replay feeds messages: whole, byte by byte, or one message (by step index) in two parts. */
interface Feeding {
  readonly mode: ReplayMode;
  readonly cut?: { readonly step: number; readonly at: number };
  readonly isDoubled: (request: SipStep) => boolean;
}

/**
 * Plays a transcript in each mode, with a new World for each replay. After every input the
 * outputs must be those that the transcript lists before its next input: no other, none missing; SIP and XMPP each in
 * order. Throws TranscriptMismatch.
 */
export function runTranscript(
  transcript: Transcript,
  makeWorld: () => World,
  { modes = ALL_MODES, cutEvery = 1, isDoubled = () => true }: ReplayOptions = {},
): void {
  for (const mode of modes) {
    if (mode !== "cuts") {
      new Replay(transcript, makeWorld(), { mode, isDoubled }).run();
      continue;
    }
    for (const [step, { kind }] of transcript.steps.entries()) {
      if (kind !== "sip>") continue;
      // The length is known only while playing, because holes are filled then: a cut past the end is not done.
      for (let at = 1 + (step % cutEvery); at < MAX_CUT_BYTES; at += cutEvery) {
        const replay = new Replay(transcript, makeWorld(), { mode, isDoubled, cut: { step, at } });
        replay.run();
        if (!replay.cutDone) break;
      }
    }
  }
}

/** The wire form of a `sip >` step: holes filled, CRLF, and a Content-Length unless the step has one or `!Content-Length`. */
function sipStepBytes(step: SipStep, caught: Caught): Uint8Array {
  const body = new TextEncoder().encode(fillHoles(step.body ?? "", caught).replaceAll("\n", "\r\n"));
  const written = step.headers.filter(({ absent }) => !absent);
  const lines = [step.startLine, ...written.map(({ name, value }) => `${name}: ${value}`)];
  if (!step.headers.some(({ name }) => /^(content-length|l)$/i.test(name))) {
    lines.push(`Content-Length: ${body.length}`);
  }
  const head = new TextEncoder().encode(`${fillHoles(lines.join("\r\n"), caught)}\r\n\r\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

class Replay {
  cutDone = false;
  readonly #transcript: Transcript;
  readonly #world: World;
  readonly #feeding: Feeding;
  readonly #caught: Caught = new Map();
  readonly #sip: string[] = [];
  readonly #xmpp: string[] = [];
  /** Responses sent so far: only these may be repeated for a doubled request. */
  readonly #responses = new Set<string>();

  constructor(transcript: Transcript, world: World, feeding: Feeding) {
    this.#transcript = transcript;
    this.#world = world;
    this.#feeding = feeding;
  }

  run(): void {
    let last: Step | undefined;
    for (const [index, step] of this.#transcript.steps.entries()) {
      if (step.kind === "sip<") this.#expectSip(step);
      else if (step.kind === "xmpp<") this.#expectXmpp(step);
      else {
        this.#expectNothing(last);
        this.#input(step, index);
        last = step;
      }
    }
    this.#expectNothing(last);
  }

  #input(step: Step, index: number): void {
    if (step.kind === "clock") this.#world.advance(step.ms);
    else if (step.kind === "world>") this.#happen(step);
    else if (step.kind === "xmpp>")
      this.#world.xmppIn(this.#filled(step, () => fillHoles(step.stanza, this.#caught)));
    else if (step.kind === "sip>") {
      const bytes = this.#filled(step, () => sipStepBytes(step, this.#caught));
      this.#feed(bytes, index);
      this.#collect();
      const { mode, isDoubled } = this.#feeding;
      if (mode === "doubled" && !step.startLine.startsWith("SIP/2.0 ") && isDoubled(step))
        this.#again(step, bytes);
      return;
    }
    this.#collect();
  }

  #happen(step: Extract<Step, { kind: "world>" }>): void {
    if (this.#world.happen === undefined) throw this.#mismatch(step, "this world knows no events", []);
    this.#filled(step, () => this.#world.happen!(step.event));
  }

  #filled<T>(step: Step, make: () => T): T {
    try {
      return make();
    } catch (error) {
      throw this.#mismatch(step, (error as Error).message, []);
    }
  }

  #feed(bytes: Uint8Array, index: number): void {
    const { mode, cut } = this.#feeding;
    if (mode === "bytes") {
      for (let at = 0; at < bytes.length; at += 1) this.#world.sipIn(bytes.subarray(at, at + 1));
    } else if (cut?.step === index && cut.at < bytes.length && bytes.length <= MAX_CUT_BYTES) {
      this.cutDone = true;
      this.#world.sipIn(bytes.subarray(0, cut.at));
      this.#world.sipIn(bytes.subarray(cut.at));
    } else this.#world.sipIn(bytes);
  }

  #collect(): void {
    for (const message of this.#world.takeSip()) {
      this.#sip.push(message);
      if (message.startsWith("SIP/2.0 ")) this.#responses.add(message);
    }
    this.#xmpp.push(...this.#world.takeXmpp());
  }

  #again(step: SipStep, bytes: Uint8Array): void {
    this.#world.sipIn(bytes);
    const doubled = [
      ...this.#world.takeSip().filter((message) => !this.#responses.has(message) && !REFUSAL.test(message)),
      ...this.#world.takeXmpp(),
    ];
    if (doubled.length === 0) return;
    throw this.#mismatch(step, "the copy of this request had an effect", extra(doubled));
  }

  #expectSip(step: SipStep): void {
    const message = this.#sip.shift();
    const rows = message === undefined ? missing([step.startLine]) : compareSip(step, message, this.#caught);
    if (rows !== undefined) throw this.#mismatch(step, "sip < differs", [...rows, ...extra(this.#left())]);
  }

  #expectXmpp(step: XmppStep): void {
    const stanza = this.#xmpp.shift();
    const rows =
      stanza === undefined ? missing([step.stanza]) : compareXmpp(step.stanza, stanza, this.#caught);
    if (rows !== undefined) throw this.#mismatch(step, "xmpp < differs", [...rows, ...extra(this.#left())]);
  }

  #left(): string[] {
    return [...this.#sip, ...this.#xmpp];
  }

  #expectNothing(after: Step | undefined): void {
    const left = this.#left();
    if (left.length > 0) throw this.#mismatch(after, "we sent more than the transcript says", extra(left));
  }

  #mismatch(step: Step | undefined, what: string, rows: readonly DiffRow[]): TranscriptMismatch {
    const { mode, cut } = this.#feeding;
    const line = step?.line ?? 1;
    const how =
      cut === undefined
        ? mode
        : `message of line ${this.#transcript.steps[cut.step]!.line} cut at byte ${cut.at}`;
    return new TranscriptMismatch(`${this.#transcript.name}:${line}: ${what} (${how})${table(rows)}`);
  }
}

function missing(expected: readonly string[]): DiffRow[] {
  return expected.map((text) => ({ expected: text, got: "(nothing)", bad: true }));
}

function extra(messages: readonly string[]): DiffRow[] {
  return messages.flatMap((message) => {
    const lines = message.startsWith("<") ? [message] : wholeText(message);
    return lines.map((got) => ({ expected: "", got, bad: true }));
  });
}

function wholeText(message: string): string[] {
  const { startLine, headers, body } = readSipText(message);
  const lines = [startLine, ...headers.map((header) => header.join(": "))];
  return body === "" ? lines : [...lines, "", ...body.split(/\r?\n/)];
}

const WIDTH_MAX = 72;

function table(rows: readonly DiffRow[]): string {
  if (rows.length === 0) return "";
  const width = Math.min(WIDTH_MAX, Math.max(8, ...rows.map(({ expected }) => expected.length)));
  const lines = rows.map(({ expected, got, bad }) => `${bad ? "!" : " "} ${expected.padEnd(width)} | ${got}`);
  return `\n  ${"expected".padEnd(width)} | got\n${lines.join("\n")}`;
}
