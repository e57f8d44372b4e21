import { type SipMessage, StreamFramer, serializeBytes } from "@tombolo/sip";
import type { Agenda } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import { Wire } from "./wire.ts";

/** Who is at one end of a connection. */
export interface LineEnd {
  /** @param read to be called when it is read, which may be later. */
  onMessage(line: SipLine, message: SipMessage, read?: () => void): void;
  /** The connection is gone, as far as this end can tell. */
  onLineClosed(line: SipLine, why: string): void;
}

export type Side = "program" | "partner";

export interface LineSettings {
  readonly id: string;
  /** As the program sees it. */
  readonly direction: "in" | "out";
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly latency: () => number;
  /** Messages go as bytes, in pieces, through the framer. */
  readonly isBytes: boolean;
  readonly ends: Readonly<Record<Side, LineEnd>>;
}

/** One TLS connection between the partner's edge and ours. */
export class SipLine {
  readonly id: string;
  readonly direction: "in" | "out";
  private readonly settings: LineSettings;
  private readonly wires: Readonly<Record<Side, Wire>>;
  private readonly framers: Readonly<Record<Side, StreamFramer>>;
  private readonly open = { program: true, partner: true };

  constructor(settings: LineSettings) {
    const { agenda, latency } = settings;
    this.settings = settings;
    this.id = settings.id;
    this.direction = settings.direction;
    this.wires = { program: new Wire(agenda, latency), partner: new Wire(agenda, latency) };
    this.framers = { program: new StreamFramer(), partner: new StreamFramer() };
  }

  /** Whether that end takes it for open. */
  isOpenAt(side: Side): boolean {
    return this.open[side];
  }

  /** @param read called when the other end reads it. */
  send(to: Side, message: SipMessage, read?: () => void): void {
    if (!this.open[other(to)]) return;
    if (this.settings.isBytes) this.sendBytes(to, message, read);
    else
      this.wires[to].send(() => {
        if (this.open[to]) this.settings.ends[to].onMessage(this, message, read);
      });
  }

  /** Before all that is sent: the connection is there. */
  announce(to: Side, act: () => void): void {
    this.wires[to].send(() => {
      if (this.open[to]) act();
    });
  }

  private sendBytes(to: Side, message: SipMessage, read?: () => void): void {
    const bytes = serializeBytes(message);
    const cut = this.settings.chance.below(bytes.length);
    this.wires[to].send(() => this.push(to, bytes.subarray(0, cut)));
    this.wires[to].send(() => this.push(to, bytes.subarray(cut), read));
  }

  private push(to: Side, bytes: Uint8Array, read?: () => void): void {
    const framer = this.framers[to];
    framer.push(bytes);
    for (let frame = framer.next(); frame && this.open[to]; frame = framer.next()) {
      if (frame.kind === "message") this.settings.ends[to].onMessage(this, frame.message, read);
      else if (frame.kind === "broken") throw new Error(`a message could not be framed: ${frame.why}`);
    }
  }

  /** Both ends lose it at once, with what is under way. */
  break(why: string): void {
    for (const wire of Object.values(this.wires)) wire.break();
    this.tellIn("program", this.settings.latency(), why);
    this.tellIn("partner", this.settings.latency(), why);
  }

  /** A cable is cut: nothing arrives any more, and each end notices in its own time, ms. */
  swallow(programNotices: number, partnerNotices: number): void {
    for (const wire of Object.values(this.wires)) wire.swallow();
    this.tellIn("program", programNotices, "no life");
    this.tellIn("partner", partnerNotices, "no life");
  }

  /** One end closes it in order: what it has sent still arrives. */
  close(by: Side): void {
    this.open[by] = false;
    this.wires[other(by)].send(() => this.tell(other(by), "closed-there"));
  }

  /** One end is no more: whatever it has sent goes on, and the other side notices. */
  die(at: Side): void {
    this.open[at] = false;
    this.tellIn(other(at), this.settings.latency(), "reset");
  }

  private tellIn(side: Side, ms: number, why: string): void {
    this.settings.agenda.in(ms, () => this.tell(side, why));
  }

  private tell(side: Side, why: string): void {
    if (!this.open[side]) return;
    this.open[side] = false;
    this.settings.ends[side].onLineClosed(this, why);
  }
}

function other(side: Side): Side {
  return side === "program" ? "partner" : "program";
}
