import type { StoreConfig } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import { StartError } from "../start-error.ts";
import { openStore } from "../store/embedded-store.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";

export interface OpenedStore {
  readonly store: Store;
  /** Called when the disk takes changes again and some were missed meanwhile. */
  onMissed: (() => void) | undefined;
  /** Called when the disk does not take promises any more, and when it does again. */
  onTakes: ((takes: boolean) => void) | undefined;
}

/**
 * Opens the store that the configuration names. Rejects with a `StartError` where it can't be used: it is left as it is.
 */
export async function openGatewayStore(config: StoreConfig, log: Log): Promise<OpenedStore> {
  if (config.kind !== "sqlite")
    throw new StartError(
      "this version keeps its state in a file only; write store: { kind: sqlite, path: var/tombolo.db }",
    );
  let opened: OpenedStore | undefined;
  try {
    const store = await openStore({
      path: config.path,
      onTrouble: (why) => {
        log.error("store-trouble", { fault: why.fault, why: why.message });
        opened?.onTakes?.(false);
      },
      onHealthy: (missed) => {
        opened?.onTakes?.(true);
        log.info("store-healthy", { missed });
        if (missed > 0) opened?.onMissed?.();
      },
      onUnreadable: (kind) => log.warn("record-unreadable", { kind }),
    });
    opened = { store, onMissed: undefined, onTakes: undefined };
    return opened;
  } catch (error) {
    if (error instanceof StoreError) throw new StartError(error.message);
    throw error;
  }
}
