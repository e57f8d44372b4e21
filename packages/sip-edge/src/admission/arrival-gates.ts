/** May this request of a partner go inside? */
import {
  type HeaderFields,
  isSentBy,
  parseSipUri,
  parseVia,
  type SipMessage,
  type SipUri,
  splitList,
  uriScheme,
} from "@tombolo/sip";
import type { EdgeContext } from "../edge-context.ts";
import { retryAfter } from "../routing/answers.ts";
import type { Link, Voice } from "../routing/link.ts";
import { ALLOW_WITHOUT_PUBLISH, methodRule } from "../routing/methods.ts";
import type { Gate } from "./gate.ts";

/** A readable request from outside, with what the gates look at parsed once. */
export interface Arrival {
  readonly message: SipMessage;
  readonly context: EdgeContext;
  readonly link: Link;
  /** The From URI; undefined where it is no SIP URI. */
  readonly from: SipUri | undefined;
  /** The partner that From belongs to, where the connection's certificate may speak for it. */
  readonly voice: Voice | undefined;
  /** The Request-URI; undefined where it is no SIP URI. */
  readonly target: SipUri | undefined;
}

export function arrivalOf(message: SipMessage, link: Link, context: EdgeContext): Arrival {
  const address = message.from;
  const from = address && parseSipUri(address.uri);
  const voice = from && link.voices.get(from.host);
  return { message, context, link, from, voice, target: parseSipUri(message.uri) };
}

const retry = ({ context }: Arrival): HeaderFields => retryAfter(context);

export const ARRIVAL_GATES: readonly Gate<Arrival>[] = [
  {
    reason: "loop",
    status: 482,
    ref: "RFC 3261 16.3 step 4, RFC 5393 4.2",
    refuses: hasOwnVia,
  },
  {
    reason: "from-scheme",
    status: 403,
    ref: "C-29: only a SIP address can belong to a partner",
    refuses: (arrival) => arrival.from === undefined,
  },
  {
    reason: "from-own-domain",
    status: 403,
    ref: "LP-01",
    refuses: ({ from, context }) => context.ourDomains.has(from!.host),
  },
  {
    reason: "from-no-partner",
    status: 403,
    ref: "PX-21, ASA-04",
    refuses: ({ from, context }) => !context.partners.has(from!.host),
  },
  {
    reason: "from-other-partner",
    status: 403,
    ref: "TL-19, SUB-01: exact match, bound to the certificate",
    refuses: (arrival) => arrival.voice === undefined,
  },
  {
    reason: "method",
    status: 405,
    ref: "RFC 3903 14.1, RFC 3261 8.2.1: who may not publish here at all",
    headers: () => [["Allow", ALLOW_WITHOUT_PUBLISH]],
    refuses: ({ message, voice }) =>
      message.method === "PUBLISH" && voice!.partner.partner.mayPublish !== true,
  },
  {
    reason: "uri-scheme",
    status: 416,
    ref: "RFC 3261 16.3 step 2",
    refuses: ({ message, target }) => target === undefined && !isSipScheme(message.uri),
  },
  {
    reason: "uri",
    status: 400,
    ref: "RFC 3261 16.3 step 1",
    refuses: (arrival) => arrival.target === undefined,
  },
  {
    reason: "target",
    status: 404,
    ref: "PX-21, PX-22: nobody is served here but our domains",
    refuses: isForeignTarget,
  },
  {
    reason: "max-forwards",
    status: 483,
    ref: "RFC 3261 16.3 step 3",
    refuses: ({ message }) => message.method !== "OPTIONS" && message.number("Max-Forwards") === 0,
  },
  {
    reason: "extension",
    status: 420,
    ref: "RFC 3261 16.3 step 5",
    headers: ({ message }) => [["Unsupported", unknownExtensions(message).join(", ")]],
    refuses: ({ message }) =>
      message.get("Proxy-Require") !== undefined && unknownExtensions(message).length > 0,
  },
  {
    reason: "stopping",
    status: 480,
    ref: "TL-08",
    headers: retry,
    refuses: ({ context, message }) => context.stopping && message.toTag === undefined,
  },
  {
    reason: "overload",
    status: 480,
    ref: "E4: no 503, it would take the whole edge out of service",
    headers: retry,
    refuses: ({ context }) => context.transactions.isFull,
  },
  {
    reason: "dialogs",
    status: 480,
    ref: "E4: no room for one more dialog",
    headers: retry,
    refuses: ({ context, message }) =>
      context.dialogs.isFull && message.toTag === undefined && methodRule(message.method).recordRoute,
  },
];

/** Answered by the edge itself (RFC 3261 11.2, 16.3 step 3): meant for its own address, or at its last hop here. */
export function isOptionsForEdge({ message, target, context }: Arrival): boolean {
  if (message.method !== "OPTIONS" || message.toTag !== undefined) return false;
  return target!.host === context.side.host || message.number("Max-Forwards") === 0;
}

/** Extensions that a proxy in the middle need not do anything about. */
const HARMLESS_EXTENSIONS: ReadonlySet<string> = new Set(["ms-benotify"]);

function unknownExtensions(message: SipMessage): string[] {
  return message.list("Proxy-Require").filter((tag) => !HARMLESS_EXTENSIONS.has(tag.toLowerCase()));
}

function isSipScheme(uri: string): boolean {
  const scheme = uriScheme(uri);
  return scheme === "sip" || scheme === "sips";
}

/** Our advertised host is a target inside dialogs only: there it is the remote target that our nodes gave. */
function isForeignTarget({ message, target, from, context }: Arrival): boolean {
  const host = target!.host;
  // A publication is about its own side's user (RFC 3903 4.1).
  if (message.method === "PUBLISH" && host === from!.host) return false;
  if (context.ourDomains.has(host)) return false;
  if (host !== context.side.host) return true;
  return message.toTag === undefined && message.method !== "OPTIONS";
}

function hasOwnVia({ message, context }: Arrival): boolean {
  const { side } = context;
  const { headerNames, headerValues } = message;
  for (let i = 0; i < headerNames.length; i++) {
    if (headerNames[i] !== "Via") continue;
    const line = headerValues[i]!;
    // Reading every Via of every request would cost more than all other gates together.
    if (isSentBy(line, side.host) === false) continue;
    for (const element of line.includes(",") ? splitList(line) : [line]) {
      const via = parseVia(element);
      if (via && side.isOwnVia(via)) return true;
    }
  }
  return false;
}
