import type { SipMessage } from "@tombolo/sip";
import type { Agenda } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import type { Moods } from "./moods.ts";
import { userOf } from "./names.ts";
import { ANSWER, CONTACT, OFFER, ridingAlong } from "./sip-bodies.ts";
import {
  bytesOf,
  confirmDialog,
  dialogFrom,
  dialogRequest,
  initialRequest,
  type SipDialog,
  textIn,
} from "./sip-dialog.ts";
import type { SipLine } from "./sip-line.ts";
import type { Final, SipStack } from "./sip-stack.ts";
import { TextBook } from "./text-book.ts";

export interface TalksAround {
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly moods: Moods;
  readonly texts: TextBook;
  readonly stack: SipStack;
  /** The program has just sent the text, or got a 2xx for it. */
  news(serial: number): void;
  trace?: ((line: () => string) => void) | undefined;
}

/** One SIP user's window with one XMPP user. */
interface Talk {
  readonly s: number;
  readonly x: number;
  readonly queue: number[];
  dialog: SipDialog | undefined;
  isInviting: boolean;
  /** The text that rides in the INVITE under way: it is said again in that session, and nothing before it. */
  riding: number | undefined;
  inFlight: number;
  /** Row of the requests outside sessions. */
  pageSerial: number;
}

/** An INVITE of the program's that has no answer yet. */
interface Ringing {
  readonly line: SipLine;
  readonly invite: SipMessage;
  readonly branch: string;
}

/** How long after its arrival a 2xx certainly comes in time: the program waits 32 s. */
const SURELY_IN_TIME = 30_500;
const DECLINES = [403, 404, 480, 486, 488, 500, 503, 603, 606] as const;
/** Refusals of one text in a session that is otherwise sound. */
const TEXT_DECLINES = [403, 415, 480, 486, 500, 503, 603, 606] as const;
/** Answers that leave open what became of a text. */
const OPEN: ReadonlySet<number> = new Set([408, 504]);
const TEXT_TYPE = "text/plain; charset=UTF-8";

/** The texts of the partner's users, both ways, in sessions and outside. */
export class SipTalks {
  /** Words of the program's own that users saw: a text could not be delivered after all. */
  words = 0;
  typing = 0;
  private readonly around: TalksAround;
  private readonly talks = new Map<number, Talk>();
  /** Texts whose senders wait for an answer: where the partner's servers restart they never get one. */
  private readonly open = new Set<number>();
  /** Texts that came with an INVITE, until their MESSAGE is answered. */
  private readonly rode = new Set<number>();
  private dialogs = new Map<string, SipDialog>();
  private ringing = new Map<string, Ringing>();
  /** 2xx answers to INVITEs of the program's without ACK. */
  private unconfirmed = new Set<string>();

  constructor(around: TalksAround) {
    this.around = around;
  }

  get sessions(): number {
    return this.dialogs.size;
  }

  /** All is forgotten; who wrote does not learn what became of it. */
  restart(): void {
    for (const talk of this.talks.values())
      for (const serial of talk.queue) this.around.texts.unwatch(serial);
    for (const serial of this.open) this.around.texts.unwatch(serial);
    this.open.clear();
    this.talks.clear();
    this.dialogs = new Map();
    this.ringing = new Map();
    this.unconfirmed = new Set();
  }

  // ---- users write

  write(s: number, x: number, serial: number): void {
    const talk = this.talkOf(s, x);
    this.around.trace?.(() => `bob${s} writes #${serial} to alice${x}`);
    if (this.around.moods.profile === "simple") this.sendPage(talk, serial);
    else {
      talk.queue.push(serial);
      this.pump(talk);
    }
  }

  /** The user types, where there is a session. */
  type(s: number, x: number): void {
    const { dialog } = this.talkOf(s, x);
    if (!dialog) return;
    const xml = `<KeyboardActivity><status status="type" /></KeyboardActivity>`;
    const body = { type: "application/xml", bytes: bytesOf(xml) };
    this.around.stack.inDialog("INFO", dialog, [], body, () => {});
  }

