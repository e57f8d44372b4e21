import type { SipMessage } from "@tombolo/sip";
import type { Agenda } from "../simulation/agenda.ts";
import { userOf } from "../simulation/names.ts";
import { confirmDialog, initialRequest, type SipDialog, textIn } from "../simulation/sip-dialog.ts";
import type { SipLine } from "../simulation/sip-line.ts";
import type { Final, SipStack } from "../simulation/sip-stack.ts";
import { delayOf, type Fates } from "./fates.ts";
import { type Told, toldIn } from "./markers.ts";

export interface SipWatchersAround {
  readonly agenda: Agenda;
  readonly stack: SipStack;
  readonly fates: Fates;
}

/** A device at which the SIP user s watches x. */
export interface Device {
  readonly s: number;
  readonly x: number;
  readonly place: number;
  isWanted: boolean;
  expires: number;
  dialog: SipDialog | undefined;
  isConfirmed: boolean;
  state: string;
  told: Told | undefined;
  /** How often a SUBSCRIBE was taken. */
  confirmed: number;
  /** Grows with each change, so that timers of what was before say nothing. */
  turn: number;
}

/** How long until a lost subscription is made anew, ms. */
const AGAIN = 2_000;
const AGAIN_AFTER_FAILURE = 15_000;
/** How long the last NOTIFY is waited for, ms. */
const LAST_NOTIFY = 32_000;

/** SIP users who watch XMPP users, each at two devices at most. */
export class SipWatchers {
  private readonly around: SipWatchersAround;
  private readonly devices = new Map<string, Device>();
  private readonly dialogs = new Map<string, Device>();

  constructor(around: SipWatchersAround) {
    this.around = around;
  }

  // ---- what users do

  /** @param expires s */
  subscribe(s: number, x: number, place: number, expires: number): void {
    const device = this.deviceOf(s, x, place);
    device.isWanted = true;
    device.expires = expires;
    if (!device.dialog) this.open(device);
    else if (device.isConfirmed) this.extend(device, device.dialog, expires);
  }

  refresh(s: number, x: number, place: number): void {
    const device = this.deviceOf(s, x, place);
    if (device.dialog && device.isConfirmed) this.extend(device, device.dialog, device.expires);
  }

  /** In order, with Expires 0. */
  unsubscribe(s: number, x: number, place: number): void {
    const device = this.deviceOf(s, x, place);
    device.isWanted = false;
    if (device.dialog && device.isConfirmed) this.extend(device, device.dialog, 0);
    else this.lose(device);
  }

  /** The device goes without a word: what it has subscribed lapses. */
  abandon(s: number, x: number, place: number): void {
    const device = this.deviceOf(s, x, place);
    device.isWanted = false;
    device.turn += 1;
  }

  /** Looks once. */
  fetch(s: number, x: number): void {
    this.open({ ...this.newDevice(s, x, 9), expires: 0 });
  }

  /** The partner's servers forget all; devices come back and watch again. */
  restart(): void {
    this.dialogs.clear();
    for (const device of this.devices.values()) {
      this.lose(device);
      this.again(device, AGAIN);
    }
  }

  // ---- for those who compare

  /** Devices whose users watch, with what they see. */
  *wanted(): IterableIterator<Device> {
    for (const device of this.devices.values()) if (device.isWanted) yield device;
  }

  /** Call-IDs of live dialogs of s watching x. */
  dialogsOf(s: number, x: number): string[] {
    return [...this.dialogs].filter(([, own]) => own.s === s && own.x === x).map(([callId]) => callId);
  }

  // ---- requests of ours

  private deviceOf(s: number, x: number, place: number): Device {
    const key = `${s} ${x} ${place}`;
    let device = this.devices.get(key);
    if (!device) {
      device = this.newDevice(s, x, place);
      this.devices.set(key, device);
    }
    return device;
  }

  private newDevice(s: number, x: number, place: number): Device {
    const nothing = {
      dialog: undefined,
      isConfirmed: false,
      state: "",
      told: undefined,
      turn: 0,
      confirmed: 0,
    };
    return { s, x, place, isWanted: false, expires: 600, ...nothing };
  }

