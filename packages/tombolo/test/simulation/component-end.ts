import { type Element, parse } from "ltx";
import type { Agenda } from "./agenda.ts";
import type { Program } from "./program.ts";
import type { TextBook } from "./text-book.ts";
import { Wire } from "./wire.ts";

export interface ComponentAround {
  readonly agenda: Agenda;
  readonly texts: TextBook;
  /** Stanzas go as text through the parser. */
  readonly isBytes: boolean;
  latency(): number;
  /** Whether the server runs. */
  isUp(): boolean;
  /** The program has just read the text. */
  news(serial: number): void;
  /** A stanza of the program's. */
  receive(stream: Stream, stanza: Element): void;
  trace?: ((line: () => string) => void) | undefined;
}

/** One component stream. */
export interface Stream {
  readonly serial: number;
  readonly program: Program;
  readonly toServer: Wire;
  readonly toProgram: Wire;
  isOpen: boolean;
}

/** The server's end of the component link: one stream at a time, which may break or swallow. */
export class ComponentEnd {
  private readonly around: ComponentAround;
  private stream: Stream | undefined;
  private streams = 0;
  /** Errors for texts that were lost on their way to the server, by the texts' numbers. */
  private readonly limbo: number[] = [];

  constructor(around: ComponentAround) {
    this.around = around;
  }

  get isOpen(): boolean {
    return this.stream?.isOpen === true;
  }

  onDial(program: Program): void {
    const { agenda, latency, isUp } = this.around;
    agenda.in(latency(), () => {
      if (!isUp() || program.isDead) {
        program.run(() => program.toLink({ kind: "closed", reason: "connection refused" }));
        return;
      }
      this.break("replaced by a new connection");
      const toServer = new Wire(agenda, latency);
      const toProgram = new Wire(agenda, latency);
      const stream = { serial: ++this.streams, program, toServer, toProgram, isOpen: true };
      this.stream = stream;
      toProgram.send(() => program.run(() => stream.isOpen && program.toLink({ kind: "opened" })));
    });
  }

  /** The program hangs up. */
  onHangUp(program: Program): void {
    if (this.stream?.program === program) this.drop(this.stream);
  }

  /** The connection breaks; both sides notice. */
  break(reason: string): void {
    const { stream } = this;
    if (!stream) return;
    const { program } = stream;
    this.drop(stream);
    this.around.agenda.in(this.around.latency(), () =>
      program.run(() => program.toLink({ kind: "closed", reason })),
    );
  }

  /** Nothing passes any more, and nobody notices until somebody waits for an answer. */
  swallow(): void {
    this.stream?.toServer.swallow();
    this.stream?.toProgram.swallow();
  }

  /** The program is no more. @param isOrderly what it wrote still arrives. */
  leave(program: Program, isOrderly: boolean): void {
    const { stream } = this;
    if (stream?.program === program) this.drop(stream, isOrderly);
    for (const serial of this.limbo.splice(0)) this.around.texts.lostOutside(serial);
  }

  private drop(stream: Stream, isOrderly = false): void {
    stream.isOpen = false;
    if (!isOrderly) stream.toServer.break();
    stream.toProgram.break();
    if (this.stream === stream) this.stream = undefined;
  }

  /** The program wrote a stanza. */
  onWritten(program: Program, stanza: Element): void {
    const { stream } = this;
    if (stream?.program !== program) return;
    const serial = serialOfError(stanza);
    stream.toServer.send(
      () => this.around.receive(stream, this.copy(stanza)),
      serial === undefined ? undefined : () => this.onErrorLost(program, serial),
    );
  }

  /** It is sent again, unless the program ends before: refusals are not kept. */
  private onErrorLost(program: Program, serial: number): void {
    if (program.isDead) this.around.texts.lostOutside(serial);
    else this.limbo.push(serial);
  }

  private copy(stanza: Element): Element {
    return this.around.isBytes ? (parse(stanza.toString()) as Element) : stanza;
  }

  /** To the program. @returns false when there is no link. */
  send(stanza: Element, lost?: () => void): boolean {
    const { stream } = this;
    const { name, attrs } = stanza;
    if (name === "presence")
      this.around.trace?.(() => {
        const status = stanza.getChildText("status") ?? "";
        return `presence ${attrs.type ?? "available"} ${attrs.from} > ${attrs.to} ${status}${stream ? "" : ", no link"}`;
      });
    if (!stream) return false;
    const { program } = stream;
    stream.toProgram.send(() => {
      program.run(() => {
        if (!stream.isOpen) return lost?.();
        const serial = stanza.name === "message" ? serialIn(stanza) : undefined;
        if (serial !== undefined) this.around.news(serial);
        program.toLink({ kind: "received", stanza: this.copy(stanza) });
      }, lost);
    }, lost);
    return true;
  }
}

/** The number of the text that an error is about. */
export function serialOfError({ name, attrs }: Element): number | undefined {
  const { type, id } = attrs;
  return type === "error" && name === "message" && id?.startsWith("x") ? Number(id.slice(1)) : undefined;
}

function serialIn(stanza: Element): number | undefined {
  const { id, type } = stanza.attrs;
  return id?.startsWith("x") && type !== "error" ? Number(id.slice(1)) : undefined;
}
