/** The kinds of records as data: where they are, how many there may be, and what is promised about them. */
import { dialogId } from "@tombolo/sip";
import type { PairParts, RecordKind, RecordOf, StoreRecord, WatcherSide } from "./records.ts";

interface KindRow<K extends RecordKind> {
  /** The table in the file. */
  readonly table: string;
  /** Records at most; a new one beyond is refused as `too-many`. */
  readonly max: number;
  /**
   * What a written record survives. `crash`: the death of the process. `power-loss`: that of the machine, at the price of
   * one wait for the disk per commit.
   */
  readonly survives: "crash" | "power-loss";
  /** In trouble `queue` keeps changes in memory until the disk takes them; `refuse` is for what is promised to somebody. */
  readonly inTrouble: "queue" | "refuse";
  /** How long a change may wait for others to share its transaction, where nothing that waits is in more of a hurry. */
  readonly wait: "brief" | "long";
  readonly key: (record: RecordOf<K>) => string;
}

export const KINDS = {
  meta: {
    table: "meta",
    max: 16,
    survives: "power-loss",
    inTrouble: "queue",
    wait: "brief",
    key: (record) => record.name,
  },
  // A block that was confirmed must not be forgotten.
  rule: {
    table: "rules",
    max: 100_000,
    survives: "power-loss",
    inTrouble: "queue",
    wait: "brief",
    key: (record) => ruleKey(record.user, record.peer),
  },
  authorization: {
    table: "authorizations",
    max: 500_000,
    survives: "crash",
    inTrouble: "queue",
    wait: "brief",
    key: (record) => watchKey(record.pair, record.watcher),
  },
  dialog: {
    table: "dialogs",
    max: 250_000,
    survives: "crash",
    inTrouble: "queue",
    wait: "brief",
    key: (record) => {
      const { callId, localTag, remoteTag } = record.snapshot;
      return dialogId(callId, localTag, remoteTag);
    },
  },
  // Told once more after a restart whatever it says, and asked for: what a kill costs of it is seen by nobody.
  presence: {
    table: "presence",
    max: 500_000,
    survives: "crash",
    inTrouble: "queue",
    wait: "long",
    key: (record) => watchKey(record.pair, record.watcher),
  },
  publication: {
    table: "publications",
    max: 200_000,
    survives: "crash",
    inTrouble: "queue",
    wait: "brief",
    key: publicationKey,
  },
  address: {
    table: "addresses",
    max: 500_000,
    survives: "crash",
    inTrouble: "queue",
    wait: "brief",
    key: (record) => record.jid,
  },
  message: {
    table: "messages",
    max: 100_000,
    survives: "crash",
    inTrouble: "refuse",
    wait: "brief",
    key: (record) => record.id,
  },
} satisfies { readonly [K in RecordKind]: KindRow<K> };

/** In the order in which `loadAll` gives them: a pair's permission before its dialogs before its presence. */
export const KIND_NAMES = Object.keys(KINDS) as readonly RecordKind[];

/** Records at most, by kind. */
export type KindLimits = Readonly<Record<RecordKind, number>>;

export const DEFAULT_KIND_LIMITS = Object.fromEntries(
  KIND_NAMES.map((kind) => [kind, KINDS[kind].max]),
) as KindLimits;

/** The key by which a record is replaced and deleted; unique within its kind. */
export function keyOf(record: StoreRecord): string {
  return (KINDS[record.kind].key as (record: StoreRecord) => string)(record);
}

export function ruleKey(user: string, peer: string): string {
  return `${user} ${peer}`;
}

export function publicationKey(of: Pick<RecordOf<"publication">, "by" | "partner" | "user" | "id">): string {
  return `${of.by} ${of.partner} ${of.user} ${of.id}`;
}

/** Key of authorizations and presence. */
export function watchKey(pair: Pick<PairParts, "xmppUser" | "sipUser">, watcher: WatcherSide): string {
  return `${pair.xmppUser} ${pair.sipUser} ${watcher}`;
}
