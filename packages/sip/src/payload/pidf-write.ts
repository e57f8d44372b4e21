import type { Basic, PresenceNote, UserInput } from "./presence-document.ts";
import { escapeXmlAttribute, escapeXmlText } from "./xml-text.ts";

/**
 * `rpid`: RFC 4479/4480, activities in a person. `rpid-status-draft`: activities inside the tuple's status, the form of
 * the drafts before RFC 4480 that enterprise servers and clients kept.
 */
export type PidfDialect = "rpid" | "rpid-status-draft";

export interface PidfTuple {
  /** An xs:ID: unique in the document, starts with a letter where the reader validates. */
  readonly id: string;
  readonly basic: Basic;
  /** One activity token of RFC 4480. Not written when closed (PF-15). */
  readonly activity?: string;
  /** jabber:client show, RFC 8048 6.2(7). Not written when closed. */
  readonly show?: string;
  /** A string, or texts in several languages. */
  readonly note?: string | readonly PresenceNote[];
  readonly contact?: string;
  /** 0 to 1; needs `contact`, rounded down to three decimals. */
  readonly priority?: number;
  /** RFC 3339; default: the document's. */
  readonly timestamp?: string;
}

export interface PidfToWrite {
  readonly dialect: PidfDialect;
  /** URI, as the watcher wrote it. */
  readonly entity: string;
  /** The complete state: every tuple there is (RFC 3856 6.8). */
  readonly tuples: readonly PidfTuple[];
  /** Note of the presentity. */
  readonly note?: string | readonly PresenceNote[];
  readonly displayName?: string;
  /** RFC 3339, for every tuple and the person. */
  readonly timestamp?: string;
  /** Only written by `rpid`, while a tuple is open. */
  readonly userInput?: UserInput;
}

/** The activities that RFC 4480 names; `rpid` writes any other as `<other>`. */
export const RPID_ACTIVITIES: ReadonlySet<string> = new Set(
  (
    "appointment away breakfast busy dinner holiday in-transit looking-for-work lunch meal meeting on-the-phone " +
    "performance permanent-absence playing presentation shopping sleeping spectator steering travel tv unknown " +
    "vacation working worship"
  ).split(" "),
);

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const PIDF = 'xmlns="urn:ietf:params:xml:ns:pidf"';
const CIPID = 'xmlns="urn:ietf:params:xml:ns:pidf:cipid"';
const DRAFT_NAMESPACES =
  'xmlns:ep="urn:ietf:params:xml:ns:pidf:status:rpid-status" ' +
  'xmlns:et="urn:ietf:params:xml:ns:pidf:rpid-tuple" ' +
  'xmlns:ci="urn:ietf:params:xml:ns:pidf:cipid"';
const RPID_NAMESPACES =
  'xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"';

/**
 * A presence document. Writes only what it is given: which fields a partner can bear is the caller's knowledge. Order as
 * in the schema of RFC 3863 4.4: tuples, notes, extensions. Illegal characters are dropped, so the result always parses.
 */
export function writePidf(document: PidfToWrite): string {
  if (document.dialect === "rpid") return writeRpid(document);
  return document.tuples.some((tuple) => tuple.basic === "open")
    ? writeDraft(document)
    : writeClosedDraft(document);
}

function writeDraft(document: PidfToWrite): string {
  const name = document.displayName;
  return [
    `${DECLARATION}<presence ${PIDF} ${DRAFT_NAMESPACES} ${entityOf(document)}>\n`,
    ...document.tuples.map((tuple) => `${writeTuple(tuple, document)}\n`),
    ...notes(document.note).map((note) => `${note}\n`),
    name === undefined ? "" : `<ci:display-name>${escapeXmlText(name)}</ci:display-name>\n`,
    "</presence>",
  ].join("");
}

/** Nobody there: the smallest document, on one line. */
function writeClosedDraft(document: PidfToWrite): string {
  const tuples = document.tuples.map((tuple) => writeTuple(tuple, document));
  return `<presence ${PIDF} ${entityOf(document)}>${[...tuples, ...notes(document.note)].join("")}</presence>`;
}

