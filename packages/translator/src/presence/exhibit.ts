import type { Deadline, Millis } from "@tombolo/sip";
import type { Element } from "ltx";
import { parseJid } from "../address/index.ts";
import type { KeptResource } from "../kept.ts";
import type { Documents, MappedState } from "./documents.ts";
import { NOBODY, Resources } from "./resources.ts";

const NOTHING = new Resources();

/**
 * How long after a permission presence of all resources may take, ms. A server that answers for its user may send none
 * (RFC 6121 3.1.3), and the next that comes is of one resource that has changed: then it is asked for all.
 */
export const RIGHT_BEHIND: Millis = 500;

/** What an XMPP user shows one SIP watcher: the resources, and how far they can be trusted now. */
export class Exhibit {
  private readonly documents: Documents;
  private readonly resources = new Resources();
  private known = false;
  private out = false;
  private stale = false;
  private settle: Millis | undefined;
  private probeAt: Millis | undefined;
  private answer: Millis | undefined;
  private changes = 0;

  constructor(documents: Documents) {
    this.documents = documents;
  }

  /** The user's presence has come since there is a watch, or has been waited for. */
  get isKnown(): boolean {
    return this.known;
  }

  /** The link to the user's server is down for so long that nothing is known any more. */
  get isOut(): boolean {
    return this.out;
  }

  /** What is known is from before an outage or a restart, and the user's server has been asked. */
  get isStale(): boolean {
    return this.stale;
  }

  /** The user's presence is waited for before the watcher is told something. */
  get isSettling(): boolean {
    return this.settle !== undefined;
  }

  /** Grows with each change of what is known. */
  get version(): number {
    return this.changes;
  }

  list(): readonly KeptResource[] {
    return this.resources.list();
  }

  /** Presence of the user, meant for this watcher. What is stale goes with it. */
  take(stanza: Element): void {
    if (this.stale) this.resources.clear();
    this.stale = false;
    this.out = false;
    this.answer = undefined;
    this.changes += 1;
    this.resources.take(parseJid(stanza.attrs.from ?? "")?.resource ?? "", stanza);
    this.known = true;
  }

  restore(resources: readonly KeptResource[]): void {
    this.resources.restore(resources);
    this.known = true;
    this.stale = true;
  }

  /** Nothing is known of the user. */
  forget(): void {
    this.known = false;
    this.stale = false;
    this.answer = undefined;
    this.resources.clear();
    this.changes += 1;
  }

  /** It is known that the user shows nothing. */
  knowNothing(): void {
    this.forget();
    this.known = true;
    this.out = false;
  }

  outage(): void {
    this.out = true;
  }

  outageOver(): void {
    this.out = false;
  }

  /** The user's server is asked for what was missed. A short gap leaves what is known standing where no answer comes. */
  askAnew(answerBy: Millis): void {
    if (this.out || this.stale) this.answer = answerBy;
    this.stale = true;
  }

  /** The presence that should follow is waited for. @param probeAt when it is asked for; undefined where it was. */
  settleBy(at: Millis, probeAt: Millis | undefined): void {
    this.settle = at;
    this.probeAt = probeAt;
  }

  /** A device leaves while all are waited for, which says nothing of the others. */
  isBeforeAnswer({ attrs: { type, from } }: Element): boolean {
    const isWaiting = this.settle !== undefined && !this.known;
    return isWaiting && type === "unavailable" && parseJid(from ?? "")?.resource !== undefined;
  }

  /** It has come, or is waited for no more. */
  settled(): void {
    this.settle = undefined;
    this.probeAt = undefined;
  }

  /** It has not come: the watcher is told what there is. */
  giveUpWaiting(): void {
    this.known = true;
  }

  /**
   * What the watcher may see.
   * @param isAllowed the user has let them in, and no rule shuts them out
   * @param published what the user publishes for all whom they let in
   */
  current(isAllowed: boolean, published: KeptResource | undefined): MappedState {
    if (!isAllowed || !this.known) return this.documents.map(NOBODY);
    return this.documents.map((this.out ? NOTHING : this.resources).compose(published));
  }

  /** What a last document says, whatever there is. */
  farewell(): MappedState {
    return this.documents.map(NOBODY);
  }

  /** Nothing has come right behind the permission: the user's server is asked. Once. */
  takeProbe(now: Millis): boolean {
    if (this.probeAt === undefined || now < this.probeAt) return false;
    this.probeAt = undefined;
    return true;
  }

  isSettleDue(now: Millis): boolean {
    return this.settle !== undefined && now >= this.settle;
  }

  isAnswerDue(now: Millis): boolean {
    return this.answer !== undefined && now >= this.answer;
  }

  nextDeadline(): Deadline | undefined {
    const { answer, probeAt } = this;
    const settle = probeAt ?? this.settle;
    if (settle !== undefined && (answer === undefined || settle <= answer))
      return { at: settle, reason: "presence did not follow" };
    return answer === undefined ? undefined : { at: answer, reason: "probe not answered" };
  }
}
