import type { SipMessage } from "@tombolo/sip";
import type { Agenda } from "../simulation/agenda.ts";
import { sipUri, userOf } from "../simulation/names.ts";
import { bytesOf, contactOf, dialogFrom, type SipDialog } from "../simulation/sip-dialog.ts";
import type { SipLine } from "../simulation/sip-line.ts";
import type { SipStack } from "../simulation/sip-stack.ts";
import { delayOf, type Fates, type SubscribeFate } from "./fates.ts";
import type { Mint, Told } from "./markers.ts";
import { NOBODY } from "./markers.ts";

/** What a SIP user's side makes of an XMPP watcher. `block` is polite: active, and nobody there. */
export type Attitude = "grant" | "wait" | "refuse" | "block";

export interface SipPresentitiesAround {
  readonly agenda: Agenda;
  readonly stack: SipStack;
  readonly fates: Fates;
  readonly mint: Mint;
  readonly users: { readonly sip: number; readonly xmpp: number };
  readonly attitude: Attitude;
  /** How it refuses, and whether a NOTIFY that failed is sent again before the next one is due. */
  readonly refusal: "403" | "rejected";
  readonly isDiligent: boolean;
}

/** x watches s: the partner's end of the subscription. */
interface Notifying {
  readonly dialog: SipDialog;
  expiresAt: number;
  isBusy: boolean;
  isOwed: boolean;
}

/** Reasons of a last NOTIFY that says nothing else. */
const REFUSALS: ReadonlySet<string> = new Set(["rejected", "noresource"]);
/** How far a NOTIFY overtakes an answer, ms. */
const NOTIFY_AHEAD = 2_000;
/** How long until a NOTIFY that failed is sent again, ms. */
const NOTIFY_AGAIN = 10_000;

/** SIP users whom XMPP users watch. */
export class SipPresentities {
  private readonly around: SipPresentitiesAround;
  private readonly notifying = new Map<string, Notifying>();
  private readonly attitudes: Attitude[][];
  private readonly shown: Told[][];

  constructor(around: SipPresentitiesAround) {
    this.around = around;
    const { users, attitude } = around;
    const table = <T>(cell: (s: number, x: number) => T): T[][] =>
      Array.from({ length: users.sip }, (_, s) => Array.from({ length: users.xmpp }, (_, x) => cell(s, x)));
    this.attitudes = table(() => attitude);
    this.shown = table((s, x) => this.newState(s, x, true));
  }

  // ---- what users do

  /** Shows something new to every watcher. */
  change(s: number, isOpen: boolean): void {
    this.shown[s]!.forEach((_, x) => {
      this.shown[s]![x] = this.newState(s, x, isOpen);
    });
    this.tell(s, undefined);
  }

  decide(s: number, x: number, attitude: Attitude): void {
    this.attitudes[s]![x] = attitude;
    if (attitude === "refuse") this.endAll(s, x, "rejected");
    else this.tell(s, x);
  }

  /** Ends the subscriptions of x. */
  endAll(s: number, x: number, reason: string): void {
    for (const one of this.notifying.values())
      if (one.dialog.s === s && one.dialog.x === x) this.notify(one, reason);
  }

  /** Sends the present state by BENOTIFY, which nobody answers, though nobody has asked for that. */
  tellUnasked(s: number, x: number): void {
    const { stack } = this.around;
    for (const one of this.notifying.values()) {
      if (one.dialog.s !== s || one.dialog.x !== x) continue;
      const body = { type: "application/pidf+xml", bytes: bytesOf(this.document(s, x)) };
      stack.inDialog("BENOTIFY", one.dialog, this.headers(one), body, () => {});
    }
  }

  restart(): void {
    this.notifying.clear();
  }

  // ---- for those who compare

  attitudeTo(s: number, x: number): Attitude {
    return this.attitudes[s]![x]!;
  }

  shownTo(s: number, x: number): Told {
    return this.attitudes[s]![x] === "grant" ? this.shown[s]![x]! : NOBODY;
  }

  /** Call-IDs of live dialogs of x watching s. */
  dialogsOf(s: number, x: number): string[] {
    return [...this.notifying].filter(([, { dialog }]) => dialog.s === s && dialog.x === x).map(([id]) => id);
  }

  // ---- SUBSCRIBEs of the program's

  onSubscribe(line: SipLine, request: SipMessage): void {
    const fate = this.around.fates.nextSubscribe();
    if (fate === "lost") return;
    if (request.toTag === undefined) this.onInitial(line, request, fate);
    else this.onRefresh(line, request, fate);
  }

  private onInitial(line: SipLine, request: SipMessage, fate: SubscribeFate | undefined): void {
    const { stack, agenda, refusal } = this.around;
    const [s, x] = [userOf(request.to?.uri ?? ""), userOf(request.from?.uri ?? "")];
    const isRefused = this.attitudeTo(s, x) === "refuse";
    const status = typeof fate === "number" ? fate : isRefused && refusal === "403" ? 403 : 200;
    const tag = stack.newId("t");
    if (status !== 200) {
      stack.answer(line, request, status, tag, extraOf(status));
      return;
    }
    const expires = request.number("Expires") ?? 3_600;
    const dialog = dialogFrom(request, s, x, tag);
    const one = { dialog, expiresAt: agenda.now + expires * 1_000, isBusy: false, isOwed: false };
    this.notifying.set(dialog.callId, one);
    this.accept(line, request, one, expires, isRefused ? "rejected" : fate);
    this.watchExpiry(one);
  }

