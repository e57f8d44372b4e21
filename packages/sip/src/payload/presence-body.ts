import { readEventCategories } from "./event-categories-read.ts";
import { type MediaType, parseMediaType } from "./media-type.ts";
import { readMsrtcPidf } from "./msrtc-pidf-read.ts";
import { splitMultipart } from "./multipart.ts";
import { readPidf } from "./pidf-read.ts";
import { summarise } from "./presence-document.ts";
import type { PresenceBodyReading, PresenceForm, StatementReading } from "./presence-statement.ts";
import { readXpidf } from "./xpidf-read.ts";

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
