import { Element } from "ltx";
import type { CompleteLinkSettings, ContactKind } from "./settings.ts";
import { ITEM_NOT_FOUND, SERVICE_UNAVAILABLE, type StanzaFault } from "./stanza-error.ts";

const NS_DISCO_INFO = "http://jabber.org/protocol/disco#info";
const NS_DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
const NS_PING = "urn:xmpp:ping";
const NS_VERSION = "jabber:iq:version";
const NS_SERVER_INFO = "http://jabber.org/network/serverinfo";

/** What the component's domain says it can do. `jid\20escaping` is the feature's literal name (XEP-0106 9). */
export const DOMAIN_FEATURES = [
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_PING,
  NS_VERSION,
  "jid\\20escaping",
] as const;

/** What the answers say about this component. */
export type DomainProfile = Pick<CompleteLinkSettings, "software" | "contacts">;

/** The payload of the result (undefined: an empty result), or why there is none. */
export type Answer = { readonly payload: Element | undefined } | { readonly fault: StanzaFault };

interface Query {
  readonly name: string;
  readonly xmlns: string;
  readonly ref: string;
  answer(query: Element, profile: DomainProfile): Answer;
}

/** The IQ gets that the domain itself answers. */
const QUERIES: readonly Query[] = [
  { name: "query", xmlns: NS_DISCO_INFO, ref: "XEP-0030 3", answer: info },
  { name: "query", xmlns: NS_DISCO_ITEMS, ref: "XEP-0030 4", answer: items },
  { name: "ping", xmlns: NS_PING, ref: "XEP-0199 4", answer: () => ({ payload: undefined }) },
  { name: "query", xmlns: NS_VERSION, ref: "XEP-0092", answer: version },
];

/** Answers the single payload of an IQ to the component's domain; whatever is not offered is service-unavailable. */
export function answerQuery(type: "get" | "set", query: Element, profile: DomainProfile): Answer {
  const known = type === "get" ? QUERIES.find((entry) => query.is(entry.name, entry.xmlns)) : undefined;
  return known === undefined ? { fault: SERVICE_UNAVAILABLE } : known.answer(query, profile);
}

/**
 * The payload of a get to a user at their resource, which has no client behind it: disco#info says what is translated for
 * all users of the domain alike, so it tells nothing of this one (XEP-0030 3.1). Undefined for all else.
 */
export function answerForUser(
  query: Element,
  features: readonly string[],
  { software }: DomainProfile,
): Element | undefined {
  if (!query.is("query", NS_DISCO_INFO) || query.attrs.node) return undefined;
  const payload = new Element("query", { xmlns: NS_DISCO_INFO });
  payload.c("identity", { category: "client", type: "pc", name: software.name });
  for (const feature of [NS_DISCO_INFO, ...features]) payload.c("feature", { var: feature });
  return payload;
}

function info(query: Element, profile: DomainProfile): Answer {
  if (query.attrs.node) return { fault: ITEM_NOT_FOUND };
  const payload = new Element("query", { xmlns: NS_DISCO_INFO, node: query.attrs.node });
  // There is no registered gateway type `sip`; `simple` is the one that fits.
  payload.c("identity", { category: "gateway", type: "simple", name: profile.software.name });
  for (const feature of DOMAIN_FEATURES) payload.c("feature", { var: feature });
  const form = contactForm(profile);
  if (form !== undefined) payload.cnode(form);
  return { payload };
}

/** Empty: the partner's users are nobody's business (XEP-0030 8). */
function items(query: Element): Answer {
  if (query.attrs.node) return { fault: ITEM_NOT_FOUND };
  return { payload: new Element("query", { xmlns: NS_DISCO_ITEMS, node: query.attrs.node }) };
}

function version(_query: Element, { software }: DomainProfile): Answer {
  const payload = new Element("query", { xmlns: NS_VERSION });
  payload.c("name").t(software.name);
  payload.c("version").t(software.version);
  return { payload };
}

/** The serverinfo form of XEP-0157; its hidden FORM_TYPE comes first (XEP-0068). */
function contactForm({ contacts }: DomainProfile): Element | undefined {
  const kinds = Object.keys(contacts ?? {}).sort() as ContactKind[];
  const filled = kinds.filter((kind) => (contacts?.[kind]?.length ?? 0) > 0);
  if (filled.length === 0) return undefined;
  const form = new Element("x", { xmlns: "jabber:x:data", type: "result" });
  form.c("field", { var: "FORM_TYPE", type: "hidden" }).c("value").t(NS_SERVER_INFO);
  for (const kind of filled) {
    const field = form.c("field", { var: `${kind}-addresses`, type: "list-multi" });
    for (const uri of contacts?.[kind] ?? []) field.c("value").t(uri);
  }
  return form;
}