  private onRefresh(line: SipLine, request: SipMessage, fate: SubscribeFate | undefined): void {
    const { stack, agenda } = this.around;
    const one = this.notifying.get(request.callId);
    if (!one || one.dialog.localTag !== request.toTag) {
      stack.answer(line, request, 481);
      return;
    }
    if (typeof fate === "number") {
      if (fate === 481 || fate === 480 || fate === 403) this.notifying.delete(request.callId);
      stack.answer(line, request, fate, undefined, extraOf(fate));
      return;
    }
    const expires = request.number("Expires") ?? 3_600;
    one.expiresAt = agenda.now + expires * 1_000;
    this.accept(line, request, one, expires, fate);
  }

  private accept(
    line: SipLine,
    request: SipMessage,
    one: Notifying,
    expires: number,
    fate: SubscribeFate | undefined,
  ): void {
    const { stack, agenda } = this.around;
    const { localTag, s } = one.dialog;
    const answer = () =>
      stack.answer(line, request, 200, localTag, [
        ["Expires", String(expires)],
        ["Contact", contactOf(s)],
      ]);
    const notify = () => this.notify(one, expires === 0 ? "timeout" : undefined);
    if (fate === "notify-first" || fate === "rejected") {
      if (fate === "rejected") this.notify(one, "rejected");
      else notify();
      agenda.in(NOTIFY_AHEAD, answer);
      return;
    }
    if (fate !== "silent") agenda.in(delayOf(fate), answer);
    if (fate !== "no-notify") notify();
  }

  private watchExpiry(one: Notifying): void {
    const { agenda } = this.around;
    agenda.at(one.expiresAt + 1_000, () => {
      if (this.notifying.get(one.dialog.callId) !== one) return;
      if (one.expiresAt < agenda.now) this.notify(one, "timeout");
      else this.watchExpiry(one);
    });
  }

  // ---- NOTIFYs of ours

  private tell(s: number, x: number | undefined): void {
    for (const one of this.notifying.values())
      if (one.dialog.s === s && (x === undefined || one.dialog.x === x)) this.notify(one, undefined);
  }

  /** One at a time; each says what is true when it leaves. @param end the reason, where it is the last. */
  private notify(one: Notifying, end: string | undefined): void {
    const { stack, agenda, isDiligent } = this.around;
    const { dialog } = one;
    if (end !== undefined) this.notifying.delete(dialog.callId);
    else if (one.isBusy) {
      one.isOwed = true;
      return;
    }
    const { s, x } = dialog;
    const attitude = this.attitudeTo(s, x);
    const isShown = (attitude === "grant" || attitude === "block") && !REFUSALS.has(end ?? "");
    const body = isShown ? { type: "application/pidf+xml", bytes: bytesOf(this.document(s, x)) } : undefined;
    one.isBusy = true;
    stack.inDialog("NOTIFY", dialog, this.headers(one, end), body, (final) => {
      one.isBusy = false;
      const status = typeof final === "string" ? 0 : final.status;
      if (this.notifying.get(dialog.callId) !== one) return;
      if (status === 481) this.notifying.delete(dialog.callId);
      else if ((status < 200 || status >= 300) && isDiligent)
        agenda.in(NOTIFY_AGAIN, () => {
          if (this.notifying.get(dialog.callId) === one) this.notify(one, undefined);
        });
      else if (one.isOwed) {
        one.isOwed = false;
        this.notify(one, undefined);
      }
    });
  }

  private headers({ dialog, expiresAt }: Notifying, end?: string) {
    const left = Math.max(1, Math.floor((expiresAt - this.around.agenda.now) / 1_000));
    const state = this.attitudeTo(dialog.s, dialog.x) === "wait" ? "pending" : "active";
    return [
      ["Event", "presence"],
      ["Subscription-State", end === undefined ? `${state};expires=${left}` : `terminated;reason=${end}`],
    ] as const;
  }

  private newState(s: number, x: number, isOpen: boolean): Told {
    return isOpen ? { isOpen, markers: [this.around.mint.next("q", s, x)] } : NOBODY;
  }

  private document(s: number, x: number): string {
    return documentOf(sipUri(s), this.shownTo(s, x));
  }
}

function extraOf(status: number): readonly (readonly [string, string])[] {
  return status === 423 ? [["Min-Expires", "9000"]] : status === 503 ? [["Retry-After", "20"]] : [];
}

/** A presence document with the words that a user shows. */
export function documentOf(entity: string, { isOpen, markers }: Told): string {
  const note = markers.map((marker) => `<note>${marker}</note>`).join("");
  const basic = isOpen ? "open" : "closed";
  return `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${entity}"><tuple id="0"><status><basic>${basic}</basic></status>${note}</tuple></presence>`;
}
