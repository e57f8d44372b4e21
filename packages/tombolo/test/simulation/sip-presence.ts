import type { SipMessage } from "@tombolo/sip";
import type { Agenda } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import { sipUri, userOf } from "./names.ts";
import { type Shown, type Sightings, tokenOf } from "./sightings.ts";
import {
  bytesOf,
  type Content,
  confirmDialog,
  contactOf,
  dialogFrom,
  initialRequest,
  type SipDialog,
  textIn,
} from "./sip-dialog.ts";
import type { SipLine } from "./sip-line.ts";
import type { Final, SipStack } from "./sip-stack.ts";

/** How a SIP user's side decides about an XMPP user who wants to watch. */
export type Attitude = "grant" | "late" | "refuse" | "block" | "ignore";

export interface PresenceAround {
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly stack: SipStack;
  readonly sightings: Sightings;
  /** Of that SIP user to that XMPP user. */
  attitude(s: number, x: number): Attitude;
  trace?: ((line: () => string) => void) | undefined;
}

/** s watches x. */
interface Watch {
  readonly s: number;
  readonly x: number;
  isWanted: boolean;
  dialog: SipDialog | undefined;
  isConfirmed: boolean;
  /** Grows with each try, so that timers of the last one say nothing. */
  turn: number;
}

/** x watches s: our end of the subscription. */
interface Notifying {
  readonly dialog: SipDialog;
  state: "pending" | "active";
  expiresAt: number;
  isBusy: boolean;
  isOwed: boolean;
}

/** The presence of the partner's users, both ways. */
export class SipPresence {
  private readonly around: PresenceAround;
  private readonly watches = new Map<number, Watch>();
  private watchDialogs = new Map<string, Watch>();
  private notifying = new Map<string, Notifying>();

  constructor(around: PresenceAround) {
    this.around = around;
  }

  get subscriptions(): number {
    return this.watchDialogs.size + this.notifying.size;
  }

  /** All is forgotten; users come back one after the other, and watch again. */
  restart(): void {
    this.watchDialogs = new Map();
    this.notifying = new Map();
    for (const watch of this.watches.values()) {
      this.lose(watch);
      this.again(watch, this.around.chance.between(500, 20_000));
    }
  }

  // ---- users of the partner watch

  watch(s: number, x: number): void {
    const watch = this.watchOf(s, x);
    if (watch.isWanted) return;
    watch.isWanted = true;
    this.subscribe(watch);
  }

  unwatch(s: number, x: number): void {
    const watch = this.watchOf(s, x);
    watch.isWanted = false;
    if (watch.dialog && watch.isConfirmed) this.refresh(watch, watch.dialog, 0);
    else this.lose(watch);
  }

  /** Those who want to watch and have no confirmed subscription. */
  *unserved(): IterableIterator<string> {
    for (const { isWanted, isConfirmed, s, x } of this.watches.values())
      if (isWanted && !isConfirmed) yield `bob${s} watches alice${x}`;
  }

  isWatching(s: number, x: number): boolean {
    const watch = this.watches.get(s * 1000 + x);
    return watch?.isWanted === true && watch.isConfirmed;
  }

  private watchOf(s: number, x: number): Watch {
    const key = s * 1000 + x;
    let watch = this.watches.get(key);
    if (!watch) {
      watch = { s, x, isWanted: false, dialog: undefined, isConfirmed: false, turn: 0 };
      this.watches.set(key, watch);
    }
    return watch;
  }

  private subscribe(watch: Watch): void {
    const { stack, chance } = this.around;
    const { s, x } = watch;
    const dialog: SipDialog = {
      callId: stack.newId("watch"),
      s,
      x,
      localTag: stack.newId("t"),
      remoteTag: "",
      target: "",
      routes: [],
      cseq: 1,
    };
    watch.dialog = dialog;
    watch.isConfirmed = false;
    watch.turn += 1;
    this.watchDialogs.set(dialog.callId, watch);
    const branch = stack.newBranch();
    const ids = { callId: dialog.callId, tag: dialog.localTag, cseq: 1, branch };
    const expires = chance.of(0.3) ? 60 + chance.below(600) : 3_600 + chance.below(3_600);
    const message = initialRequest("SUBSCRIBE", watch, ids, wish(expires));
    stack.request("SUBSCRIBE", branch, message, (final) => this.onSubscribed(watch, dialog, final));
  }

