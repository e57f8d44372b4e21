import type { Portion, TransactionPart } from "./disk.ts";
import type { RecordKind } from "./records.ts";
import type { FileSettings } from "./sqlite-file.ts";
import type { StoreFault } from "./store-error.ts";

/** To the thread that has the file. Answered one by one, in order. */
export type ThreadRequest =
  | { readonly ask: "open"; readonly settings: FileSettings }
  | { readonly ask: "write"; readonly part: TransactionPart }
  | { readonly ask: "read"; readonly kind: RecordKind; readonly from: number }
  | { readonly ask: "close" };

/** From it. A `StoreError` loses its class between threads, so its parts travel. */
export type ThreadReply =
  | { readonly ok: true; readonly portion?: Portion }
  | { readonly ok: false; readonly fault: StoreFault; readonly message: string };
