import type { XmppPresence } from "../tables/xmpp-presence.ts";
import type { Announcement } from "./announcement.ts";
import { NO_ANSWER, type Retries } from "./retries.ts";
import type { SubscriptionLeg } from "./subscription-leg.ts";
import type { DialogView, XmppWatchView } from "./views.ts";
import type { WatchedSources } from "./watched-sources.ts";
import type { Wish } from "./wish.ts";

interface Parts {
  readonly wish: Wish;
  readonly retries: Retries;
  readonly leg: SubscriptionLeg;
  readonly announcement: Announcement;
  readonly sources: WatchedSources;
}

/** `denied`, `ending`, `none`, `backoff`, `active` or `pending`. */
export function xmppWatchState(wish: Wish, retries: Retries, leg: SubscriptionLeg): string {
  if (wish.isDenied) return "denied";
  if (!wish.isWanted) return leg.isOpen ? "ending" : "none";
  if (retries.at !== undefined) return "backoff";
  return wish.isAuthorized && leg.dialog !== undefined ? "active" : "pending";
}

/** Why an XMPP watcher sees what they see. */
export function xmppWatchView(parts: Parts): XmppWatchView {
  const { wish, retries, leg, announcement, sources } = parts;
  const { shown, row } = announcement;
  const { documentAt } = sources;
  const { dialog, subscriber } = leg;
  const { lastFailure: failure } = retries;
  const dialogs: DialogView[] = [];
  if (dialog !== undefined) {
    const state = subscriber?.state ?? "terminated";
    dialogs.push({ dialog, state, expiresAt: subscriber?.expiresAt, documentAt });
  }
  return {
    state: xmppWatchState(wish, retries, leg),
    isAuthorized: wish.isAuthorized,
    dialogs,
    retryAt: retries.at,
    deniedUntil: wish.deniedUntil,
    withdrawnAt: announcement.graceUntil,
    published: sources.publication && look(sources.publication),
    sees: shown && { ...look(shown), ...(row && { row }) },
    lastFailure:
      failure === NO_ANSWER ? undefined : failure.kind === "final" ? String(failure.status) : failure.kind,
  };
}

function look({ type, show, status }: XmppPresence): XmppPresence {
  return { ...(type && { type }), ...(show && { show }), ...(status && { status }) };
}
