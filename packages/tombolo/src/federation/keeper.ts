import { type DialogSnapshot, dialogId, resumed } from "@tombolo/sip";
import type { Kept, KeptDialog, KeptPublication, KeptPublicationOf, PairParts } from "@tombolo/translator";
import type { GatewayInput } from "../gateway.ts";
import { publicationKey, ruleKey, watchKey } from "../store/kinds.ts";
import { RECORD_VERSION, type RecordKind, type StoreRecord } from "../store/records.ts";
import type { PutAnswer, Store } from "../store/store.ts";
import { type ClockReading, toMonotonic, toWall, type WallMillis } from "../store/wall-clock.ts";

/** Longest time that a restored record may have before it, ms: a clock set back must not make it years. */
const LONGEST_MS = 24 * 3_600_000;

const v = RECORD_VERSION;

/** Carries what the gateway keeps to the store and back: monotonic times to wall-clock times, values to records. */
export class Keeper {
  private readonly store: Store;
  private readonly clocks: () => ClockReading;
  private readonly onRefused: (kept: Kept, answer: PutAnswer) => void;

  /** @param onRefused told of what the store did not take. */
  constructor(store: Store, clocks: () => ClockReading, onRefused: (kept: Kept, answer: PutAnswer) => void) {
    this.store = store;
    this.clocks = clocks;
    this.onRefused = onRefused;
  }

  keep(kept: Kept, snapshot: DialogSnapshot | undefined): void {
    const record = this.recordOf(kept, snapshot);
    if (record === undefined) {
      this.store.delete(kindOf(kept), keyOf(kept));
      return;
    }
    const answer = this.store.put(record, kept.what === "presence" && kept.again === true);
    if (answer !== "taken") this.onRefused(kept, answer);
  }

  /** Gives everything that an earlier run kept. Rejects with a `StoreError`. */
  async restore(feed: (input: GatewayInput) => void): Promise<number> {
    const clocks = this.clocks();
    let count = 0;
    for await (const portion of this.store.loadAll()) {
      for (const record of portion) {
        const input = inputOf(record, clocks);
        if (!input) continue;
        feed(input);
        count += 1;
      }
    }
    return count;
  }

  private recordOf(kept: Kept, snapshot: DialogSnapshot | undefined): StoreRecord | undefined {
    const clocks = this.clocks();
    if (kept.value === undefined) return undefined;
    if (kept.what === "rule") {
      const { user, peer, value } = kept;
      return { v, kind: "rule", user, peer, ...value, at: clocks.wall };
    }
    if (kept.what === "text") {
      const { id, value } = kept;
      const acceptedAt = toWall(value.acceptedAt, clocks);
      return { v, kind: "message", id, pair: partsOf(kept.pair), ...value, acceptedAt };
    }
    if (kept.what === "publication") return publicationRecord(kept, kept.value, clocks);
    const base = { v, pair: partsOf(kept.pair), watcher: kept.watcher } as const;
    switch (kept.what) {
      case "authorization": {
        const { state, since, quietUntil, askId } = kept.value;
        return {
          ...base,
          kind: "authorization",
          state,
          since: toWall(since, clocks),
          ...(quietUntil !== undefined && { quietUntil: toWall(quietUntil, clocks) }),
          ...(askId !== undefined && { askId }),
        };
      }
      case "dialog":
        return snapshot && { ...base, kind: "dialog", snapshot, ...dialogFields(kept.value, clocks) };
      case "presence": {
        const { at, shown, resources } = kept.value;
        return {
          ...base,
          kind: "presence",
          at: toWall(at, clocks),
          ...(shown && { shown }),
          ...(resources && { resources }),
        };
      }
    }
  }
}

function publicationRecord(
  { by, partner, user, id }: KeptPublicationOf,
  { etag, expiresAt, since, shown }: KeptPublication,
  clocks: ClockReading,
): StoreRecord {
  return {
    v,
    kind: "publication",
    ...{ by, partner, user, id, etag },
    expiresAt: toWall(expiresAt, clocks),
    ...(since !== undefined && { since: toWall(since, clocks) }),
    ...(shown && { shown }),
  };
}

function dialogFields({ state, expiresAt, expires }: KeptDialog, clocks: ClockReading) {
  return {
    state,
    expiresAt: toWall(expiresAt, clocks),
    ...(expires !== undefined && { minExpires: expires }),
  };
}

function partsOf({ xmppUser, sipUser, partner, sipUri }: PairParts): PairParts {
  return { xmppUser, sipUser, partner, sipUri };
}

function kindOf({ what }: Kept): RecordKind {
  return what === "text" ? "message" : what;
}

function keyOf(kept: Kept): string {
  if (kept.what === "rule") return ruleKey(kept.user, kept.peer);
  if (kept.what === "text") return kept.id;
  if (kept.what === "publication") return publicationKey(kept);
  return kept.what === "dialog" ? kept.dialog : watchKey(kept.pair, kept.watcher);
}

/** Undefined for what the gateway does not know. */
function inputOf(record: StoreRecord, clocks: ClockReading): GatewayInput | undefined {
  const later = (at: WallMillis) => toMonotonic(at, clocks, LONGEST_MS);
  switch (record.kind) {
    case "rule": {
      const { user, peer, action, source } = record;
      return { kind: "restore", kept: { what: "rule", user, peer, value: { action, source } } };
    }
    case "authorization": {
      const { pair, watcher, state, since, quietUntil, askId } = record;
      const value = {
        state: state === "suspended" ? ("active" as const) : state,
        since: later(since),
        ...(quietUntil !== undefined && { quietUntil: later(quietUntil) }),
        ...(askId !== undefined && { askId }),
      };
      return { kind: "restore", kept: { what: "authorization", pair, watcher, value } };
    }
    case "dialog": {
      const { pair, watcher, snapshot, state, expiresAt, minExpires } = record;
      const value = {
        state,
        expiresAt: later(expiresAt),
        ...(minExpires !== undefined && { expires: minExpires }),
      };
      const dialog = dialogId(snapshot.callId, snapshot.localTag, snapshot.remoteTag);
      const kept = { what: "dialog", pair, watcher, dialog, value } as const;
      return { kind: "restore", kept, snapshot: resumed(snapshot, clocks.wall) };
    }
    case "presence": {
      const { pair, watcher, at, shown, resources } = record;
      const value = { at: later(at), ...(shown && { shown }), ...(resources && { resources }) };
      return { kind: "restore", kept: { what: "presence", pair, watcher, value } };
    }
    case "message": {
      const { v: _, kind: __, id, pair, acceptedAt, ...value } = record;
      const kept = { what: "text", pair, id, value: { ...value, acceptedAt: later(acceptedAt) } } as const;
      return { kind: "restore", kept };
    }
    case "publication": {
      const { by, partner, user, id, etag, expiresAt, since, shown } = record;
      const value = {
        etag,
        expiresAt: later(expiresAt),
        ...(since !== undefined && { since: later(since) }),
        ...(shown && { shown }),
      };
      return { kind: "restore", kept: { what: "publication", by, partner, user, id, value } };
    }
    default:
      return undefined;
  }
}
