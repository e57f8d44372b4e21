/** What the edge knows of methods; all others are proxied as `OTHER` (RFC 3261 16.3). */
export interface MethodRule {
  /** Forms or refreshes a dialog, so that we have to stay on its path (RFC 3261 16.6 step 4, RFC 6665). */
  readonly recordRoute: boolean;
  /** False where no response ever comes back. */
  readonly answered: boolean;
}

const METHODS: ReadonlyMap<string, MethodRule> = new Map(
  Object.entries({
    INVITE: { recordRoute: true, answered: true },
    ACK: { recordRoute: false, answered: false },
    BYE: { recordRoute: false, answered: true },
    CANCEL: { recordRoute: false, answered: true },
    OPTIONS: { recordRoute: false, answered: true },
    MESSAGE: { recordRoute: false, answered: true },
    INFO: { recordRoute: false, answered: true },
    UPDATE: { recordRoute: true, answered: true },
    PRACK: { recordRoute: false, answered: true },
    PUBLISH: { recordRoute: false, answered: true },
    SUBSCRIBE: { recordRoute: true, answered: true },
    NOTIFY: { recordRoute: true, answered: true },
    /** A NOTIFY that is never answered. */
    BENOTIFY: { recordRoute: true, answered: false },
    REFER: { recordRoute: true, answered: true },
    REGISTER: { recordRoute: false, answered: true },
    SERVICE: { recordRoute: false, answered: true },
    NEGOTIATE: { recordRoute: false, answered: true },
  }),
);

const OTHER: MethodRule = { recordRoute: true, answered: true };

export function methodRule(method: string): MethodRule {
  return METHODS.get(method) ?? OTHER;
}

/** The method as a metric may name it: one of a fixed set. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : "OTHER";
}

/** The same where the sender may not publish. */
export const ALLOW_WITHOUT_PUBLISH =
  "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO, UPDATE, SUBSCRIBE, NOTIFY, BENOTIFY";

/** What goes into Allow where the edge answers for the nodes behind it. */
export const ALLOW =
  "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO, UPDATE, SUBSCRIBE, NOTIFY, BENOTIFY, PUBLISH";
