import { type Dialog, dialogId } from "../dialog/dialog.ts";
import { routeSetOf } from "../dialog/route-set.ts";
import { SharedTexts } from "../dialog/shared-texts.ts";
import type { SipMessage } from "../message/message.ts";
import type { DialogId } from "./port.ts";

/** A dialog and what runs in it. */
export class DialogEntry {
  readonly dialog: Dialog;
  /** An INVITE of ours waits for its final answer. */
  isInviting = false;
  /** An INVITE of the peer waits for our final answer. */
  isInvited = false;
  /** Our subscription was made by its 2xx: the first NOTIFY may still bring the route set (RFC 6665 4.4.1). */
  awaitsNotify = false;

  constructor(dialog: Dialog) {
    this.dialog = dialog;
  }

  get id(): DialogId {
    return this.dialog.id;
  }

  /**
   * The first NOTIFY of a subscription may bring its route set (RFC 6665 4.4.1).
   *
   * @returns whether the answer has to carry the Record-Route back (RFC 3261 12.1.1).
   */
  onFirstNotify(notify: SipMessage): boolean {
    this.awaitsNotify = false;
    const routes = routeSetOf(notify, "server");
    this.dialog.offerRoutes(routes, "notify");
    return routes.length > 0;
  }
}

/** The dialogs of a user agent, and the places kept for those that are being made. */
export class DialogTable {
  private readonly entries = new Map<DialogId, DialogEntry>();
  private readonly maxDialogs: number;
  private readonly shared = new SharedTexts();
  private reserved = 0;

  constructor(maxDialogs: number) {
    this.maxDialogs = maxDialogs;
  }

  get size(): number {
    return this.entries.size;
  }

  /** Places kept for dialogs in the making. */
  get inMaking(): number {
    return this.reserved;
  }

  /** Keeps a place; false when there is none. Every place kept is given back by `release`. */
  reserve(): boolean {
    if (this.entries.size + this.reserved >= this.maxDialogs) return false;
    this.reserved += 1;
    return true;
  }

  release(): void {
    this.reserved -= 1;
  }

  add(dialog: Dialog): DialogEntry {
    dialog.shareTexts(this.shared);
    const entry = new DialogEntry(dialog);
    this.entries.set(entry.id, entry);
    return entry;
  }

  get(id: DialogId): DialogEntry | undefined {
    return this.entries.get(id);
  }

  /** The dialog that a received request belongs to (RFC 3261 12.2.2). */
  of(request: SipMessage): DialogEntry | undefined {
    return this.entries.get(dialogIdOf(request));
  }

  delete(id: DialogId): boolean {
    return this.entries.delete(id);
  }

  values(): IterableIterator<DialogEntry> {
    return this.entries.values();
  }

  clear(): void {
    this.entries.clear();
    this.reserved = 0;
  }
}

/** The id of the dialog that a received request names. */
export function dialogIdOf(request: SipMessage): DialogId {
  return dialogId(request.callId, request.toTag ?? "", request.fromTag ?? "");
}
