import type { DialogId, Millis } from "@tombolo/sip";

/** One SIP dialog of a conversation. */
export interface Leg {
  readonly dialog: DialogId;
  /** Our INVITE made it. */
  readonly isOurs: boolean;
  /** confirming: our 2xx waits for its ACK. ending: our BYE waits for its answer. */
  state: "confirming" | "up" | "ending";
  /** Last request in it, either way. */
  lastUsed: Millis;
  /** Legs that go when this one is confirmed: the peer's INVITE came while they were there. */
  replaces: readonly Leg[];
  /** A later INVITE of the peer has taken its place: it ends as soon as it may. */
  isReplaced: boolean;
}

/** The dialogs of one conversation. Usually one; two after both sides invited at once. */
export class Legs {
  /** Those that are up in the order in which they came up. */
  private readonly all: Leg[] = [];

  get size(): number {
    return this.all.length;
  }

  /** Texts can go, or will when the ACK has come. */
  get isUsable(): boolean {
    return this.all.some((leg) => leg.state !== "ending");
  }

  /** The one to send in: of two, the one that came up first, so that both sides choose alike (D4). */
  get sending(): Leg | undefined {
    return this.all.find((leg) => leg.state === "up");
  }

  get up(): Leg[] {
    return this.all.filter((leg) => leg.state === "up");
  }

  get notEnding(): Leg[] {
    return this.all.filter((leg) => leg.state !== "ending");
  }

  get isConfirming(): boolean {
    return this.all.some((leg) => leg.state === "confirming");
  }

  find(dialog: DialogId): Leg | undefined {
    return this.all.find((leg) => leg.dialog === dialog);
  }

  add(dialog: DialogId, state: "confirming" | "up", replaces: readonly Leg[], now: Millis): Leg {
    // Theirs wait for an ACK; ours are up with the 2xx.
    const leg: Leg = { dialog, isOurs: state === "up", state, lastUsed: now, replaces, isReplaced: false };
    this.all.push(leg);
    return leg;
  }

  /** The leg is confirmed: behind those that were up before. */
  raise(leg: Leg, now: Millis): void {
    this.remove(leg);
    leg.state = "up";
    leg.lastUsed = now;
    this.all.push(leg);
  }

  has(leg: Leg): boolean {
    return this.all.includes(leg);
  }

  /** False when it was not among them. */
  remove(leg: Leg): boolean {
    const at = this.all.indexOf(leg);
    if (at >= 0) this.all.splice(at, 1);
    return at >= 0;
  }
}
