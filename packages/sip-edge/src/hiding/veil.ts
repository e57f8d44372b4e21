/** What of a message of an inside node is changed before the outside sees it, header by header. */
import type { SipMessage } from "@tombolo/sip";
import type { Leg } from "../routing/leg.ts";
import type { EdgeNode, InsideFace } from "../settings.ts";
import { CallIdMask } from "./call-id.ts";
import { publicContact } from "./contact.ts";
import { InsideNames, insideHosts } from "./inside-names.ts";
import { publicBody } from "./session-address.ts";

const MAY_DESCRIBE_SESSIONS = /^\s*(?:application\/sdp|multipart\/)/i;

/**
 * One for all inside nodes. Via and Record-Route are not its business: those of the inside stay behind and are put
 * back by the proxy. From, To and CSeq hold nothing of the inside once the request was admitted.
 */
export class Veil {
  readonly names: InsideNames;
  readonly callIds: CallIdMask;
  readonly ourDomains: ReadonlySet<string>;

  constructor(
    nodes: readonly EdgeNode[],
    inside: InsideFace | undefined,
    publicHost: string,
    ourDomains: ReadonlySet<string>,
  ) {
    const hosts = insideHosts(nodes, inside);
    this.names = new InsideNames(hosts, publicHost);
    this.callIds = new CallIdMask(hosts, publicHost);
    this.ourDomains = ourDomains;
  }

  /** Whether all headers but Via and Contact can be shown as they are: one look at the whole head. */
  isClean({ headerNames, source }: SipMessage): boolean {
    const first = headerNames.findIndex((name) => name !== "Via");
    const at = source === undefined || first < 0 ? -1 : source.lines[first]!;
    return at >= 0 && !this.names.mayBeIn(source!.head.slice(at));
  }

  /** The value as the outside may see it; undefined where the whole header stays behind. */
  header(name: string, value: string, outer: Leg): string | undefined {
    switch (name) {
      case "From":
      case "To":
      case "CSeq":
        return value;
      case "Contact":
        return publicContact(value, outer, this);
      default:
        return this.names.hidden(value);
    }
  }

  /** As text it has one character per byte. */
  body(message: SipMessage): Uint8Array | string {
    const type = message.bodyLength === 0 ? undefined : message.get("Content-Type");
    if (type === undefined || !MAY_DESCRIBE_SESSIONS.test(type)) return message.content;
    return publicBody(message.bodyText(), type, this.publicHost, this.names);
  }

  private get publicHost(): string {
    return this.names.publicHost;
  }
}
