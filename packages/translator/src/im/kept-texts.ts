import { PlaceMap } from "@tombolo/sip";
import type { Keep, KeptText, TextFailure } from "../kept.ts";
import type { Pair } from "../pair.ts";
import type { OutboundText } from "./queue.ts";

/** What of one pair's texts has to outlive the process, and what of that has changed since it was handed on. */
export class KeptTexts {
  private readonly pair: Pair;
  /** Texts that are kept or about to be, with what their senders are to be told. */
  private readonly open = new PlaceMap<{ readonly item: OutboundText; failure: TextFailure | undefined }>();
  private readonly changed = new Set<string>();
  /** Handed on already. */
  private readonly onDisk = new Set<string>();

  constructor(pair: Pair) {
    this.pair = pair;
  }

  /** @param failure its sender has to be told. */
  change(item: OutboundText, failure?: TextFailure): void {
    if (item.id === undefined) return;
    this.open.set(item.id, { item, failure });
    this.changed.add(item.id);
  }

  /** Its fate is settled and nobody has to be told any more. */
  forget({ id }: OutboundText): void {
    if (id === undefined || !this.open.delete(id)) return;
    if (this.onDisk.has(id)) this.changed.add(id);
    else this.changed.delete(id);
  }

  /** It is kept as it was restored. */
  restored(item: OutboundText, failure: TextFailure | undefined): void {
    this.open.set(item.id!, { item, failure });
    this.onDisk.add(item.id!);
  }

  keepAnew(): void {
    for (const { item } of this.open.values()) this.changed.add(item.id!);
  }

  /** Hands on what has changed. */
  keep(keep: Keep): void {
    for (const id of this.changed) {
      const own = this.open.get(id);
      if (own) this.onDisk.add(id);
      else this.onDisk.delete(id);
      keep({ what: "text", pair: this.pair, id, value: own && keptValueOf(own.item, own.failure) });
    }
    this.changed.clear();
  }
}

function keptValueOf(item: OutboundText, failure: TextFailure | undefined): KeptText {
  const { acceptedAt, origin, key } = item;
  if (failure)
    return {
      state: "failed",
      acceptedAt,
      text: "",
      ...(key !== undefined && { key }),
      origin: origin!,
      failure,
    };
  const { text, subject, language, sentAt, thread, state } = item;
  return {
    state,
    acceptedAt,
    text,
    ...(subject !== undefined && { subject }),
    ...(language !== undefined && { language }),
    ...(sentAt !== undefined && { sentAt }),
    ...(thread !== undefined && { thread }),
    ...(key !== undefined && { key }),
    origin: origin!,
  };
}
