import { detach, type Millis } from "@tombolo/sip";
import type { NodeState } from "./node-state.ts";

/** A dialog between a partner and an inside node, as far as the edge must know it. */
export interface EdgeDialog {
  readonly key: string;
  readonly node: NodeState;
  /** The partner's domain. */
  readonly partner: string;
  /** The partner chose the Call-ID. */
  readonly fromOutside: boolean;
  /** The node's own Contact URI, where it gave one: requests in the dialog go to it (RFC 3261 12.2.1.1). */
  target: string | undefined;
  /** The Record-Routes of proxies between us and the node, as Route values for what comes from outside. */
  routes: readonly string[];
  /** An INVITE was accepted and no BYE has passed; or nothing is known but that it is there. */
  session: boolean;
  /** How long a subscription runs; 0 where there is none. */
  subscribedUntil: Millis;
  /** Whole ms, as all times here: others would be an object each. */
  endsAt: Millis;
  /** Which slot it stands in. */
  slot: number;
}

/** Of the dialogs without any. */
export const NO_ROUTES: readonly string[] = [];

/** How precisely dialogs end, ms: later by this at most. */
export const DIALOG_SLOT_MS: Millis = 10_000;

/**
 * Which node owns which dialog. A dialog is known by its Call-ID and the node's tag: the partner's tag is not there
 * yet when the first NOTIFY overtakes the answer, and is another one for each fork. Bounded by `max`.
 */
export class DialogTable {
  max: number;
  private readonly byKey = new Map<string, EdgeDialog>();
  /** By slot number. A dialog that ends later than its slot says moves on when the slot is due. */
  private readonly slots = new Map<number, Set<EdgeDialog>>();
  /** Slots below this one are done. */
  private nextSlot: number | undefined;

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.byKey.size;
  }

  get isFull(): boolean {
    return this.byKey.size >= this.max;
  }

  find(callId: string, nodeTag: string | undefined): EdgeDialog | undefined {
    return nodeTag === undefined ? undefined : this.byKey.get(keyOf(callId, nodeTag));
  }

  /** Undefined where there is no room. */
  add(
    callId: string,
    nodeTag: string,
    dialog: Pick<EdgeDialog, "node" | "partner" | "fromOutside">,
    endsAt: Millis,
    now: Millis,
  ): EdgeDialog | undefined {
    if (this.isFull) return undefined;
    // In one piece: what it is put together from would be kept with it.
    const key = detach(keyOf(callId, nodeTag));
    const added: EdgeDialog = {
      ...dialog,
      key,
      target: undefined,
      routes: NO_ROUTES,
      session: false,
      subscribedUntil: 0,
      endsAt: Math.ceil(endsAt),
      slot: slotOf(endsAt),
    };
    this.byKey.set(key, added);
    this.nextSlot ??= slotOf(now);
    this.put(added);
    return added;
  }

  /** Gives it another end, earlier or later. */
  keepUntil(dialog: EdgeDialog, endsAt: Millis): void {
    dialog.endsAt = Math.ceil(endsAt);
    const slot = slotOf(endsAt);
    if (slot >= dialog.slot || this.byKey.get(dialog.key) !== dialog) return;
    this.takeOut(dialog);
    dialog.slot = slot;
    this.put(dialog);
  }

  forget(dialog: EdgeDialog): void {
    if (this.byKey.get(dialog.key) !== dialog) return;
    this.byKey.delete(dialog.key);
    this.takeOut(dialog);
  }

  /** When to call `expire`; undefined while there is nothing to end. */
  get nextAt(): Millis | undefined {
    return this.byKey.size === 0 || this.nextSlot === undefined
      ? undefined
      : (this.nextSlot + 1) * DIALOG_SLOT_MS;
  }

  /** Forgets the dialogs whose time is over. */
  expire(now: Millis): void {
    if (this.nextSlot === undefined) return;
    const current = Math.floor(now / DIALOG_SLOT_MS);
    for (; this.nextSlot < current; this.nextSlot++) {
      const due = this.slots.get(this.nextSlot);
      this.slots.delete(this.nextSlot);
      for (const dialog of due ?? []) {
        if (dialog.endsAt <= now) this.byKey.delete(dialog.key);
        else {
          dialog.slot = Math.max(slotOf(dialog.endsAt), current);
          this.put(dialog);
        }
      }
    }
    if (this.byKey.size === 0) this.nextSlot = undefined;
  }

  private put(dialog: EdgeDialog): void {
    const slot = Math.max(dialog.slot, this.nextSlot ?? dialog.slot);
    dialog.slot = slot;
    const others = this.slots.get(slot);
    if (others) others.add(dialog);
    else this.slots.set(slot, new Set([dialog]));
  }

  private takeOut(dialog: EdgeDialog): void {
    const others = this.slots.get(dialog.slot);
    others?.delete(dialog);
    if (others?.size === 0) this.slots.delete(dialog.slot);
  }
}

function keyOf(callId: string, nodeTag: string): string {
  return `${callId}\n${nodeTag}`;
}

function slotOf(at: Millis): number {
  return Math.floor(at / DIALOG_SLOT_MS);
}
