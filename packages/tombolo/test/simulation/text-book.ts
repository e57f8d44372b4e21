/** Which way a text goes. */
export type Way = "sip" | "xmpp";

/** What is known of one text, as bits. */
const FROM_SIP = 1;
/** Its sender was told that it is there: a 2xx. */
const TOLD_GOOD = 2;
/** Its sender was told of an error that says: not delivered. */
const TOLD_BAD = 4;
/** Its sender was told of an error that leaves it open: nobody answered, or a connection broke. */
const TOLD_OPEN = 8;
/** The other side's 2xx reached the program in time: an error would be a lie. */
const ANSWERED = 16;
/** It went under before the program had read it: a component stream broke with it inside, which has no acknowledgements. */
const LOST_OUTSIDE = 32;
/** The program was killed before the disk had what it last said of it: it may be lost, come twice or be called failed. */
const CRASH_DOUBT = 64;
/** An error came back after it had been taken. */
const RETURNED = 128;
/** Its sender is gone, or sent it twice: whatever becomes of it, it may be seen once. */
const UNWATCHED = 256;

/** How often which fate was met with, for the line about a seed. */
export interface Tally {
  readonly texts: number;
  readonly seen: number;
  readonly refused: number;
  /** Seen, and its sender was told that it may not have been. */
  readonly both: number;
  readonly returned: number;
  readonly lostOutside: number;
  readonly crashDoubt: number;
}

/** Longest list of complaints that a seed ends with. */
export const MAX_COMPLAINTS = 20;

/** The texts of a simulation, from both sides' view: what was written, who saw it, and what its sender was told. */
export class TextBook {
  readonly complaints: string[] = [];
  private readonly flags: Uint16Array;
  private readonly seen: Uint8Array;
  private readonly errors: Uint8Array;
  private readonly talks: Uint32Array;
  /** The stream on which an XMPP sender was told of an error last. */
  private readonly streams: Uint16Array;
  /** By conversation and way: the last one seen. */
  private readonly lastSeen = new Map<number, number>();
  /** Texts that were seen after a later one of theirs, and that one. */
  private readonly late = new Map<number, number>();
  private count = 0;

  /** @param capacity texts at most. */
  constructor(capacity: number) {
    this.flags = new Uint16Array(capacity);
    this.seen = new Uint8Array(capacity);
    this.errors = new Uint8Array(capacity);
    this.talks = new Uint32Array(capacity);
    this.streams = new Uint16Array(capacity);
  }

  get size(): number {
    return this.count;
  }

  complain(what: string): void {
    if (this.complaints.length < MAX_COMPLAINTS) this.complaints.push(what);
  }

  /** A user writes. @param talk who writes to whom; its texts have to arrive in order. @returns its number. */
  write(from: Way, talk: number): number {
    const serial = this.count++;
    this.flags[serial] = from === "sip" ? FROM_SIP : 0;
    this.talks[serial] = talk;
    return serial;
  }

  /** What the text with that number says. */
  static textOf(serial: number): string {
    const tail = serial % 40 === 0 ? ` ${"Grüße & <more> ".repeat(1 + (serial % 7))}.` : " hello";
    return `#${serial}${tail}`;
  }

  /** The number of a text, or undefined for words that no user wrote. A late one has a mark in front: `[...] `. */
  serialOf(received: string): number | undefined {
    const mark = received.charCodeAt(0) === 0x5b ? received.indexOf("] #") + 2 : 0;
    const text = received.slice(mark);
    if (text.charCodeAt(0) !== 0x23) return undefined;
    const serial = Number.parseInt(text.slice(1), 10);
    if (!(serial < this.count)) {
      this.complain(`nobody wrote "${text.slice(0, 40)}"`);
      return undefined;
    }
    if (text !== TextBook.textOf(serial)) this.complain(`text ${serial} arrived as "${text.slice(0, 60)}"`);
    return serial;
  }

  /** The other user's side has it. */
  see(serial: number, where: string): void {
    this.seen[serial]! += 1;
    const flags = this.flags[serial]!;
    if (this.seen[serial]! > 1) {
      if (!(flags & CRASH_DOUBT)) this.complain(`text ${serial} seen twice, the second time ${where}`);
      return;
    }
    const talk = this.talks[serial]! * 2 + (flags & FROM_SIP);
    if (flags & UNWATCHED) return;
    const last = this.lastSeen.get(talk) ?? -1;
    if (last > serial) this.late.set(serial, last);
    else this.lastSeen.set(talk, serial);
  }

