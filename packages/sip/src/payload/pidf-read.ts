import type { Basic, PresenceDocument, PresenceNote, PresenceTuple, UserInput } from "./presence-document.ts";
import { childrenNamed, readXml, type XmlFault } from "./xml.ts";
import type { XmlElement } from "./xml-element.ts";

/** The registered namespace, and the one of the drafts before RFC 3863 (application/cpim-pidf+xml). */
const PIDF_NAMESPACES: ReadonlySet<string> = new Set([
  "urn:ietf:params:xml:ns:pidf",
  "urn:ietf:params:xml:ns:cpim-pidf",
]);

/** Children of a person that are understood, so that mustUnderstand on them voids nothing. */
const PERSON_PARTS: ReadonlySet<string> = new Set([
  "activities",
  "note",
  "timestamp",
  "user-input",
  "display-name",
]);

export type PidfReading = { readonly ok: true; readonly document: PresenceDocument } | XmlFault;

/**
 * Reads RFC 3863 with RFC 4479/4480, and the drafts that older servers kept: activities are taken by local
 * name in any namespace from tuple/status, tuple and person, as `<activity>busy</activity>` or as `<busy/>`. Elements in
 * other places, and all below them, are ignored (PF-08). Never throws, whatever the bytes.
 */
export function readPidf(bytes: Uint8Array): PidfReading {
  const xml = readXml(bytes);
  if (!xml.ok) return xml;
  if (xml.root.name !== "presence" || !PIDF_NAMESPACES.has(xml.root.ns)) {
    return { ok: false, why: "not a PIDF document" };
  }
  return { ok: true, document: readPresence(xml.root) };
}

function readPresence(root: XmlElement): PresenceDocument {
  const tuples = core(root, "tuple", root.ns);
  const persons = childrenNamed(root, "person").filter((person) => !voided(person, PERSON_PARTS));
  const places = [...tuples.flatMap((tuple) => activityPlaces(tuple, root.ns)), ...persons];
  const otherActivity = places
    .flatMap(activityElements)
    .find((child) => child.name === "other" && said(child));
  return {
    entity: root.attrs.get("entity")?.trim() ?? "",
    tuples: tuples.map((tuple) => readTuple(tuple, root.ns)),
    activities: activityTokens(persons),
    notes: readNotes([
      ...childrenNamed(root, "note"),
      ...persons.flatMap((person) => childrenNamed(person, "note")),
    ]),
    ...optional("otherActivity", otherActivity?.text.trim()),
    ...optional("userInput", readUserInput(persons)),
  };
}

function readTuple(tuple: XmlElement, ns: string): PresenceTuple {
  const places = activityPlaces(tuple, ns);
  const show = places
    .flatMap((place) => childrenNamed(place, "show"))
    .find((el) => el.ns === "jabber:client");
  const contact = core(tuple, "contact", ns)[0];
  const notes = readNotes(childrenNamed(tuple, "note"));
  return {
    id: tuple.attrs.get("id") ?? "",
    activities: activityTokens(places),
    notes,
    ...optional("basic", readBasic(tuple, ns)),
    ...optional("show", show && (said(show) || undefined)),
    ...optional("note", notes[0]?.text),
    ...optional("contact", contact && (said(contact) || undefined)),
    ...optional("priority", readPriority(contact?.attrs.get("priority"))),
    ...optional("timestamp", core(tuple, "timestamp", ns).map(said).find(Boolean)),
    ...optional("userInput", readUserInput(places)),
  };
}

/** Core elements count only in the document's own namespace: a `basic` of someone's extension is none. */
function core(parent: XmlElement, name: string, ns: string): readonly XmlElement[] {
  return parent.children.filter((child) => child.name === name && child.ns === ns);
}

function readBasic(tuple: XmlElement, ns: string): Basic | undefined {
  const basic = core(tuple, "status", ns).flatMap((status) => core(status, "basic", ns))[0];
  const value = basic?.text.trim().toLowerCase();
  return value === "open" || value === "closed" ? value : undefined;
}

function activityPlaces(tuple: XmlElement, ns: string): readonly XmlElement[] {
  return [...core(tuple, "status", ns), tuple];
}

function activityElements(place: XmlElement): readonly XmlElement[] {
  const lists = childrenNamed(place, "activities").filter((list) => !voidedList(list));
  return [...lists.flatMap((list) => list.children), ...childrenNamed(place, "activity")];
}

function activityTokens(places: readonly XmlElement[]): readonly string[] {
  const tokens = places
    .flatMap(activityElements)
    .filter((child) => child.name !== "note")
    .map((child) => (child.name === "activity" ? said(child) : child.name).toLowerCase())
    .filter((token) => token !== "");
  return [...new Set(tokens)];
}

function readNotes(elements: readonly XmlElement[]): readonly PresenceNote[] {
  return elements
    .map((element) => ({ text: said(element), ...optional("lang", element.attrs.get("xml:lang")) }))
    .filter((note) => note.text !== "");
}

/** RFC 3863 4.1.5: a qvalue. Anything else reads as absent. */
function readPriority(value: string | undefined): number | undefined {
  return value !== undefined && /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(value.trim()) ? Number(value) : undefined;
}

function readUserInput(places: readonly XmlElement[]): UserInput | undefined {
  const element = places.flatMap((place) => childrenNamed(place, "user-input"))[0];
  if (element === undefined) return undefined;
  const state = said(element).toLowerCase() === "idle" ? "idle" : "active";
  return { state, ...optional("lastInput", element.attrs.get("last-input")?.trim()) };
}

/** RFC 3863 4.2.3: an extension with a part that must be understood and is not, is ignored as a whole. */
function voided(extension: XmlElement, understood: ReadonlySet<string>): boolean {
  return extension.children.some((child) => mustUnderstand(child) && !understood.has(child.name));
}

/** In a list of activities the list's own namespace is understood; unknown words there are just unknown words. */
function voidedList(list: XmlElement): boolean {
  return list.children.some((child) => mustUnderstand(child) && child.ns !== list.ns);
}

function mustUnderstand(element: XmlElement): boolean {
  for (const ns of PIDF_NAMESPACES) {
    const value = element.attrs.get(`{${ns}}mustUnderstand`);
    if (value === "true" || value === "1") return true;
  }
  return false;
}

function said(element: XmlElement): string {
  return element.text.trim();
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
