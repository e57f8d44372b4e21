import type { PresenceSummary } from "./presence-document.ts";

/** The forms in which a notifier may tell presence. */
export type PresenceForm = "pidf" | "msrtc-pidf" | "xpidf" | "event-categories";

/** What a presence body says, in words and numbers of its own form; what they mean is for the mapping tables to say. */
export interface PresenceBodySummary extends PresenceSummary {
  /** Enhanced-presence number, 0 and up: more exact than `basic` and `activities` where it is given. */
  readonly availability?: number;
  /** Activity class of `msrtc-pidf`, 0 to 999; less exact than `availability`. */
  readonly activityClass?: number;
  /** The activity in the partner's own words, for people to read: not a token, not the user's note. */
  readonly activityText?: string;
}

/** One body of a form that is read. */
export interface PresenceStatement {
  /** Who is spoken of, as written; a bare address from forms that leave the scheme out. */
  readonly entity: string;
  readonly summary: PresenceBodySummary;
}

export type PresenceBodyReading =
  | ({ readonly ok: true; readonly kind: PresenceForm } & PresenceStatement)
  | {
      readonly ok: false;
      /**
       * `empty`: no bytes. `unsupported`: no form that is read. `resource-list`: RFC 4662, which answers a kind of
       * subscription that is never asked for. `malformed`: one of our forms, broken.
       */
      readonly why: "empty" | "unsupported" | "resource-list" | "malformed";
      /** For a log line: the media type, or what is wrong; nothing of what the body says. */
      readonly what: string;
    };

/** What each form's reader answers. */
export type StatementReading =
  | ({ readonly ok: true } & PresenceStatement)
  | { readonly ok: false; readonly why: string };
