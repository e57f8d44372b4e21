import type { Millis } from "@tombolo/sip";
import type { DialogView, Rule, SipWatchView, Translator, XmppWatchView } from "@tombolo/translator";
import type { EdgeStatus } from "../console/status.ts";

/** A step on the way from the presentity to what the watcher sees. */
export interface ExplainedStep {
  /** `gate`, `consent`, `link`, `dialog`, `source`, `mapping`, `publication`. */
  readonly what: string;
  /** Whether presence passes here. */
  readonly passes: boolean;
  /** For a person. */
  readonly says: string;
}

/** Why a watcher sees a presentity as it does. */
export interface Explanation {
  readonly watcher: string;
  readonly presentity: string;
  readonly direction: "sip_to_xmpp" | "xmpp_to_sip";
  readonly partner: string;
  /** In words: `Available`, `away "Busy"`, `unavailable`, `nothing`. */
  readonly sees: string;
  /** The first step that does not let presence pass, or that it does. */
  readonly because: string;
  readonly rule?: { readonly peer: string; readonly action: string; readonly source: string };
  /** Row of the availability tables that made the state. */
  readonly row?: string;
  readonly dialogs: readonly {
    /** Call-ID, as traces have it. */
    readonly callId: string;
    readonly state: string;
    readonly expiresInSeconds?: number;
    /** Since the last document was sent or came. */
    readonly documentSecondsAgo?: number;
  }[];
  readonly steps: readonly ExplainedStep[];
}

export interface ExplainQuestion {
  readonly xmppUser: string;
  readonly sipUser: string;
  readonly partner: string;
  /** Who watches. */
  readonly watcher: "xmpp" | "sip";
  readonly unknownWatcher: string;
  readonly xmppLink: "up" | "down" | "none";
  /** SIP connections with the partner. */
  readonly connections: number;
  /** The edge that has them in place of this process. */
  readonly remoteEdge: EdgeStatus | undefined;
}

/** What is known of the pair, put in order: gates first, then the way of the last document. */
export function explain(translator: Translator, question: ExplainQuestion, now: Millis): Explanation {
  const { xmppUser, sipUser, partner, watcher } = question;
  const watches = translator.find(xmppUser, sipUser)?.watches;
  const base = { partner, ...ends(question) };
  const link = linkStep(question);
  if (watcher === "xmpp") {
    const view = watches?.xmpp;
    const steps = [...xmppSteps(view, now), link];
    const { row } = view?.sees ?? {};
    return finish(
      { ...base, ...(row && { row }), dialogs: dialogsOf(view?.dialogs, now) },
      steps,
      seenByXmpp(view),
    );
  }
  const view = watches?.sip;
  const { isDenied, rule } = translator.gate(xmppUser, sipUser);
  const publication = translator.publicationAt(xmppUser, question.partner);
  const published = publication === undefined ? [] : [publishedStep(publication, question.partner)];
  const gate = gateStep(isDenied, rule, question.unknownWatcher);
  const steps = [gate, ...published, ...sipSteps(view, now), link];
  const row = view?.sees.row;
  const rest = {
    ...(rule && { rule: ruleOf(rule) }),
    ...(row && { row }),
    dialogs: dialogsOf(view?.dialogs, now),
  };
  return finish({ ...base, ...rest }, steps, seenBySip(view));
}

function ends({ xmppUser, sipUser, watcher }: ExplainQuestion) {
  return watcher === "xmpp"
    ? ({ watcher: xmppUser, presentity: sipUser, direction: "xmpp_to_sip" } as const)
    : ({ watcher: sipUser, presentity: xmppUser, direction: "sip_to_xmpp" } as const);
}

function finish(
  base: Omit<Explanation, "sees" | "because" | "steps">,
  steps: readonly ExplainedStep[],
  sees: string,
): Explanation {
  const because = (steps.find(({ passes }) => !passes) ?? steps.findLast(({ what }) => what !== "link"))
    ?.says;
  return { ...base, sees, because: because ?? "nothing is known of the two", steps };
}

function ruleOf({ peer, action, source }: Rule) {
  return { peer, action, source };
}

function linkStep({ partner, xmppLink, connections, remoteEdge }: ExplainQuestion): ExplainedStep {
  const passes = xmppLink === "up" && remoteEdge?.connections !== 0;
  const reach = remoteEdge?.connections === 0 ? "to which there is no connection" : "which is connected";
  const sip = remoteEdge
    ? `SIP goes by the edge ${remoteEdge.at}, ${reach}`
    : `${connections} SIP connections are open`;
  return { what: "link", passes, says: `the XMPP link of ${partner} is ${xmppLink}, ${sip}` };
}

function gateStep(isDenied: boolean, rule: Rule | undefined, unknownWatcher: string): ExplainedStep {
  const says = rule
    ? `a rule of the user's for ${rule.peer} says ${rule.action} (set by ${rule.source})`
    : `no rule; policy.unknownWatcher is ${unknownWatcher}`;
  return { what: "gate", passes: !isDenied, says: isDenied ? `${says}: an offline user is shown` : says };
}

