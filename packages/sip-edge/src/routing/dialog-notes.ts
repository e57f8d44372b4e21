import { detach, type Millis, parseSubscriptionState, type SipMessage } from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import { insideRoutesOfResponse } from "../hiding/hidden-responses.ts";
import { type EdgeDialog, NO_ROUTES } from "./dialog-table.ts";
import { methodRule } from "./methods.ts";
import type { NodeState } from "./node-state.ts";

/** How long a dialog may take to come about: an INVITE may ring as long as timer C lets it, and be answered then, ms. */
export const DIALOG_SETUP_MS: Millis = 300_000;
/** How long what belongs to an ended dialog may still come: 64*T1, ms. */
export const DIALOG_ENDING_MS: Millis = 32_000;
/** How long after its end a subscription's dialog is kept in mind, ms. */
export const SUBSCRIPTION_GRACE_MS: Millis = 60_000;
/** No subscription is believed to run longer without a refresh, ms. */
export const MAX_SUBSCRIPTION_MS: Millis = 24 * 3_600_000;
/** Where a 2xx to SUBSCRIBE does not say how long it runs (RFC 6665 says it must), s. */
const DEFAULT_EXPIRES_S = 3600;

/** Keeps in mind which node owns which dialog, from what passes. Used only where there is more than one local node. */
export class DialogNotes {
  private readonly context: EdgeContext;
  private lastTarget = "";

  constructor(context: EdgeContext) {
    this.context = context;
  }

  /** The dialog of a node's request, known or made. */
  nodeRequest(message: SipMessage, node: NodeState, partner: string, now: Millis): EdgeDialog | undefined {
    const { fromTag, callId, method } = message;
    if (fromTag === undefined) return undefined;
    const { dialogs } = this.context;
    const { recordRoute } = methodRule(method);
    const inDialog = message.toTag !== undefined;
    let dialog = dialogs.find(callId, fromTag);
    if (!dialog) {
      if (!recordRoute && !inDialog) return undefined;
      const endsAt = now + (inDialog ? this.context.limits.dialogIdleMs : DIALOG_SETUP_MS);
      dialog = dialogs.add(callId, fromTag, { node, partner, fromOutside: false }, endsAt, now);
      if (!dialog) return undefined;
      // A dialog in the middle of its life: the edge was started anew.
      if (inDialog) dialog.session = true;
      else dialog.routes = keptRoutes(message.list("Record-Route"));
    }
    if (dialog.node !== node) return undefined;
    if (recordRoute) this.refreshTarget(dialog, message);
    if (method === "NOTIFY" || method === "BENOTIFY") this.notified(dialog, message, now);
    else if (dialog.session) this.settle(dialog, now);
    return dialog;
  }

  /** A node's response on its way to the partner that has asked. */
  nodeResponse(response: SipMessage, method: string, node: NodeState, partner: string, now: Millis): void {
    const { status } = response;
    if (status <= 100 || !concerns(method, status)) return;
    const { toTag, callId } = response;
    if (toTag === undefined) return;
    const { dialogs } = this.context;
    let dialog = dialogs.find(callId, toTag);
    if (status < 300 && methodRule(method).recordRoute) {
      if (!dialog) {
        dialog = dialogs.add(callId, toTag, { node, partner, fromOutside: true }, now + DIALOG_SETUP_MS, now);
        if (dialog) dialog.routes = keptRoutes(insideRoutesOfResponse(response, node));
      }
      if (dialog) this.refreshTarget(dialog, response);
    }
    if (dialog) this.answered(dialog, method, response, undefined, now);
  }

  /** A partner's request in a dialog. */
  partnerRequest(dialog: EdgeDialog, now: Millis): void {
    if (dialog.session) this.settle(dialog, now);
  }

  /** A partner's response on its way to the node that has asked. */
  partnerResponse(response: SipMessage, request: SipMessage, now: Millis): void {
    const dialog = this.context.dialogs.find(request.callId, request.fromTag);
    if (!dialog) return;
    const isOver = !dialog.session && dialog.subscribedUntil === 0;
    if (response.status >= 300 && request.toTag === undefined && isOver) this.context.dialogs.forget(dialog);
    else this.answered(dialog, request.method, response, request.number("Expires"), now);
  }

  /** A text cut from a head would keep all of that head for as long as the dialog lives. */
  private refreshTarget(dialog: EdgeDialog, message: SipMessage): void {
    const target = message.contact?.uri;
    if (target === undefined || target === dialog.target) return;
    // Many nodes give the same one in all dialogs: it is kept once.
    if (target !== this.lastTarget) this.lastTarget = detach(target);
    dialog.target = this.lastTarget;
  }

  private answered(
    dialog: EdgeDialog,
    method: string,
    response: SipMessage,
    asked: number | undefined,
    now: Millis,
  ): void {
    const { status } = response;
    if (status < 200) return;
    if (method === "BYE") dialog.session = false;
    else if (status === 481) {
      dialog.session = false;
      dialog.subscribedUntil = 0;
    } else if (status >= 300) return;
    else if (method === "INVITE") dialog.session = true;
    else if (method === "SUBSCRIBE") {
      dialog.subscribedUntil = runsUntil(response.number("Expires") ?? asked ?? DEFAULT_EXPIRES_S, now);
    } else return;
    this.settle(dialog, now);
  }

  private notified(dialog: EdgeDialog, message: SipMessage, now: Millis): void {
    const state = parseSubscriptionState(message.get("Subscription-State") ?? "");
    if (!state) return;
    if (state.state === "terminated") dialog.subscribedUntil = 0;
    else if (state.expires !== undefined) dialog.subscribedUntil = runsUntil(state.expires, now);
    else return;
    this.settle(dialog, now);
  }

  private settle(dialog: EdgeDialog, now: Millis): void {
    const session = dialog.session ? now + this.context.limits.dialogIdleMs : 0;
    const subscription = dialog.subscribedUntil === 0 ? 0 : dialog.subscribedUntil + SUBSCRIPTION_GRACE_MS;
    const endsAt = Math.max(session, subscription, now + DIALOG_ENDING_MS);
    this.context.dialogs.keepUntil(dialog, endsAt);
  }
}

/** Whether an answer can change what is known of a dialog; nearly all that pass in one can't. */
function concerns(method: string, status: number): boolean {
  return status === 481 || method === "BYE" || (status < 300 && methodRule(method).recordRoute);
}

/** Most have none: they share one list. */
function keptRoutes(routes: readonly string[]): readonly string[] {
  return routes.length === 0 ? NO_ROUTES : routes.map(detach);
}

/** 0 for none. */
function runsUntil(seconds: number, now: Millis): Millis {
  return seconds === 0 ? 0 : Math.ceil(now + Math.min(seconds * 1000, MAX_SUBSCRIPTION_MS));
}
