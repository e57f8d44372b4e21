import type { Millis } from "@tombolo/sip";
import type { DialogView, PairLegs } from "@tombolo/translator";

/** One direction of one pair: who watches whom. Addresses are bare JIDs. */
export interface SubscriptionRow {
  readonly watcher: string;
  readonly presentity: string;
  readonly direction: "sip_to_xmpp" | "xmpp_to_sip";
  readonly partner: string;
  readonly state: string;
  readonly dialogs: number;
  /** Until the dialog that lasts longest lapses, unless refreshed. */
  readonly expiresInSeconds?: number;
}

/** An IM session between the two. */
export interface SessionRow {
  readonly xmppUser: string;
  readonly sipUser: string;
  readonly partner: string;
  readonly state: string;
}

/** Rows of one answer at most; the number of all goes with it. */
export const MAX_ROWS = 1_000;

export interface Listing<Row> {
  /** Rows that there are. */
  readonly total: number;
  /** The first of them, `MAX_ROWS` at most. */
  readonly rows: readonly Row[];
}

/** @param about rows about this address only, or about users of this domain. */
export function listSubscriptions(
  pairs: Iterable<PairLegs>,
  now: Millis,
  about?: string,
): Listing<SubscriptionRow> {
  return collect(pairs, about, (legs) => {
    const { pair } = legs;
    const { sip, xmpp } = legs.watches;
    const { xmppUser, sipUser, partner } = pair;
    const rows: SubscriptionRow[] = [];
    if (sip && sip.dialogs.length > 0) {
      const state = sip.dialogs.some((dialog) => dialog.state === "active") ? "active" : "pending";
      const direction = "sip_to_xmpp";
      const base = { watcher: sipUser, presentity: xmppUser, direction, partner, state } as const;
      rows.push({ ...base, ...dialogFields(sip.dialogs, now) });
    }
    if (xmpp && xmpp.state !== "none") {
      const { state, dialogs } = xmpp;
      const direction = "xmpp_to_sip";
      const base = { watcher: xmppUser, presentity: sipUser, direction, partner, state } as const;
      rows.push({ ...base, ...dialogFields(dialogs, now) });
    }
    return rows;
  });
}

export function listSessions(pairs: Iterable<PairLegs>, about?: string): Listing<SessionRow> {
  return collect(pairs, about, ({ pair: { xmppUser, sipUser, partner }, states }) =>
    states.session === "idle" ? [] : [{ xmppUser, sipUser, partner, state: states.session }],
  );
}

function collect<Row>(
  pairs: Iterable<PairLegs>,
  about: string | undefined,
  rowsOf: (legs: PairLegs) => readonly Row[],
): Listing<Row> {
  const rows: Row[] = [];
  let total = 0;
  for (const legs of pairs) {
    const { xmppUser, sipUser } = legs.pair;
    if (about !== undefined && ![xmppUser, sipUser].some((user) => isAbout(user, about))) continue;
    const own = rowsOf(legs);
    total += own.length;
    rows.push(...own.slice(0, MAX_ROWS - rows.length));
  }
  return { total, rows };
}

function isAbout(user: string, about: string): boolean {
  return user === about || user.endsWith(`@${about}`);
}

function dialogFields(dialogs: readonly DialogView[], now: Millis) {
  const last = Math.max(...dialogs.map(({ expiresAt }) => expiresAt ?? 0), 0);
  const left = last === 0 ? {} : { expiresInSeconds: Math.max(0, Math.round((last - now) / 1000)) };
  return { dialogs: dialogs.length, ...left };
}
