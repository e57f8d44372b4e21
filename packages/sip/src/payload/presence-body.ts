import { readEventCategories } from "./event-categories-read.ts";
import { type MediaType, parseMediaType } from "./media-type.ts";
import { readMsrtcPidf } from "./msrtc-pidf-read.ts";
import { splitMultipart } from "./multipart.ts";
import { readPidf } from "./pidf-read.ts";
import { type PresenceSummary, summarise } from "./presence-document.ts";
import { readXpidf } from "./xpidf-read.ts";

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
  readonly displayName?: string;
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

interface Form {
  readonly kind: PresenceForm;
  readonly read: (bytes: Uint8Array) => StatementReading;
}

const PIDF: Form = { kind: "pidf", read: readPidfStatement };

/** Media types by form. */
const FORMS: ReadonlyMap<string, Form> = new Map([
  ["application/pidf+xml", PIDF],
  ["application/cpim-pidf+xml", PIDF],
  ["text/xml+msrtc.pidf", { kind: "msrtc-pidf", read: readMsrtcPidf }],
  ["application/xpidf+xml", { kind: "xpidf", read: readXpidf }],
  ["application/msrtc-event-categories+xml", { kind: "event-categories", read: readEventCategories }],
]);

const RESOURCE_LIST = "application/rlmi+xml";

/** The media types of presence bodies that are read, in lower case. */
export const PRESENCE_MEDIA_TYPES: readonly string[] = [...FORMS.keys()];

/**
 * Reads the body of a presence NOTIFY by its Content-Type (the header's value, parameters and all). Out of a multipart,
 * not nested, the first part of a known form is read. Never throws, whatever the bytes; bounds are those of `readXml`.
 */
export function readPresenceBody(contentType: string | undefined, bytes: Uint8Array): PresenceBodyReading {
  if (bytes.length === 0) return refuse("empty", "no body");
  const mediaType = contentType === undefined ? undefined : parseMediaType(contentType);
  if (mediaType === undefined) return refuse("unsupported", "no media type");
  return mediaType.type.startsWith("multipart/")
    ? readMultipart(mediaType, bytes)
    : readForm(mediaType.type, bytes);
}

function readForm(type: string, bytes: Uint8Array): PresenceBodyReading {
  if (type === RESOURCE_LIST) return refuse("resource-list", type);
  const form = FORMS.get(type);
  if (form === undefined) return refuse("unsupported", type);
  const reading = form.read(bytes);
  if (!reading.ok) return refuse("malformed", reading.why);
  return { ok: true, kind: form.kind, entity: reading.entity, summary: reading.summary };
}

function readMultipart(mediaType: MediaType, bytes: Uint8Array): PresenceBodyReading {
  if (mediaType.params.get("type")?.toLowerCase() === RESOURCE_LIST) {
    return refuse("resource-list", mediaType.type);
  }
  const parts = splitMultipart(bytes, mediaType.params.get("boundary") ?? "");
  if (parts === undefined) return refuse("malformed", "a multipart without its boundary");
  const types = parts.map((part) => (part.body ? (part.mediaType?.type ?? "") : ""));
  if (types.includes(RESOURCE_LIST)) return refuse("resource-list", mediaType.type);
  const known = types.findIndex((type) => FORMS.has(type));
  return known < 0 ? refuse("unsupported", mediaType.type) : readForm(types[known]!, parts[known]!.body!);
}

function readPidfStatement(bytes: Uint8Array): StatementReading {
  const reading = readPidf(bytes);
  if (!reading.ok) return reading;
  const { entity, displayName, otherActivity } = reading.document;
  return {
    ok: true,
    entity,
    summary: {
      ...summarise(reading.document),
      ...(otherActivity !== undefined && { activityText: otherActivity }),
      ...(displayName !== undefined && { displayName }),
    },
  };
}

function refuse(
  why: "empty" | "unsupported" | "resource-list" | "malformed",
  what: string,
): PresenceBodyReading {
  return { ok: false, why, what };
}
