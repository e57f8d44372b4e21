/** What an administrator does about a connection of an inside node that was refused. */
const CURES: Readonly<Record<string, string>> = {
  "no-certificate": "the node must present its certificate as a TLS client",
  "unknown-ca": "add the root of the node's certificate to the inside ca",
  "self-signed": "add this certificate to the inside ca, or give the node one that your CA has signed",
  expired: "renew the node's certificate; check the clocks of both sides",
  "not-yet-valid": "check the clocks of both sides",
  purpose: "the node's certificate needs clientAuth and serverAuth",
  weak: "the node's key or signature is too weak; renew it",
  "unknown-name": "add the name that the certificate has to the node's `names`",
  "name-mismatch": "add the name that the certificate has to the node's `names`, or correct its `target`",
  "unknown-address": "add the address to the node's `from`, if it is the node",
  protocol: "the other side speaks no TLS 1.2 or later, or no TLS at all; write tcp:// if that is meant",
  "refused-ours": "the node refuses our inside certificate: it must trust its CA and know its name",
  timeout: "a firewall may hold the handshake up",
  reset: "the other side ended the handshake; its log knows why",
  "too-many": "more connections came at once than the inside listener takes; look where they come from",
};

/** One sentence for the log line; "" for `ok` and unknown words. */
export function cureForInside(reason: string): string {
  return Object.hasOwn(CURES, reason) ? CURES[reason]! : "";
}
