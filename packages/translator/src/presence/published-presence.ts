import { Compositor, type Deadline, type IdSource, type Millis, type PublishedBody } from "@tombolo/sip";
import type { BareJid } from "../address/index.ts";
import { NOT_QUEUED, type Sleeper } from "../deadline-queue.ts";
import type { Keep } from "../kept.ts";
import type { KeptPublication } from "../kept-publication.ts";
import type { IncomingRequest, SipSide } from "../sip-side.ts";
import { compose, type Said } from "./composition.ts";
import type { Documents, ShownPresence } from "./documents.ts";
import { publishAnswerHeaders, readPublish } from "./publish-wire.ts";

/** What a document says; undefined where it says nothing of availability. */
type Meaning = ShownPresence | undefined;

export interface PublishedPresenceContext {
  /** Bare JID that stands for the SIP user. */
  readonly user: BareJid;
  /** The partner's domain as configured. */
  readonly partner: string;
  readonly documents: Documents;
  readonly sip: SipSide;
  readonly ids: IdSource;
  readonly keep: Keep;
}

/** The presence that one SIP user publishes here, for all who may watch them (RFC 3903 6, IF-03). */
export class PublishedPresence implements Sleeper {
  queuePlace = NOT_QUEUED;
  private readonly context: PublishedPresenceContext;
  private readonly compositor: Compositor<Meaning>;
  /** The entity tag under which each publication was kept last, by its id. */
  private readonly keptAs = new Map<string, string>();
  private lastSaid: Said | undefined;

  constructor(context: PublishedPresenceContext) {
    this.context = context;
    this.compositor = new Compositor({ ids: context.ids });
  }

  get user(): BareJid {
    return this.context.user;
  }

  get partner(): string {
    return this.context.partner;
  }

  /** Nothing is published. */
  get isIdle(): boolean {
    return this.compositor.size === 0;
  }

  /** What all publications together say; undefined where none says anything. */
  get said(): Said | undefined {
    const sources: (Said | undefined)[] = [];
    for (const { state, changedAt } of this.compositor.publications())
      sources.push(state && { presence: state, since: changedAt });
    return compose(sources);
  }

  /** Whether all publications together say something else than when this was asked last; a refresh is no news. */
  takeNews(): boolean {
    const { said } = this;
    const isNews = said?.presence !== this.lastSaid?.presence || said?.since !== this.lastSaid?.since;
    this.lastSaid = said;
    return isNews;
  }

  /** A PUBLISH of this user, their right to it already checked: answers it. */
  onPublish({ message, request }: IncomingRequest, now: Millis): void {
    const { sip, documents } = this.context;
    const asked = readPublish(message);
    if (!asked.ok) {
      sip.answer(request, asked.status, asked.extra);
      return;
    }
    const { ifMatch, expires } = asked;
    const reading = documents.readPublication(message, this.user);
    if (reading.kind === "broken" && (ifMatch === undefined || expires !== 0)) {
      sip.answer(request, 400, { reason: `Bad Request (${reading.why})` });
      return;
    }
    this.compositor.handle({ kind: "publish", request, ifMatch, expires, body: bodyOf(reading) }, now);
    this.drain();
  }

  timeout(now: Millis): void {
    this.compositor.timeout(now);
    this.drain();
  }

  nextDeadline(): Deadline | undefined {
    return this.compositor.nextDeadline();
  }

  restore(id: string, { etag, since = Number.NEGATIVE_INFINITY, expiresAt, shown }: KeptPublication): void {
    this.keptAs.set(id, etag);
    this.compositor.restore({ id, etag, state: shown, changedAt: since, expiresAt });
    this.drain();
  }

  /** The partner is not federated with any more, or may not publish: nothing of this is left. */
  discard(): void {
    for (const id of this.keptAs.keys()) this.keepGone(id);
  }

  /** Nothing counts as kept. */
  keepAnew(): void {
    this.keptAs.clear();
    this.keepChanged();
  }

  private drain(): void {
    for (let out = this.compositor.poll(); out; out = this.compositor.poll()) {
      if (out.kind === "answer")
        this.context.sip.answer(out.request, out.status, { headers: publishAnswerHeaders(out) });
      else if (out.kind === "gone") this.keepGone(out.id);
      else this.keepChanged();
    }
  }

  private keepGone(id: string): void {
    if (!this.keptAs.delete(id)) return;
    const { keep, partner, user } = this.context;
    keep({ what: "publication", by: "partner", partner, user, id, value: undefined });
  }

  private keepChanged(): void {
    const { keep, partner, user } = this.context;
    for (const { id, etag, state, changedAt, expiresAt } of this.compositor.publications()) {
      if (this.keptAs.get(id) === etag) continue;
      this.keptAs.set(id, etag);
      const value = { etag, since: changedAt, expiresAt, ...(state && { shown: state }) };
      keep({ what: "publication", by: "partner", partner, user, id, value });
    }
  }
}

function bodyOf(reading: ReturnType<Documents["readPublication"]>): PublishedBody<Meaning> {
  switch (reading.kind) {
    case "none":
    case "unsupported":
      return { kind: reading.kind === "none" ? "none" : "unreadable" };
    case "broken":
      return { kind: "none" };
    case "said":
      return { kind: "state", state: reading.shown };
  }
}