  private refresh(watch: Watch, dialog: SipDialog, expires: number): void {
    this.around.stack.inDialog("SUBSCRIBE", dialog, wish(expires), undefined, (final) => {
      if (expires > 0) this.onSubscribed(watch, dialog, final);
      else if (watch.dialog === dialog) this.lose(watch);
    });
  }

  private onSubscribed(watch: Watch, dialog: SipDialog, final: Final): void {
    if (watch.dialog !== dialog) return;
    this.around.trace?.(
      () => `bob${watch.s} watching alice${watch.x}: ${typeof final === "string" ? final : final.status}`,
    );
    if (typeof final === "string" || final.status >= 300) {
      this.lose(watch);
      this.again(watch, this.around.chance.between(2_000, 30_000));
      return;
    }
    if (!watch.isConfirmed) confirmDialog(dialog, final);
    watch.isConfirmed = true;
    const granted = final.number("Expires") ?? 3600;
    const turn = ++watch.turn;
    this.around.agenda.in(granted * 1000 * this.around.chance.between(0.75, 0.95), () => {
      if (watch.turn === turn && watch.dialog === dialog && watch.isWanted)
        this.refresh(watch, dialog, Math.max(60, granted));
    });
  }

  private lose(watch: Watch): void {
    if (watch.dialog) this.watchDialogs.delete(watch.dialog.callId);
    watch.dialog = undefined;
    watch.isConfirmed = false;
    watch.turn += 1;
  }

  private again(watch: Watch, ms: number): void {
    const { turn } = watch;
    this.around.agenda.in(ms, () => {
      if (watch.turn === turn && watch.isWanted && !watch.dialog) this.subscribe(watch);
    });
  }

  // ---- what the program asks. @returns false where it is none of ours.

  onRequest(line: SipLine, request: SipMessage): boolean {
    if (request.method === "NOTIFY") this.onNotify(line, request);
    else if (request.method !== "SUBSCRIBE") return false;
    else if (request.toTag === undefined) this.onSubscribe(line, request);
    else this.onRefresh(line, request);
    return true;
  }

  private onNotify(line: SipLine, request: SipMessage): void {
    const { stack, chance, agenda, sightings } = this.around;
    const watch = this.watchDialogs.get(request.callId);
    const dialog = watch?.dialog;
    if (!watch || !dialog || dialog.localTag !== request.toTag) {
      stack.answer(line, request, 481);
      return;
    }
    const fate = chance.next();
    if (fate < 0.002) {
      // The client is gone; its user's next one watches again.
      this.lose(watch);
      this.again(watch, chance.between(500, 10_000));
      stack.answer(line, request, 481);
      return;
    }
    if (fate < 0.004) return;
    if (fate < 0.006) {
      stack.answer(line, request, 503);
      return;
    }
    this.around.trace?.(() => {
      const shown = request.body.length > 0 ? shownIn(textIn(request.body)) : undefined;
      const what = shown ? shown.token || "closed" : "nothing";
      return `bob${watch.s} is told of alice${watch.x}: ${request.get("Subscription-State")}, ${what}`;
    });
    if (!watch.isConfirmed && dialog.remoteTag === "") dialog.remoteTag = request.fromTag ?? "";
    const state = request.get("Subscription-State") ?? "";
    if (request.body.length > 0) sightings.bySip(watch.s, watch.x, shownIn(textIn(request.body)));
    agenda.in(chance.mostlyLow(0.5, 3_000), () => stack.answer(line, request, 200));
    if (!state.startsWith("terminated")) return;
    this.lose(watch);
    if (!state.includes("rejected")) this.again(watch, chance.between(500, 10_000));
  }

  // ---- users of the XMPP side watch

