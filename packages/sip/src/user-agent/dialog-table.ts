import { type Dialog, dialogId } from "../dialog/dialog.ts";
import { SharedTexts } from "../dialog/shared-texts.ts";
import type { SipMessage } from "../message/message.ts";
import type { DialogId } from "./port.ts";

/** The dialogs of a user agent, and the places kept for those that are being made. */
export class DialogTable {
  private readonly byId = new Map<DialogId, Dialog>();
  private readonly maxDialogs: number;
  private readonly shared = new SharedTexts();
  private reserved = 0;

  constructor(maxDialogs: number) {
    this.maxDialogs = maxDialogs;
  }

  get size(): number {
    return this.byId.size;
  }

  /** Places kept for dialogs in the making. */
  get inMaking(): number {
    return this.reserved;
  }

  /** Keeps a place; false when there is none. Every place kept is given back by `release`. */
  reserve(): boolean {
    if (this.byId.size + this.reserved >= this.maxDialogs) return false;
    this.reserved += 1;
    return true;
  }

  release(): void {
    this.reserved -= 1;
  }

  /** @returns the same dialog. */
  add(dialog: Dialog): Dialog {
    dialog.shareTexts(this.shared);
    this.byId.set(dialog.id, dialog);
    return dialog;
  }

  get(id: DialogId): Dialog | undefined {
    return this.byId.get(id);
  }

  /** The dialog that a received request belongs to (RFC 3261 12.2.2). */
  of(request: SipMessage): Dialog | undefined {
    return this.byId.get(dialogIdOf(request));
  }

  delete(id: DialogId): boolean {
    return this.byId.delete(id);
  }

  values(): IterableIterator<Dialog> {
    return this.byId.values();
  }

  clear(): void {
    this.byId.clear();
    this.reserved = 0;
  }
}

/** The id of the dialog that a received request names. */
export function dialogIdOf(request: SipMessage): DialogId {
  return dialogId(request.callId, request.toTag ?? "", request.fromTag ?? "");
}