  isSeen(serial: number): boolean {
    return this.seen[serial]! > 0;
  }

  tellGood(serial: number): void {
    this.flags[serial]! |= TOLD_GOOD;
  }

  /** @param isOpen the sender can't know whether it was delivered. */
  tellError(serial: number, isOpen: boolean): void {
    this.errors[serial]! += 1;
    this.flags[serial]! |= isOpen ? TOLD_OPEN : TOLD_BAD;
  }

  /**
   * Its XMPP sender is told of an error. Twice only where the program can't know that the first one arrived: it came on a
   * stream that broke.
   */
  tellXmppError(serial: number, stream: number): void {
    if (this.errors[serial]! > 0 && this.streams[serial] === stream && !(this.flags[serial]! & UNWATCHED))
      this.complain(`text ${serial}: its sender was told twice`);
    this.streams[serial] = stream;
    this.tellError(serial, false);
  }

  answered(serial: number): void {
    this.flags[serial]! |= ANSWERED;
  }

  lostOutside(serial: number): void {
    this.flags[serial]! |= LOST_OUTSIDE;
  }

  returned(serial: number): void {
    this.flags[serial]! |= RETURNED;
  }

  unwatch(serial: number): void {
    this.flags[serial]! |= UNWATCHED;
  }

  /** The program was killed before the disk had what it last said of this text. */
  doubt(serial: number): void {
    this.flags[serial]! |= CRASH_DOUBT;
  }

  /** Law 1, text by text; each kind of fault is one complaint. */
  check(): void {
    this.checkOrder();
    const faults = new Map<string, number[]>();
    for (let serial = 0; serial < this.count; serial++) {
      const wrong = this.flags[serial]! & FROM_SIP ? this.faultFromSip(serial) : this.faultFromXmpp(serial);
      if (wrong === undefined) continue;
      const serials = faults.get(wrong) ?? [];
      faults.set(wrong, serials);
      serials.push(serial);
    }
    for (const [wrong, serials] of faults)
      this.complain(`${serials.length} texts (${serials.slice(0, 3).join(", ")}...): ${wrong}`);
  }

  /**
   * A text whose sender was told that it failed has no place in the order any more: it may still lie in a connection that
   * stands still when the next one goes on another.
   */
  private checkOrder(): void {
    for (const [serial, last] of this.late) {
      if (!(this.flags[serial]! & (TOLD_BAD | TOLD_OPEN)))
        this.complain(`text ${serial} seen after ${last} of the same conversation`);
    }
  }

  private faultFromSip(serial: number): string | undefined {
    const flags = this.flags[serial]!;
    const isSeen = this.seen[serial]! > 0;
    if (flags & UNWATCHED) return undefined;
    if (flags & TOLD_GOOD)
      return isSeen || flags & RETURNED ? undefined : "its sender got a 2xx, nobody saw it";
    if (flags & TOLD_BAD && isSeen) return "seen, though its sender was told that it was not delivered";
    if (!(flags & (TOLD_BAD | TOLD_OPEN))) return `its sender (SIP) was never told${isSeen ? "; seen" : ""}`;
    return undefined;
  }

  private faultFromXmpp(serial: number): string | undefined {
    const flags = this.flags[serial]!;
    const isSeen = this.seen[serial]! > 0;
    const errors = this.errors[serial]!;
    if (flags & (UNWATCHED | CRASH_DOUBT)) return undefined;
    if (!isSeen && errors === 0)
      return flags & LOST_OUTSIDE ? undefined : "nobody saw it, its sender (XMPP) was never told";
    if (isSeen && errors > 0 && flags & ANSWERED)
      return "seen and answered with 2xx, and its sender got an error";
    return undefined;
  }

  tally(): Tally {
    const tally = {
      texts: this.count,
      seen: 0,
      refused: 0,
      both: 0,
      returned: 0,
      lostOutside: 0,
      crashDoubt: 0,
    };
    for (let serial = 0; serial < this.count; serial++) {
      const flags = this.flags[serial]!;
      const isSeen = this.seen[serial]! > 0;
      const isTold = (flags & (TOLD_BAD | TOLD_OPEN)) !== 0;
      if (isSeen) tally.seen += 1;
      if (isTold) tally[isSeen ? "both" : "refused"] += 1;
      if (flags & RETURNED) tally.returned += 1;
      if (isSeen || isTold) continue;
      if (flags & CRASH_DOUBT) tally.crashDoubt += 1;
      else if (flags & LOST_OUTSIDE) tally.lostOutside += 1;
    }
    return tally;
  }
}