function writeRpid(document: PidfToWrite): string {
  return [
    `${DECLARATION}<presence ${PIDF} ${RPID_NAMESPACES} ${entityOf(document)}>\n`,
    ...document.tuples.map((tuple) => `${writeTuple(tuple, document)}\n`),
    ...notes(document.note).map((note) => `${note}\n`),
    writePerson(document),
    "</presence>",
  ].join("");
}

/** Schema order inside a tuple: status, extensions, contact, notes, timestamp. */
function writeTuple(tuple: PidfTuple, document: PidfToWrite): string {
  const open = tuple.basic === "open";
  const draftActivity = open && document.dialect === "rpid-status-draft" ? tuple.activity : undefined;
  const stamp = tuple.timestamp ?? document.timestamp;
  return [
    `<tuple id="${escapeXmlAttribute(tuple.id)}"><status><basic>${tuple.basic}</basic>`,
    draftActivity === undefined
      ? ""
      : `<ep:activities><ep:activity>${escapeXmlText(draftActivity)}</ep:activity></ep:activities>`,
    open && tuple.show !== undefined ? `<show xmlns="jabber:client">${escapeXmlText(tuple.show)}</show>` : "",
    "</status>",
    writeContact(tuple),
    ...notes(tuple.note),
    stamp === undefined ? "" : `<timestamp>${escapeXmlText(stamp)}</timestamp>`,
    "</tuple>",
  ].join("");
}

function writeContact(tuple: PidfTuple): string {
  if (tuple.contact === undefined) return "";
  const priority = tuple.priority;
  const inRange = priority !== undefined && priority >= 0 && priority <= 1;
  // The margin keeps 0.007 at 0.007: its product with 1000 is a hair below 7.
  const attribute = inRange ? ` priority="${Math.floor(priority * 1000 + 1e-6) / 1000}"` : "";
  return `<contact${attribute}>${escapeXmlText(tuple.contact)}</contact>`;
}

/**
 * One person for all tuples: the activity of the open tuple with the highest priority, the first among equals. No
 * activity while nobody is there (PF-15). The name is the display-name of RFC 4482.
 */
function writePerson(document: PidfToWrite): string {
  const open = document.tuples.filter((tuple) => tuple.basic === "open");
  const first = open.reduce<PidfTuple | undefined>(
    (best, tuple) => (best === undefined || (tuple.priority ?? -1) > (best.priority ?? -1) ? tuple : best),
    undefined,
  );
  const input = first === undefined ? undefined : document.userInput;
  const name = document.displayName;
  if (first?.activity === undefined && input === undefined && name === undefined) return "";
  const stamp = document.timestamp;
  return [
    '<dm:person id="person">',
    first?.activity === undefined
      ? ""
      : `<rpid:activities>${writeActivity(first.activity)}</rpid:activities>`,
    input === undefined ? "" : writeUserInput(input),
    name === undefined ? "" : `<display-name ${CIPID}>${escapeXmlText(name)}</display-name>`,
    stamp === undefined ? "" : `<dm:timestamp>${escapeXmlText(stamp)}</dm:timestamp>`,
    "</dm:person>\n",
  ].join("");
}

function writeActivity(activity: string): string {
  return RPID_ACTIVITIES.has(activity)
    ? `<rpid:${activity}/>`
    : `<rpid:other>${escapeXmlText(activity)}</rpid:other>`;
}

function writeUserInput(input: UserInput): string {
  const last = input.lastInput === undefined ? "" : ` last-input="${escapeXmlAttribute(input.lastInput)}"`;
  return `<rpid:user-input${last}>${input.state}</rpid:user-input>`;
}

function notes(note: string | readonly PresenceNote[] | undefined): readonly string[] {
  const list = typeof note === "string" ? [{ text: note }] : (note ?? []);
  return list.map(({ text, lang }: PresenceNote) =>
    lang === undefined
      ? `<note>${escapeXmlText(text)}</note>`
      : `<note xml:lang="${escapeXmlAttribute(lang)}">${escapeXmlText(text)}</note>`,
  );
}

function entityOf(document: PidfToWrite): string {
  return `entity="${escapeXmlAttribute(document.entity)}"`;
}
