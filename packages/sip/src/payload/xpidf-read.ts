import type { Basic } from "./presence-document.ts";
import type { StatementReading } from "./presence-statement.ts";
import { childrenNamed, descend, readXml } from "./xml.ts";
import type { XmlElement } from "./xml-element.ts";

/** Activity tokens that this form writes without hyphens, as the other forms write them. */
const HYPHENATED: ReadonlyMap<string, string> = new Map([
  ["berightback", "be-right-back"],
  ["onthephone", "on-the-phone"],
  ["outtolunch", "out-to-lunch"],
]);
/** Substatuses that tell no more than the status does. */
const EMPTY_WORDS: ReadonlySet<string> = new Set(["", "unknown", "online"]);

interface Address {
  readonly basic: Basic;
  readonly activity: string | undefined;
  readonly priority: number;
}

/**
 * Reads `application/xpidf+xml`, the form before PIDF: an address is open, in use or closed, and a substatus says what its
 * user does. The element `msnsubstatus` is seen as `msnstatus` too. The DOCTYPE that such documents begin with is read
 * over; nothing in it is fetched, declared or expanded. Never throws.
 */
export function readXpidf(bytes: Uint8Array): StatementReading {
  const xml = readXml(bytes, { doctype: "skip" });
  if (!xml.ok) return xml;
  const { root } = xml;
  if (root.name !== "presence") return { ok: false, why: "not an XPIDF document" };
  const addresses = descend(root, "atom", "address").flatMap(readAddress);
  const best = addresses.reduce<Address | undefined>(
    (first, next) => (first === undefined || isBetter(next, first) ? next : first),
    undefined,
  );
  const uri = childrenNamed(root, "presentity")[0]?.attrs.get("uri")?.trim() ?? "";
  return {
    ok: true,
    // The URI of this form carries the method of the subscription.
    entity: uri.replace(/;method=[^;?]*/i, ""),
    summary: {
      basic: best?.basic,
      activities: best?.activity === undefined ? [] : [best.activity],
    },
  };
}

/** An address without a status that is known says nothing. */
function readAddress(address: XmlElement): readonly Address[] {
  const status = childrenNamed(address, "status")[0]?.attrs.get("status")?.trim().toLowerCase();
  const sub = [...childrenNamed(address, "msnsubstatus"), ...childrenNamed(address, "msnstatus")][0];
  const word = sub?.attrs.get("substatus")?.trim().toLowerCase() ?? "";
  const said = EMPTY_WORDS.has(word) ? undefined : (HYPHENATED.get(word) ?? word);
  const priority = priorityOf(address);
  switch (status) {
    case "closed":
      return [{ basic: "closed", activity: undefined, priority }];
    case "open":
      return [{ basic: "open", activity: said, priority }];
    case "inuse":
      return [{ basic: "open", activity: said ?? "busy", priority }];
    case "inactive":
      return [{ basic: "open", activity: said ?? "inactive", priority }];
    default:
      return [];
  }
}

/** Absent, broken or out of range is the lowest, as RFC 3863 4.1.5 has it for the form that followed. */
function priorityOf(address: XmlElement): number {
  const text = address.attrs.get("priority")?.trim() ?? "";
  return /^[01](?:\.\d{0,9})?$/.test(text) && Number(text) <= 1 ? Number(text) : -1;
}

/** Open before closed, then the higher priority, then the one that stands first. */
function isBetter(next: Address, first: Address): boolean {
  if (next.basic !== first.basic) return next.basic === "open";
  return next.priority > first.priority;
}