  hangUp(s: number, x: number): void {
    const talk = this.talkOf(s, x);
    if (!talk.dialog || talk.inFlight > 0) return;
    this.bye(talk.dialog);
  }

  hangUpAll(): void {
    for (const dialog of [...this.dialogs.values()]) this.bye(dialog);
  }

  private talkOf(s: number, x: number): Talk {
    const key = s * 1000 + x;
    let talk = this.talks.get(key);
    if (!talk) {
      talk = {
        s,
        x,
        queue: [],
        dialog: undefined,
        isInviting: false,
        riding: undefined,
        inFlight: 0,
        pageSerial: 0,
      };
      this.talks.set(key, talk);
    }
    return talk;
  }

  private sendPage(talk: Talk, serial: number): void {
    const { stack } = this.around;
    talk.pageSerial += 1;
    const branch = stack.newBranch();
    const ids = { callId: stack.newId("page"), tag: `p${talk.s}`, cseq: talk.pageSerial, branch };
    const body = { type: TEXT_TYPE, bytes: bytesOf(TextBook.textOf(serial)) };
    const message = initialRequest("MESSAGE", talk, ids, [], body);
    this.open.add(serial);
    stack.request("MESSAGE", branch, message, (final) => this.onTextFinal(serial, final));
  }

  private onTextFinal(serial: number, final: Final): void {
    const { texts } = this.around;
    this.open.delete(serial);
    this.around.trace?.(() => `#${serial} is answered: ${typeof final === "string" ? final : final.status}`);
    const hasRidden = this.rode.delete(serial);
    if (hasRidden && (typeof final === "string" || final.status >= 300)) texts.unwatch(serial);
    if (final === "no-connection") texts.tellError(serial, false);
    else if (final === "timeout") texts.tellError(serial, true);
    else if (final.status < 300) texts.tellGood(serial);
    else texts.tellError(serial, OPEN.has(final.status));
  }

  private pump(talk: Talk): void {
    const { chance } = this.around;
    const { dialog, queue } = talk;
    if (talk.riding !== undefined) return;
    if (dialog) {
      while (queue.length > 0 && talk.inFlight < 3) this.sendText(talk, dialog, queue.shift()!);
      if (talk.inFlight === 0 && chance.of(0.01)) this.bye(dialog);
    } else if (queue.length > 0 && !talk.isInviting) this.invite(talk);
  }

  private sendText(talk: Talk, dialog: SipDialog, serial: number): void {
    const { stack } = this.around;
    talk.inFlight += 1;
    this.open.add(serial);
    const body = { type: TEXT_TYPE, bytes: bytesOf(TextBook.textOf(serial)) };
    stack.inDialog("MESSAGE", dialog, [], body, (final) => {
      talk.inFlight -= 1;
      this.onTextFinal(serial, final);
      const status = typeof final === "string" ? 0 : final.status;
      if (status === 481) this.forget(dialog);
      else if ((status === 0 || OPEN.has(status)) && this.dialogs.get(dialog.callId) === dialog)
        this.bye(dialog);
      this.pump(talk);
    });
  }

  // ---- sessions

  private invite(talk: Talk): void {
    const { stack } = this.around;
    talk.isInviting = true;
    const branch = stack.newBranch();
    const { s, x } = talk;
    const dialog: SipDialog = {
      callId: stack.newId("call"),
      s,
      x,
      localTag: stack.newId("t"),
      remoteTag: "",
      target: "",
      routes: [],
      cseq: 1,
    };
    const ids = { callId: dialog.callId, tag: dialog.localTag, cseq: 1, branch };
    const first = this.firstText(talk);
    talk.riding = first;
    const message = initialRequest("INVITE", talk, ids, first === undefined ? [] : ridingAlong(first), OFFER);
    stack.request("INVITE", branch, message, (final) => {
      talk.isInviting = false;
      talk.riding = undefined;
      if (typeof final === "string" || final.status >= 300) this.onNoSession(talk, final);
      else {
        confirmDialog(dialog, final);
        this.dialogs.set(dialog.callId, dialog);
        talk.dialog = dialog;
        stack.tell(dialogRequest("ACK", dialog, stack.newBranch(), [], undefined, 1));
        if (first !== undefined && talk.queue[0] === first) this.afterFirstText(talk, first);
        else this.pump(talk);
      }
    });
  }