  private onSubscribe(line: SipLine, request: SipMessage): void {
    const { stack, chance, agenda } = this.around;
    const s = userOf(request.to?.uri ?? "");
    const x = userOf(request.from?.uri ?? "");
    const attitude = this.around.attitude(s, x);
    if (attitude === "ignore") return;
    if (attitude === "refuse") {
      stack.answer(line, request, chance.pick([403, 603]), stack.newId("t"));
      return;
    }
    if (chance.of(0.03)) {
      stack.answer(line, request, chance.pick([480, 481, 500, 503, 504]), stack.newId("t"));
      return;
    }
    const dialog = dialogFrom(request, s, x, stack.newId("t"));
    const expires = request.number("Expires") ?? 3600;
    const state = attitude === "late" && chance.of(0.7) ? "pending" : "active";
    const one: Notifying = {
      dialog,
      state,
      expiresAt: agenda.now + expires * 1000,
      isBusy: false,
      isOwed: false,
    };
    this.notifying.set(dialog.callId, one);
    const accept = () => {
      const extra = [
        ["Expires", String(expires)],
        ["Contact", contactOf(s)],
      ] as const;
      stack.answer(line, request, 200, dialog.localTag, extra);
    };
    if (chance.of(0.2)) {
      this.notify(one, expires === 0);
      agenda.in(chance.between(0, 20), accept);
    } else {
      accept();
      this.notify(one, expires === 0);
    }
    if (state === "pending")
      agenda.in(chance.between(1_000, 60_000), () => {
        one.state = "active";
        this.notify(one, false);
      });
    this.watchExpiry(one);
  }

  private onRefresh(line: SipLine, request: SipMessage): void {
    const { stack, agenda } = this.around;
    const one = this.notifying.get(request.callId);
    if (!one || one.dialog.localTag !== request.toTag) {
      stack.answer(line, request, 481);
      return;
    }
    const expires = request.number("Expires") ?? 3600;
    one.expiresAt = agenda.now + expires * 1000;
    stack.answer(line, request, 200, undefined, [["Expires", String(expires)]]);
    this.notify(one, expires === 0);
  }

  /** One who does not refresh in time is told that it is over. */
  private watchExpiry(one: Notifying): void {
    this.around.agenda.at(one.expiresAt + 1_000, () => {
      if (this.notifying.get(one.dialog.callId) !== one) return;
      if (one.expiresAt < this.around.agenda.now) this.notify(one, true);
      else this.watchExpiry(one);
    });
  }

  /** What s shows to x has changed. */
  changed(s: number, x: number): void {
    for (const one of this.notifying.values())
      if (one.dialog.s === s && one.dialog.x === x && one.state === "active") this.notify(one, false);
  }

  /** Tells what is true now; one NOTIFY at a time. */
  private notify(one: Notifying, isLast: boolean): void {
    const { stack, agenda } = this.around;
    const { dialog } = one;
    if (isLast) this.notifying.delete(dialog.callId);
    else if (one.isBusy) {
      one.isOwed = true;
      return;
    }
    const left = Math.max(1, Math.floor((one.expiresAt - agenda.now) / 1000));
    const state = isLast ? "terminated;reason=timeout" : `${one.state};expires=${left}`;
    const extra = [
      ["Event", "presence"],
      ["Subscription-State", state],
    ] as const;
    const body = one.state === "active" ? this.documentFor(dialog) : undefined;
    one.isBusy = true;
    stack.inDialog("NOTIFY", dialog, extra, body, (final) => {
      one.isBusy = false;
      const status = typeof final === "string" ? 0 : final.status;
      if (status === 481) this.notifying.delete(dialog.callId);
      if (this.notifying.get(dialog.callId) !== one) return;
      if (status < 200 || status >= 300)
        agenda.in(10_000, () => this.notifying.get(dialog.callId) === one && this.notify(one, false));
      else if (one.isOwed) {
        one.isOwed = false;
        this.notify(one, false);
      }
    });
  }

  private documentFor({ s, x }: SipDialog): Content {
    const isBlocked = this.around.attitude(s, x) === "block";
    const shown = isBlocked ? { isOpen: false, token: "" } : this.around.sightings.shownBySip(s, x);
    return { type: "application/pidf+xml", bytes: bytesOf(documentOf(sipUri(s), shown)) };
  }
}

function wish(expires: number) {
  return [
    ["Event", "presence"],
    ["Accept", "application/pidf+xml"],
    ["Expires", String(expires)],
  ] as const;
}

function documentOf(entity: string, { isOpen, token }: Shown): string {
  const note = isOpen ? `<note>${token}</note>` : "";
  const basic = isOpen ? "open" : "closed";
  return `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${entity}"><tuple id="0"><status><basic>${basic}</basic></status>${note}</tuple></presence>`;
}

function shownIn(document: string): Shown {
  if (!document.includes("<basic>open</basic>")) return { isOpen: false, token: "" };
  return { isOpen: true, token: tokenOf(/<note[^>]*>([^<]*)</.exec(document)?.[1]) };
}
