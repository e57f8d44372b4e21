/** Who says a step to whom, seen from the program under test ("we"). */
type StepKind = "sip>" | "sip<" | "xmpp>" | "xmpp<" | "world>" | "clock";

interface StepBase {
  /** Line of the file, from 1. */
  readonly line: number;
}

/** A header line of a SIP step; `absent` is the form `!Name`: the message must not have it. */
interface HeaderLine {
  readonly line: number;
  readonly name: string;
  readonly value: string;
  readonly absent: boolean;
}

export interface SipStep extends StepBase {
  readonly kind: "sip>" | "sip<";
  readonly startLine: string;
  readonly headers: readonly HeaderLine[];
  /** Lines after the empty one, joined with LF; undefined when there was no empty line. */
  readonly body: string | undefined;
}

export interface XmppStep extends StepBase {
  readonly kind: "xmpp>" | "xmpp<";
  readonly stanza: string;
}

/** Something happens around the program: a connection breaks, a server is silent. Each World has its own words. */
interface WorldStep extends StepBase {
  readonly kind: "world>";
  readonly event: string;
}

interface ClockStep extends StepBase {
  readonly kind: "clock";
  readonly ms: number;
}

export type Step = SipStep | XmppStep | WorldStep | ClockStep;

export interface Transcript {
  readonly name: string;
  /** The comment lines before the first step, without `#`. */
  readonly about: readonly string[];
  readonly steps: readonly Step[];
}

const STEP = /^(sip +[<>]|xmpp +[<>]|world +>) ?(.*)$/;
const CLOCK = /^clock +\+(\d+(?:\.\d+)?)(ms|s|min|h)$/;
const CONTINUED = /^ +\|(?: (.*))?$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

interface RawStep {
  readonly line: number;
  readonly kind: StepKind;
  readonly lines: string[];
}

function rawSteps(text: string, name: string, about: string[]): RawStep[] {
  const steps: RawStep[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const at = index + 1;
    const started = STEP.exec(line);
    const continued = CONTINUED.exec(line);
    if (started !== null) {
      const kind = started[1]!.replace(/ /g, "") as StepKind;
      steps.push({ line: at, kind, lines: [started[2] ?? ""] });
    } else if (continued !== null) {
      const last = steps.at(-1);
      if (last === undefined || last.kind === "clock") throw new Error(`${name}:${at}: nothing to continue`);
      last.lines.push(continued[1] ?? "");
    } else if (line.startsWith("clock")) {
      steps.push({ line: at, kind: "clock", lines: [line] });
    } else if (line.startsWith("#")) {
      if (steps.length === 0) about.push(line.slice(1).trim());
    } else if (line.trim() !== "") {
      throw new Error(`${name}:${at}: neither a step, a continuation nor a comment: ${line}`);
    }
  }
  return steps;
}

function headerLine(text: string, line: number, name: string): HeaderLine {
  if (text.startsWith("!")) return { line, name: text.slice(1).trim(), value: "", absent: true };
  const colon = text.indexOf(":");
  if (colon <= 0) throw new Error(`${name}:${line}: not a header: ${text}`);
  return { line, name: text.slice(0, colon).trim(), value: text.slice(colon + 1).trim(), absent: false };
}

function folded(header: HeaderLine, text: string): HeaderLine {
  return { ...header, value: `${header.value}\r\n${text}` };
}

function sipStep(raw: RawStep, kind: SipStep["kind"], name: string): SipStep {
  const [startLine = "", ...rest] = raw.lines;
  const blank = rest.indexOf("");
  const heads = blank < 0 ? rest : rest.slice(0, blank);
  const headers: HeaderLine[] = [];
  for (const [index, text] of heads.entries()) {
    const last = headers.at(-1);
    // Folded (RFC 3261 7.3.1): goes out as it stands here.
    if (/^[ \t]/.test(text) && last !== undefined) headers[headers.length - 1] = folded(last, text);
    else headers.push(headerLine(text, raw.line + 1 + index, name));
  }
  const body = blank < 0 ? undefined : rest.slice(blank + 1).join("\n");
  return { line: raw.line, kind, startLine: startLine.trim(), headers, body };
}

function clockStep(raw: RawStep, name: string): ClockStep {
  const match = CLOCK.exec(raw.lines[0]!.trim());
  if (match === null)
    throw new Error(`${name}:${raw.line}: write "clock +30s" (ms, s, min, h): ${raw.lines[0]}`);
  return { line: raw.line, kind: "clock", ms: Number(match[1]) * UNIT_MS[match[2]!]! };
}

/**
 * Reads a transcript. Throws an Error with `name:line` for a line that is none.
 *
 * ```
 * # Carol looks at alice.
 * sip  > SUBSCRIBE sip:alice@example.com SIP/2.0      a peer sends to us
 *      | Call-ID: c1                                  continuation: a header, and after an empty one the body
 *      | Route: <sip:sip.example.com;
 *      |   lr>                                        a folded header keeps its indent
 * sip  < SIP/2.0 200 OK                               we send
 *      | To: <sip:alice@example.com>;tag={ours}       {hole}: caught here, the same from now on; {*} is anything;
 *                                                     {new!=old}: caught, and not what {old} has caught
 *      | !Contact                                     this header must be absent
 * xmpp > <presence .../>                              the XMPP server sends to us
 * xmpp < <presence .../>                              we send
 * world > link down                                  something happens around us, in the World's own words
 * clock +30s
 * ```
 */
export function parseTranscript(text: string, name = "transcript"): Transcript {
  const about: string[] = [];
  const steps = rawSteps(text, name, about).map((raw): Step => {
    if (raw.kind === "clock") return clockStep(raw, name);
    if (raw.kind === "sip>" || raw.kind === "sip<") return sipStep(raw, raw.kind, name);
    const text = raw.lines.join("\n").trim();
    return raw.kind === "world>"
      ? { line: raw.line, kind: raw.kind, event: text }
      : { line: raw.line, kind: raw.kind, stanza: text };
  });
  return { name, about, steps };
}
