/** Draws what crosses the border as a ladder of two protocols: XMPP on the left, SIP on the right, Tombolo between. */

const XMPP_WIDTH = 46;
const SIP_WIDTH = 56;
const MARGIN = "   ";

interface Colours {
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
  readonly green: (text: string) => string;
  readonly red: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly yellow: (text: string) => string;
}

function colours(on: boolean): Colours {
  const paint = (code: number) => (text: string) => (on ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    dim: paint(2),
    bold: paint(1),
    green: paint(32),
    red: paint(31),
    cyan: paint(36),
    yellow: paint(33),
  };
}

/** Which way an arrow points, as printed. */
export type Arrow = "left" | "right";

export class Ladder {
  private readonly write: (line: string) => void;
  private readonly paint: Colours;

  constructor(write: (line: string) => void, colour: boolean) {
    this.write = write;
    this.paint = colours(colour);
  }

  title(text: string): void {
    this.write("");
    this.write(this.paint.bold(text));
  }

  say(text: string): void {
    this.write(`${MARGIN}${text}`);
  }

  heads(left: string, middle: string, right: string): void {
    const line = `${left.padEnd(XMPP_WIDTH - Math.floor(middle.length / 2) + 2)}${middle}`;
    const gap = XMPP_WIDTH + 2 + SIP_WIDTH + 2 - line.length - Math.floor(right.length / 2);
    this.write(`${MARGIN}${this.paint.bold(line)}${" ".repeat(Math.max(2, gap))}${this.paint.bold(right)}`);
  }

  /** A stanza between the XMPP user and Tombolo. */
  xmpp(arrow: Arrow, text: string): void {
    const { dim, cyan } = this.paint;
    this.write(
      `${MARGIN}${dim("│")}${cyan(shaft(arrow, text, XMPP_WIDTH))}${dim(`│${" ".repeat(SIP_WIDTH)}│`)}`,
    );
  }

  /** A SIP message between Tombolo and the partner's edge. */
  sip(arrow: Arrow, text: string): void {
    const { dim, yellow } = this.paint;
    this.write(
      `${MARGIN}${dim(`│${" ".repeat(XMPP_WIDTH)}│`)}${yellow(shaft(arrow, text, SIP_WIDTH))}${dim("│")}`,
    );
  }

  pass(text: string): void {
    this.write(`${MARGIN}${this.paint.green("✓")} ${text}`);
  }

  fail(text: string): void {
    this.write(`${MARGIN}${this.paint.red("✗")} ${text}`);
  }
}

function shaft(arrow: Arrow, text: string, width: number): string {
  const room = width - 6;
  const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  const line = "─".repeat(room - shown.length);
  return arrow === "right" ? `── ${shown} ${line}─▶` : `◀─ ${shown} ${line}──`;
}
