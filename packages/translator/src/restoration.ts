import type { Millis } from "@tombolo/sip";
import type { Gates } from "./gates.ts";
import type { Keep, Kept } from "./kept.ts";
import type { Observation } from "./observation.ts";
import type { Pair } from "./pair.ts";
import type { PairBook } from "./pair-book.ts";
import type { PairLegs } from "./pair-legs.ts";
import type { SipSide } from "./sip-side.ts";

/** What an earlier run kept becomes pairs again, and is kept anew when the store has lost it. */
export class Restoration {
  private readonly sip: SipSide;
  private readonly gates: Gates;
  private readonly book: PairBook;
  private readonly keep: Keep;
  private readonly observe: (observation: Observation) => void;

  constructor(
    sip: SipSide,
    gates: Gates,
    book: PairBook,
    keep: Keep,
    observe: (observation: Observation) => void,
  ) {
    this.observe = observe;
    this.sip = sip;
    this.gates = gates;
    this.book = book;
    this.keep = keep;
  }

  /** One thing kept, in the order that `Kept` says. What belongs to nobody any more is forgotten. */
  restore(kept: Exclude<Kept, { what: "publication" }>, now: Millis): void {
    if (kept.what === "rule") {
      if (kept.value) this.gates.restoreRule({ user: kept.user, peer: kept.peer, ...kept.value });
      return;
    }
    const { pair } = kept;
    const partner = this.gates.partner(pair.partner);
    const isOver = kept.what === "dialog" && kept.value !== undefined && kept.value.expiresAt <= now;
    const legs =
      partner && !isOver ? this.book.findOrMake(pair.xmppUser, localOf(pair.sipUser), partner) : undefined;
    if (legs) {
      legs.pair.sipUri = pair.sipUri;
      legs.restore(kept, now);
      return;
    }
    if (kept.what === "text") {
      // Without room it stays for the next start.
      if (partner) return;
      const detail = "a text that waited for a partner that is no more cannot be returned to its sender";
      this.observe({ what: "note", event: "text-dropped", partner: pair.partner, detail });
    }
    if (kept.what === "dialog") this.sip.disown(kept.dialog);
    this.keep({ ...kept, value: undefined });
  }

  /** All is restored: @returns the pairs that have something to continue. */
  finish(now: Millis): PairLegs[] {
    for (const legs of this.book.all()) {
      // Of a pair whose dialogs have lapsed nothing is left.
      if (legs.isIdle) {
        this.forgetKept(legs.pair);
        this.book.forget(legs);
        continue;
      }
      legs.markRestored(now);
      this.book.schedule(legs);
    }
    return [...this.book.all()];
  }

  /** Hands out everything that is to be kept. */
  keepAll(): void {
    this.gates.keepAll(this.keep);
    for (const legs of this.book.all()) {
      legs.keepAnew();
      this.book.touch(legs);
    }
  }

  private forgetKept(pair: Pair): void {
    for (const watcher of ["xmpp", "sip"] as const) {
      this.keep({ what: "authorization", pair, watcher, value: undefined });
      this.keep({ what: "presence", pair, watcher, value: undefined });
    }
  }
}

function localOf(jid: string): string {
  return jid.slice(0, jid.lastIndexOf("@"));
}
