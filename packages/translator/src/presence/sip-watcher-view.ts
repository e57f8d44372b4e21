import type { KeptResource } from "../kept.ts";
import type { MappedState } from "./documents.ts";
import type { Exhibit } from "./exhibit.ts";
import type { Permission } from "./permission.ts";
import type { SipWatchView } from "./views.ts";
import type { WatchDialogs } from "./watch-dialogs.ts";

/** Why a SIP watcher sees what they see. */
export function sipWatchView({
  isDenied,
  seen: { state, note, row },
  permission,
  exhibit,
  dialogs,
  device,
}: {
  readonly isDenied: boolean;
  readonly seen: MappedState;
  readonly permission: Permission;
  readonly exhibit: Exhibit;
  readonly dialogs: WatchDialogs;
  readonly device: KeptResource | undefined;
}): SipWatchView {
  return {
    authorization: permission.state,
    askedAt: permission.askedAt,
    isDenied,
    isOut: exhibit.isOut,
    isStale: exhibit.isStale,
    resources: device ? [...exhibit.list(), device] : exhibit.list(),
    sees: { state, ...(note !== undefined && { note }), ...(row !== undefined && { row }) },
    dialogs: dialogs.all.map(({ dialog, notifier, toldAt }) => ({
      dialog: dialog ?? "",
      state: notifier.state,
      expiresAt: notifier.expiresAt,
      documentAt: toldAt,
    })),
  };
}
