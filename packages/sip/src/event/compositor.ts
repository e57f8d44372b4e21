import type { Deadline, Machine, Millis } from "../machine.ts";
import type { CompositorOutput, CompositorSettings, Publication, Publish } from "./compositor-port.ts";
import {
  COMPOSITOR_TABLE,
  type PublicationAction,
  type PublicationEvent,
  type PublicationStep,
} from "./tables/compositor.ts";

/** Shortest lifetime of a publication, s: shorter ones are answered 423. */
export const MIN_PUBLICATION_S = 60;
/** Longest lifetime of a publication, s; also what a request that names none gets (RFC 3856 6.4). */
export const MAX_PUBLICATION_S = 3_600;
/** Publications of one presentity at once. A further one takes the place of the one that was heard from longest ago. */
export const MAX_PUBLICATIONS = 16;

/**
 * The event state of one presentity, made of publications (RFC 3903 6). Every 200 carries a new entity tag. What the
 * states mean, and which of them counts, is the caller's.
 */
export class Compositor<Meaning> implements Machine<Publish<Meaning>, CompositorOutput> {
  private readonly settings: Required<Omit<CompositorSettings, "trace">> & Pick<CompositorSettings, "trace">;
  /** By entity tag; the one that was heard from longest ago comes first. */
  private readonly live = new Map<string, Publication<Meaning>>();
  private readonly outputs: CompositorOutput[] = [];

  constructor(settings: CompositorSettings) {
    this.settings = {
      minExpires: MIN_PUBLICATION_S,
      maxExpires: MAX_PUBLICATION_S,
      maxPublications: MAX_PUBLICATIONS,
      ...settings,
    };
  }

  get size(): number {
    return this.live.size;
  }

  /** What is published now, the one that was heard from last at the end. */
  publications(): IterableIterator<Publication<Meaning>> {
    return this.live.values();
  }

  /** Takes a publication of an earlier run; one over the bound displaces another as a new one does. */
  restore(publication: Publication<Meaning>): void {
    this.makeRoom();
    this.live.set(publication.etag, publication);
  }

  handle(publish: Publish<Meaning>, now: Millis): void {
    this.timeout(now);
    const found = publish.ifMatch === undefined ? undefined : this.live.get(publish.ifMatch);
    const step = this.step(found, this.eventOf(publish));
    const granted = this.granted(publish);
    const etag =
      step.action && this.act(step.action, { found, publish, expiresAt: now + granted * 1000 }, now);
    if (step.answer !== undefined) this.answer(publish.request, step.answer, etag, granted);
    if (step.action) this.outputs.push({ kind: "changed" });
  }

  timeout(now: Millis): void {
    for (const publication of this.live.values()) {
      if (publication.expiresAt > now) continue;
      this.step(publication, "expired");
      this.discard(publication);
      this.outputs.push({ kind: "changed" });
    }
  }

  nextDeadline(): Deadline | undefined {
    let at = Number.POSITIVE_INFINITY;
    for (const { expiresAt } of this.live.values()) at = Math.min(at, expiresAt);
    return at === Number.POSITIVE_INFINITY ? undefined : { at, reason: "publication lapses" };
  }

  poll(): CompositorOutput | undefined {
    return this.outputs.shift();
  }

  /** The checks of RFC 3903 6 in their order, as one event. Whether the tag is known is the table's matter. */
  private eventOf({ ifMatch, expires, body }: Publish<Meaning>): PublicationEvent {
    const isBrief = expires !== undefined && expires > 0 && expires < this.settings.minExpires;
    if (ifMatch !== undefined) {
      if (expires === 0) return "remove";
      if (isBrief) return "match-brief";
      if (body.kind === "unreadable") return "match-unreadable";
      return body.kind === "none" ? "refresh" : "modify";
    }
    if (expires === 0) return "create-over";
    if (isBrief) return "create-brief";
    if (body.kind === "unreadable") return "create-unreadable";
    return body.kind === "none" ? "create-empty" : "create";
  }

  private step(found: Publication<Meaning> | undefined, event: PublicationEvent): PublicationStep {
    const state = found ? "live" : "absent";
    const step: PublicationStep = COMPOSITOR_TABLE[state][event];
    this.settings.trace?.(state, event, step.row);
    return step;
  }

  private granted({ expires }: Publish<Meaning>): number {
    const { maxExpires } = this.settings;
    return Math.min(expires ?? maxExpires, maxExpires);
  }

  /** @returns the entity tag of the answer. */
  private act(
    action: PublicationAction,
    to: {
      readonly found: Publication<Meaning> | undefined;
      readonly publish: Publish<Meaning>;
      readonly expiresAt: Millis;
    },
    now: Millis,
  ): string {
    const { found, publish, expiresAt } = to;
    const etag = this.settings.ids();
    const { body } = publish;
    if (action === "discard") {
      this.discard(found!);
      return etag;
    }
    if (action === "store") this.makeRoom();
    else this.live.delete(found!.etag);
    const said = body.kind === "state" ? { state: body.state, changedAt: now } : found!;
    const { state, changedAt } = said;
    this.live.set(etag, { id: found?.id ?? etag, etag, state, changedAt, expiresAt });
    return etag;
  }

  /** A device that forgets its tags at each start must not shut itself out. */
  private makeRoom(): void {
    if (this.live.size < this.settings.maxPublications) return;
    this.discard(this.live.values().next().value!);
  }

  private discard({ id, etag }: Publication<Meaning>): void {
    this.live.delete(etag);
    this.outputs.push({ kind: "gone", id });
  }

  private answer(
    request: string,
    status: NonNullable<PublicationStep["answer"]>,
    etag: string | undefined,
    expires: number,
  ): void {
    this.outputs.push({
      kind: "answer",
      request,
      status,
      ...(etag !== undefined && { etag, expires }),
      ...(status === 423 && { minExpires: this.settings.minExpires }),
    });
  }
}
