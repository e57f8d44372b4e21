import type { Imdn } from "@tombolo/sip";
import type { Origin, OutboundText } from "./queue.ts";
import type { Inquiry } from "./text-wire.ts";

/** Texts of one pair, each way, whose fate somebody has asked for. Of more the oldest are forgotten. */
export const MAX_INQUIRIES = 64;

type Notification = NonNullable<OutboundText["notification"]>;

/** Who asked what became of a text, either way: IMDN on the SIP side, XEP-0184 and XEP-0333 on the other. */
export class Receipts {
  /** Texts of the SIP user by our stanza's id. */
  private readonly asked = new Map<string, Inquiry>();
  /** Texts of the XMPP user by the id that we gave them for notifications. */
  private readonly awaited = new Map<string, Origin>();

  ask(stanzaId: string, inquiry: Inquiry): void {
    remember(this.asked, stanzaId, inquiry);
  }

  /** The XMPP user's client has got or shown a message of ours: what to tell the SIP side, if it asked. */
  answer(what: "received" | "displayed", stanzaId: string): Notification | undefined {
    const inquiry = this.asked.get(stanzaId);
    if (!inquiry) return undefined;
    if (what === "received" && inquiry.receipt) return notification(inquiry, "delivery", "delivered");
    if (what === "displayed" && inquiry.marker) return notification(inquiry, "display", "displayed");
    return undefined;
  }

  /** A message of ours came back after it had been called delivered (RFC 5438 12.1). */
  failed(stanzaId: string): Notification | undefined {
    const inquiry = this.asked.get(stanzaId);
    return inquiry?.failure ? notification(inquiry, "delivery", "failed") : undefined;
  }

  expect(messageId: string, origin: Origin): void {
    remember(this.awaited, messageId, origin);
  }

  /** A notification of the SIP side: whom of the XMPP side to tell what. */
  notified({
    messageId,
    kind,
    status,
  }: Imdn): { readonly origin: Origin; readonly what: "received" | "displayed" | "failed" } | undefined {
    const origin = this.awaited.get(messageId);
    if (!origin) return undefined;
    if (kind === "delivery" && status === "delivered")
      return origin.wishes.receipt ? { origin, what: "received" } : undefined;
    if (kind === "display" && status === "displayed")
      return origin.wishes.marker ? { origin, what: "displayed" } : undefined;
    const isFailure =
      kind === "delivery" && (status === "failed" || status === "forbidden" || status === "error");
    return isFailure ? { origin, what: "failed" } : undefined;
  }
}

function notification({ messageId, dateTime }: Inquiry, kind: Imdn["kind"], status: string): Notification {
  return { imdn: { messageId, kind, status }, dateTime };
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_INQUIRIES) map.delete(map.keys().next().value!);
}
