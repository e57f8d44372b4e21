import type { DialFailure } from "@tombolo/sip-edge";
import type { ComponentEnd } from "./component-end.ts";
import type { KeptMemory } from "./kept-memory.ts";
import type { MachineSettings } from "./machines.ts";
import { Program, type ProgramTap } from "./program.ts";
import { type LineEnd, SipLine } from "./sip-line.ts";

/** The partner's end of the connections. */
export interface PartnerEnd extends LineEnd {
  readonly lines: Set<SipLine>;
}

export interface HostAround extends Omit<MachineSettings, "run"> {
  readonly kept: KeptMemory;
  readonly stack: PartnerEnd;
  readonly link: ComponentEnd;
  /** Messages go as bytes through the framer. */
  readonly isBytes: boolean;
  /** Of the next message, ms. */
  readonly latency: () => number;
  complain(what: string): void;
  readonly tap?: ProgramTap | undefined;
  trace?: ((line: () => string) => void) | undefined;
}

/** The machine that the program runs on: one run after the other, and its connections to the partner. */
export class Host {
  /** The present run, or the last one while there is none. */
  program: Program;
  /** Runs of the program so far. */
  runs = 0;
  /** Why the partner cannot be reached; undefined while it can. */
  partnerDown: DialFailure | undefined;
  private readonly around: HostAround;
  private lineSerial = 0;

  constructor(around: HostAround) {
    this.around = around;
    this.program = this.newProgram();
  }

  /** The partner opens a connection; undefined where nobody listens. */
  connect(): SipLine | undefined {
    const { program } = this;
    if (program.isDead || this.partnerDown) return undefined;
    const line = this.newLine("in", program);
    line.announce("program", () => program.run(() => program.lineOpened(line)));
    return line;
  }

  /** Lets the world go on up to that time, the program and what is outside of it in turn. */
  runTo(time: number): void {
    const { agenda } = this.around;
    for (;;) {
      const { nextAt } = this.program;
      if (nextAt <= agenda.nextAt) {
        if (nextAt > time) break;
        if (nextAt > agenda.now) agenda.now = nextAt;
        this.program.wake();
      } else {
        if (agenda.nextAt > time) break;
        agenda.step();
      }
    }
    agenda.now = Math.max(agenda.now, time);
  }

  /** The program ends, and starts again after so many ms with what it kept. @param isOrderly what it wrote still arrives. */
  replaceProgram(ms: number, isOrderly: boolean): void {
    const { stack, link, agenda, trace } = this.around;
    const { program } = this;
    program.die();
    for (const line of stack.lines) line.die("program");
    link.leave(program, isOrderly);
    agenda.in(ms, () => {
      trace?.(() => "the program starts");
      this.program = this.newProgram();
      this.program.start();
    });
  }

  private newProgram(): Program {
    const { link } = this.around;
    this.runs += 1;
    return new Program({
      ...this.around,
      run: this.runs,
      dialPartner: (program) => this.dialPartner(program),
      dialServer: (program) => link.onDial(program),
      toServer: (program, stanza) => link.onWritten(program, stanza),
      hangUpServer: (program) => link.onHangUp(program),
    });
  }

  private dialPartner(program: Program): void {
    const { agenda, latency, stack } = this.around;
    const why = this.partnerDown;
    agenda.in(why === "timeout" ? 10_000 : latency() * 2, () => {
      if (program.isDead) return;
      const failed = why ?? this.partnerDown;
      if (failed) {
        program.run(() => program.dialFailed(failed));
        return;
      }
      const line = this.newLine("out", program);
      stack.lines.add(line);
      program.run(() => program.lineOpened(line));
    });
  }

  private newLine(direction: "in" | "out", program: Program): SipLine {
    const { agenda, chance, latency, isBytes, stack } = this.around;
    this.lineSerial += 1;
    const id = `c${this.lineSerial}`;
    return new SipLine({
      id,
      direction,
      agenda,
      chance,
      latency,
      isBytes,
      ends: { program, partner: stack },
    });
  }
}