  /** Clients of these partners put the first text into the INVITE as well. */
  private firstText(talk: Talk): number | undefined {
    const { moods, chance } = this.around;
    const isTheirWay = moods.profile === "lync" || moods.profile === "ocs";
    return isTheirWay && talk.inFlight === 0 && chance.of(0.3) ? talk.queue[0] : undefined;
  }

  /** Most clients send it again as a MESSAGE; a few leave it at that, and their users wait a little. */
  private afterFirstText(talk: Talk, first: number): void {
    const { chance, texts, agenda } = this.around;
    if (chance.of(0.9)) {
      // Where its MESSAGE is refused because the session has just ended, the program has it all the same.
      this.rode.add(first);
      this.pump(talk);
      return;
    }
    talk.queue.shift();
    // No answer ever tells what became of it.
    texts.unwatch(first);
    talk.inFlight += 3;
    agenda.in(8_000, () => {
      talk.inFlight -= 3;
      this.pump(talk);
    });
  }

  private onNoSession(talk: Talk, final: Final): void {
    this.around.trace?.(
      () => `bob${talk.s} gets no session: ${typeof final === "string" ? final : final.status}`,
    );
    if (talk.dialog) this.pump(talk);
    else for (const serial of talk.queue.splice(0)) this.around.texts.tellError(serial, false);
  }

  private bye(dialog: SipDialog): void {
    this.forget(dialog);
    this.around.stack.inDialog("BYE", dialog, [], undefined, () => {});
  }

  private forget(dialog: SipDialog): void {
    this.dialogs.delete(dialog.callId);
    this.unconfirmed.delete(dialog.callId);
    const talk = this.talkOf(dialog.s, dialog.x);
    if (talk.dialog === dialog) talk.dialog = undefined;
  }

  // ---- what the program asks. @returns false where it is none of ours.

  onRequest(line: SipLine, request: SipMessage): boolean {
    switch (request.method) {
      case "INVITE":
        this.onInvite(line, request);
        return true;
      case "ACK":
        this.unconfirmed.delete(request.callId);
        return true;
      case "CANCEL":
        this.onCancel(line, request);
        return true;
      case "MESSAGE":
        if (request.toTag === undefined) this.onText(line, request, undefined);
        else this.inSession(line, request, (dialog) => this.onText(line, request, dialog));
        return true;
      case "INFO":
        this.typing += 1;
        this.inSession(line, request, () => this.around.stack.answer(line, request, 200));
        return true;
      case "BYE":
        this.inSession(line, request, (dialog) => {
          this.forget(dialog);
          this.around.stack.answer(line, request, 200);
          this.pump(this.talkOf(dialog.s, dialog.x));
        });
        return true;
      default:
        return false;
    }
  }

  private inSession(line: SipLine, request: SipMessage, act: (dialog: SipDialog) => void): void {
    const dialog = this.dialogs.get(request.callId);
    if (dialog && dialog.localTag === request.toTag) act(dialog);
    else this.around.stack.answer(line, request, 481);
  }

  private onInvite(line: SipLine, invite: SipMessage): void {
    const { chance, moods, agenda, stack } = this.around;
    const branch = invite.topVia?.branch ?? "";
    if (moods.profile === "simple") {
      stack.answer(line, invite, 488, stack.newId("t"));
      return;
    }
    this.ringing.set(invite.callId, { line, invite, branch });
    const mood = chance.weighted(moods.invite);
    if (mood === "ignored") return;
    const isSlow = mood === "slow";
    const after = isSlow ? chance.between(2_000, 75_000) : chance.between(1, 300);
    if (isSlow) stack.answer(line, invite, 180, stack.newId("t"));
    agenda.in(after, () => {
      const ringing = this.ringing.get(invite.callId);
      if (ringing?.invite !== invite) return;
      this.ringing.delete(invite.callId);
      if (mood === "declined") stack.answer(line, invite, chance.pick(DECLINES), stack.newId("t"));
      else this.accept(ringing, mood === "short-lived");
    });
  }

