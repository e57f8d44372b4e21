import type { Millis } from "@tombolo/sip";
import type { KeptAuthorization } from "../kept.ts";

/** What an XMPP user's server is told of a permission (RFC 6121 3.1.4, 3.2.1). */
export type PermissionWord = "subscribed" | "unsubscribed";

/** A decision that the XMPP user's server may not have yet. */
interface Owed {
  readonly type: PermissionWord;
}

/**
 * What an XMPP user wants of a SIP user's presence, and how far the permission has come. It outlives dialogs: only the
 * user takes a wish back, and only the SIP side's own refusal ends a permission (C-27).
 */
export class Wish {
  private wanted = false;
  private asked = false;
  private id: string | undefined;
  private told = false;
  private authorized = false;
  private refusedUntil: Millis | undefined;
  private decision: Owed | undefined;

  get isWanted(): boolean {
    return this.wanted;
  }

  /** The SIP side has let this user see the presence. */
  get isAuthorized(): boolean {
    return this.authorized;
  }

  /** The SIP side has refused. */
  get isDenied(): boolean {
    return this.refusedUntil !== undefined;
  }

  /** When the refusal is forgotten, ms. */
  get deniedUntil(): Millis | undefined {
    return this.refusedUntil;
  }

  /** Id of the `subscribe` that waits for its answer. */
  get askId(): string | undefined {
    return this.id;
  }

  /** What the XMPP user's server may not have heard. */
  get owed(): PermissionWord | undefined {
    return this.decision?.type;
  }

  owe(decision: Owed): void {
    this.decision = decision;
  }

  /** The XMPP user's server has it. */
  settle(decision: Owed): void {
    if (this.decision === decision) this.decision = undefined;
  }

  /** The user says `subscribe`: a refusal counts no more. */
  want(): void {
    this.decision = undefined;
    this.refusedUntil = undefined;
    this.wanted = true;
  }

  /** The `subscribe` waits for `subscribed`. */
  ask(id: string | undefined): void {
    this.asked = true;
    this.told = false;
    this.id = id;
  }

  /** What the SIP side shows without being asked is wanted. */
  takeUp(): void {
    this.wanted = true;
    this.authorized = true;
  }

  /** The user takes it back. */
  giveUp(): void {
    this.decision = undefined;
    this.wanted = false;
    this.refusedUntil = undefined;
    this.asked = false;
    this.id = undefined;
    this.authorized = false;
  }

  /** The SIP side lets the user in. @returns whether a `subscribe` waited for it. */
  allow(): boolean {
    const wasAsked = this.asked;
    this.authorized = true;
    this.asked = false;
    this.id = undefined;
    return wasAsked;
  }

  /** The SIP side has not decided. */
  suspend(): void {
    this.authorized = false;
  }

  /** The SIP side has refused for good; forgotten at `until`. */
  deny(until: Millis): void {
    this.giveUp();
    this.refusedUntil = until;
  }

  /** @returns whether somebody waits for an answer to `subscribe` and has not heard that it does not work now. */
  takeWord(): boolean {
    if (!this.asked || this.told) return false;
    this.told = true;
    return true;
  }

  timeout(now: Millis): void {
    if (this.refusedUntil === undefined || now < this.refusedUntil) return;
    this.refusedUntil = undefined;
    this.decision = undefined;
  }

  /** As it has to outlive the process; undefined where there is nothing to keep. */
  get kept(): Omit<KeptAuthorization, "since"> | undefined {
    const asks = (this.asked || this.decision !== undefined) && { askId: this.id ?? "" };
    if (this.refusedUntil !== undefined) return { state: "denied", quietUntil: this.refusedUntil, ...asks };
    if (!this.wanted) return undefined;
    return { state: this.authorized ? "active" : "asked", ...asks };
  }

  restore({ state, quietUntil, askId }: KeptAuthorization): void {
    const isAsked = askId !== undefined;
    this.id = askId === "" ? undefined : askId;
    if (isAsked && state !== "asked")
      this.decision = { type: state === "active" ? "subscribed" : "unsubscribed" };
    if (state === "denied") {
      this.refusedUntil = quietUntil;
      return;
    }
    this.wanted = true;
    this.authorized = state === "active";
    this.asked = isAsked && !this.authorized;
  }
}