/** Besides what the watcher is told, who may see both. */
function publishedStep(state: string, partner: string): ExplainedStep {
  const says = `the user lets ${partner} itself see them: the publication at its server is ${state}`;
  return { what: "publication", passes: true, says };
}

const CONSENT: Readonly<Record<SipWatchView["authorization"], string>> = {
  none: "the XMPP user has not been asked",
  asked: "the XMPP user has been asked and has not decided",
  granted: "the XMPP user has accepted the watcher",
  refused: "the XMPP user has refused the watcher: an offline user is shown",
};

function sipSteps(view: SipWatchView | undefined, now: Millis): ExplainedStep[] {
  if (!view) return [{ what: "dialog", passes: false, says: "the watcher has no subscription here" }];
  const { authorization, askedAt, isOut, isStale, resources, dialogs } = view;
  const asked = authorization === "asked" && askedAt !== undefined ? ` (asked ${ago(askedAt, now)})` : "";
  const devices = resources.map(
    ({ resource, state, priority }) => `${resource || "-"} ${state} (${priority})`,
  );
  const source = isOut
    ? "the XMPP server has been out of reach for too long: an offline user is shown"
    : devices.length === 0
      ? "no device of the user's is there"
      : `the user's devices are ${devices.join(", ")}${isStale ? "; this is from before an outage or restart" : ""}`;
  return [
    { what: "consent", passes: authorization === "granted", says: `${CONSENT[authorization]}${asked}` },
    { what: "dialog", passes: dialogs.length > 0, says: dialogsSay(dialogs, now, "sent") },
    { what: "source", passes: !isOut && devices.length > 0, says: source },
    { what: "mapping", passes: true, says: `shown as ${view.sees.state} by ${view.sees.row ?? "no table"}` },
  ];
}

function xmppSteps(view: XmppWatchView | undefined, now: Millis): ExplainedStep[] {
  if (!view) return [{ what: "consent", passes: false, says: "the watcher has not subscribed here" }];
  const { state, isAuthorized, dialogs, retryAt, deniedUntil, lastFailure, sees, withdrawnAt } = view;
  const failed = lastFailure === undefined ? "" : ` after ${lastFailure}`;
  const consent =
    deniedUntil !== undefined
      ? `the SIP side has refused${failed}`
      : isAuthorized
        ? "the SIP side has let the watcher in"
        : state === "pending"
          ? "the SIP side has not decided"
          : `the SIP side has not been asked with success${failed}`;
  const dialog =
    retryAt === undefined
      ? dialogsSay(dialogs, now, "received")
      : `no dialog${failed}; asked again in ${until(retryAt, now)}`;
  const withdrawn =
    withdrawnAt === undefined ? "" : `; withdrawn in ${until(withdrawnAt, now)} unless it answers`;
  const { published } = view;
  return [
    { what: "consent", passes: isAuthorized && deniedUntil === undefined, says: consent },
    { what: "dialog", passes: dialogs.length > 0, says: `${dialog}${withdrawn}` },
    ...(published
      ? [{ what: "source", passes: true, says: `the SIP user publishes ${stanza(published)} to us, too` }]
      : []),
    {
      what: "mapping",
      passes: sees !== undefined,
      says: sees ? `told ${stanza(sees)} by ${sees.row ?? "an earlier run"}` : "no document has come",
    },
  ];
}

function seenBySip(view: SipWatchView | undefined): string {
  if (!view || view.dialogs.length === 0) return "nothing";
  if (view.dialogs.every(({ state }) => state === "pending")) return "pending";
  const { state, note } = view.sees;
  return note === undefined ? state : `${state} "${note}"`;
}

function seenByXmpp(view: XmppWatchView | undefined): string {
  return view?.sees ? stanza(view.sees) : "nothing";
}

function stanza({ type, show, status }: { type?: string; show?: string; status?: string }): string {
  return [type ?? "available", show, status && `"${status}"`].filter(Boolean).join(" ");
}

function dialogsSay(dialogs: readonly DialogView[], now: Millis, verb: string): string {
  if (dialogs.length === 0) return "there is no dialog";
  return dialogs
    .map(({ state, expiresAt, documentAt }) => {
      const last =
        documentAt === undefined ? "no document yet" : `last document ${verb} ${ago(documentAt, now)}`;
      const left = expiresAt === undefined ? "" : `, lapses in ${until(expiresAt, now)}`;
      return `a dialog is ${state}${left}, ${last}`;
    })
    .join("; ");
}

function dialogsOf(dialogs: readonly DialogView[] | undefined, now: Millis): Explanation["dialogs"] {
  return (dialogs ?? []).map(({ dialog, state, expiresAt, documentAt }) => ({
    callId: dialog.slice(dialog.lastIndexOf(" ") + 1),
    state,
    ...(expiresAt !== undefined && { expiresInSeconds: Math.round((expiresAt - now) / 1000) }),
    ...(documentAt !== undefined && { documentSecondsAgo: Math.round((now - documentAt) / 1000) }),
  }));
}

function ago(at: Millis, now: Millis): string {
  return `${span(now - at)} ago`;
}

function until(at: Millis, now: Millis): string {
  return span(Math.max(0, at - now));
}

function span(ms: Millis): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