  private open(device: Device): void {
    const { stack } = this.around;
    const { s, x, expires } = device;
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
    Object.assign(device, { dialog, isConfirmed: false, state: "", told: undefined });
    device.turn += 1;
    this.dialogs.set(dialog.callId, device);
    const branch = stack.newBranch();
    const ids = { callId: dialog.callId, tag: dialog.localTag, cseq: 1, branch };
    const message = initialRequest("SUBSCRIBE", device, ids, wish(expires));
    stack.request("SUBSCRIBE", branch, message, (final) => this.onSubscribed(device, dialog, final));
  }

  private extend(device: Device, dialog: SipDialog, expires: number): void {
    this.around.stack.inDialog("SUBSCRIBE", dialog, wish(expires), undefined, (final) => {
      if (expires > 0) this.onSubscribed(device, dialog, final);
      else if (typeof final === "string" || final.status >= 300) this.onEnded(device, dialog);
      else this.around.agenda.in(LAST_NOTIFY, () => this.onEnded(device, dialog));
    });
  }

  private onEnded(device: Device, dialog: SipDialog): void {
    if (device.dialog !== dialog) return;
    this.lose(device);
    this.again(device, AGAIN);
  }

  private onSubscribed(device: Device, dialog: SipDialog, final: Final): void {
    if (device.dialog !== dialog) return;
    if (typeof final === "string" || final.status >= 300) {
      this.lose(device);
      this.again(device, AGAIN_AFTER_FAILURE);
      return;
    }
    if (!device.isConfirmed) confirmDialog(dialog, final);
    device.isConfirmed = true;
    device.turn += 1;
    device.confirmed += 1;
    const { turn, confirmed } = device;
    const granted = final.number("Expires") ?? device.expires;
    this.around.agenda.in(granted * 850, () => {
      if (device.turn !== turn || !device.isWanted) return;
      // Who stays does so for long.
      device.expires = Math.max(device.expires, 3_600);
      this.extend(device, dialog, device.expires);
    });
    // After that the dialog is no more, whatever became of the last NOTIFY.
    this.around.agenda.in(granted * 1_000 + 5_000, () => {
      if (device.confirmed === confirmed) this.onEnded(device, dialog);
    });
  }

  private lose(device: Device): void {
    if (device.dialog) this.dialogs.delete(device.dialog.callId);
    device.dialog = undefined;
    device.isConfirmed = false;
    device.turn += 1;
  }

  private again(device: Device, ms: number): void {
    const { turn } = device;
    this.around.agenda.in(ms, () => {
      if (device.turn === turn && device.isWanted && !device.dialog) this.open(device);
    });
  }

  // ---- NOTIFYs of the program's

  onNotify(line: SipLine, request: SipMessage): void {
    const { stack, fates, agenda } = this.around;
    const fate = fates.nextNotify();
    if (fate === "lost") return;
    const device = this.dialogs.get(request.callId);
    const dialog = device?.dialog;
    if (!device || !dialog || dialog.localTag !== request.toTag || dialog.s !== userOf(request.to!.uri)) {
      stack.answer(line, request, 481);
      return;
    }
    if (typeof fate === "number") {
      if (fate === 481) {
        this.lose(device);
        this.again(device, AGAIN);
      }
      stack.answer(line, request, fate);
      return;
    }
    if (dialog.remoteTag === "") dialog.remoteTag = request.fromTag ?? "";
    device.state = request.get("Subscription-State") ?? "";
    if (request.body.length > 0) device.told = toldIn(textIn(request.body));
    if (fate !== "silent") agenda.in(delayOf(fate), () => stack.answer(line, request, 200));
    if (!device.state.startsWith("terminated")) return;
    this.lose(device);
    this.again(device, AGAIN);
  }
}

function wish(expires: number) {
  return [
    ["Event", "presence"],
    ["Accept", "application/pidf+xml"],
    ["Expires", String(expires)],
  ] as const;
}
