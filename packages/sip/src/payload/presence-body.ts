import { octets } from "../message/octets.ts";
import { AlikeDocuments } from "./alike-documents.ts";
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

const alike = new AlikeDocuments();

/** Media types by form. */
const FORMS: ReadonlyMap<string, Form> = new Map([
  ["application/pidf+xml", PIDF],
  ["application/cpim-pidf+xml", PIDF],
  ["text/xml+msrtc.pidf", { kind: "msrtc-pidf", read: readMsrtcPidf }],
  ["application/xpidf+xml", { kind: "xpidf", read: readXpidf }],
  ["application/msrtc-event-categories+xml", { kind: "event-categories", read: readEventCategories }],
]);

/** How nearly every document comes. */
const PLAIN_PIDF: MediaType = { type: "application/pidf+xml", params: new Map() };

const RESOURCE_LIST = "application/rlmi+xml";

/** The media types of presence bodies that are read, in lower case. */
export const PRESENCE_MEDIA_TYPES: readonly string[] = [...FORMS.keys()];

/**
 * Reads the body of a presence NOTIFY by its Content-Type (the header's value, parameters and all). Out of a multipart,
 * not nested, the first part of a known form is read. Never throws, whatever the bytes; bounds are those of `readXml`.
 * @param content bytes, or a text with one character for each.
 */
export function readPresenceBody(
  contentType: string | undefined,
  content: Uint8Array | string,
): PresenceBodyReading {
  if (content.length === 0) return refuse("empty", "no body");
  const mediaType = contentType === undefined ? undefined : mediaTypeOf(contentType);
  if (mediaType === undefined) return refuse("unsupported", "no media type");
  if (typeof content === "string" && FORMS.get(mediaType.type) === PIDF)
    return told(
      PIDF,
      alike.read(content, () => readPidfStatement(octets(content))),
    );
  const bytes = typeof content === "string" ? octets(content) : content;
  return mediaType.type.startsWith("multipart/")
    ? readMultipart(mediaType, bytes)
    : readForm(mediaType.type, bytes);
}

function mediaTypeOf(contentType: string): MediaType | undefined {
  return contentType === PLAIN_PIDF.type ? PLAIN_PIDF : parseMediaType(contentType);
}

function readForm(type: string, bytes: Uint8Array): PresenceBodyReading {
  if (type === RESOURCE_LIST) return refuse("resource-list", type);
  const form = FORMS.get(type);
  if (form === undefined) return refuse("unsupported", type);
  return told(form, form.read(bytes));
}

function told({ kind }: Form, reading: StatementReading): PresenceBodyReading {
  if (!reading.ok) return refuse("malformed", reading.why);
  return { ok: true, kind, entity: reading.entity, summary: reading.summary };
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
  const { entity, otherActivity: activityText } = reading.document;
  const summary = summarise(reading.document);
  return { ok: true, entity, summary: activityText === undefined ? summary : { ...summary, activityText } };
}

function refuse(
  why: "empty" | "unsupported" | "resource-list" | "malformed",
  what: string,
): PresenceBodyReading {
  return { ok: false, why, what };
}
