import type { Millis } from "@tombolo/sip";
import type { KeptAuthorization } from "../kept.ts";

/** What the XMPP user has said about this watcher. */
export type WatcherAuthorization = "none" | "asked" | "granted" | "refused";

/** How far a SIP watcher has come with an XMPP user, who hears the same question once in a while at most. */
export class Permission {
  private authorization: WatcherAuthorization = "none";
  private quiet: Millis | undefined;
  private lastAsked: Millis | undefined;
  private open = false;
  private unsaid = false;

  get state(): WatcherAuthorization {
    return this.authorization;
  }

  get isGranted(): boolean {
    return this.authorization === "granted";
  }

  /** The user was asked, perhaps again after a refusal, and has not answered. */
  get isOpen(): boolean {
    return this.open;
  }

  /** Before this the user is not asked again, ms; a refusal without a watch is forgotten then. */
  get quietUntil(): Millis | undefined {
    return this.quiet;
  }

  get askedAt(): Millis | undefined {
    return this.lastAsked;
  }

  /** What was asked or answered is kept while nobody watches, so that the user is not asked again. */
  get isWorthKeeping(): boolean {
    return this.quiet !== undefined && !this.isGranted;
  }

  /** @returns whether the user is to be asked now; not again before `reask` ms have passed. */
  ask(now: Millis, reask: Millis): boolean {
    if (this.quiet !== undefined && now < this.quiet) return false;
    this.quiet = now + reask;
    this.lastAsked = now;
    this.open = true;
    if (this.authorization === "none") this.authorization = "asked";
    return true;
  }

  grant(): void {
    this.authorization = "granted";
    this.open = false;
  }

  /** The user's server has the permission on record, by what it sends; the answer is still to come. */
  grantUnsaid(): void {
    this.grant();
    this.unsaid = true;
  }

  /** The answer comes after what showed that it would. @returns whether it does. */
  takeUnsaid(): boolean {
    const { unsaid } = this;
    this.unsaid = false;
    return unsaid && this.isGranted;
  }

  /** @param quietUntil the user is not asked again before, ms. */
  refuse(quietUntil: Millis): void {
    this.authorization = "refused";
    this.open = this.unsaid = false;
    this.quiet = quietUntil;
  }

  /** Nothing was asked and nothing was said. */
  forget(): void {
    this.authorization = "none";
    this.open = this.unsaid = false;
    this.quiet = undefined;
  }

  restore({ state, quietUntil, askId }: KeptAuthorization): void {
    this.authorization = state === "active" ? "granted" : state === "denied" ? "refused" : "asked";
    this.open = state === "asked" || askId !== undefined;
    this.quiet = quietUntil;
  }
}