  private accept({ line, invite }: Ringing, isShort: boolean): void {
    const { stack, agenda, chance } = this.around;
    const s = userOf(invite.to?.uri ?? "");
    const x = userOf(invite.from?.uri ?? "");
    const dialog = dialogFrom(invite, s, x, stack.newId("t"));
    this.dialogs.set(dialog.callId, dialog);
    this.unconfirmed.add(dialog.callId);
    const talk = this.talkOf(s, x);
    talk.dialog = dialog;
    const answer = () => stack.answer(line, invite, 200, dialog.localTag, CONTACT, ANSWER);
    answer();
    for (const ms of [1_000, 5_000])
      agenda.in(ms, () => {
        if (this.isUnconfirmed(dialog)) answer();
      });
    agenda.in(32_000, () => {
      if (this.isUnconfirmed(dialog)) this.bye(dialog);
    });
    if (isShort)
      agenda.in(chance.between(1, 3_000), () => {
        if (this.dialogs.get(dialog.callId) === dialog && !this.isUnconfirmed(dialog)) this.bye(dialog);
      });
    this.pump(talk);
  }

  private isUnconfirmed(dialog: SipDialog): boolean {
    return this.unconfirmed.has(dialog.callId) && this.dialogs.get(dialog.callId) === dialog;
  }

  private onCancel(line: SipLine, cancel: SipMessage): void {
    const { stack } = this.around;
    const ringing = this.ringing.get(cancel.callId);
    const isKnown = ringing !== undefined && ringing.branch === cancel.topVia?.branch;
    stack.answer(line, cancel, isKnown ? 200 : 481);
    if (!isKnown) return;
    this.ringing.delete(cancel.callId);
    stack.answer(ringing.line, ringing.invite, 487, stack.newId("t"));
  }

  // ---- texts come

  private onText(line: SipLine, request: SipMessage, dialog: SipDialog | undefined): void {
    const { chance, moods, agenda, stack, texts } = this.around;
    const type = request.get("Content-Type") ?? "";
    if (!type.startsWith("text/plain")) {
      this.typing += 1;
      stack.answer(line, request, 200, stack.newId("t"));
      return;
    }
    const text = textIn(request.body);
    const serial = texts.serialOf(text);
    const mood = chance.weighted(moods.text);
    this.around.trace?.(() => `bob${userOf(request.to?.uri ?? "")} gets ${text.slice(0, 12)}: ${mood}`);
    if (mood === "forgotten" && dialog) {
      this.forget(dialog);
      stack.answer(line, request, 481);
      return;
    }
    if (mood === "declined") {
      const status = chance.pick(TEXT_DECLINES);
      agenda.in(chance.between(1, 50), () => stack.answer(line, request, status, stack.newId("t")));
      return;
    }
    if (mood === "unseen-unanswered") return;
    if (serial === undefined) this.words += 1;
    else {
      texts.see(serial, `by bob, in ${request.callId}`);
      this.around.news(serial);
    }
    if (mood === "seen-unanswered") return;
    const after =
      mood === "slow"
        ? chance.between(100, 25_000)
        : mood === "late"
          ? chance.between(31_000, 60_000)
          : chance.between(0.5, 20);
    const came = agenda.now;
    agenda.in(after, () =>
      stack.answer(line, request, 200, stack.newId("t"), undefined, undefined, () => {
        if (serial === undefined || agenda.now - came > SURELY_IN_TIME) return;
        texts.answered(serial);
        this.around.news(serial);
      }),
    );
  }
}
