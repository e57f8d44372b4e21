/** What a node in another process is told of the sender: `contoso.example;name="sip.contoso.example"`. */
import type { VerifiedPeer } from "@tombolo/sip";

/** Names are of the configuration, so nothing in them ends the header or the quotes. */
export function verifiedText({ partner, name }: VerifiedPeer): string {
  return name === "" ? partner : `${partner};name="${name}"`;
}

/** Reads it; undefined where it is not what the edge writes. To be believed only on the edge's own connection. */
export function parseVerified(text: string): VerifiedPeer | undefined {
  const match = /^([a-z0-9.-]+)(?:;name="([^"\\\r\n]*)")?$/i.exec(text.trim());
  return match ? { partner: match[1]!, name: match[2] ?? "" } : undefined;
}
