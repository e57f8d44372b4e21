/** What an administrator does about a TLS handshake that failed, by the reason it is counted under. */
const CURES: Readonly<Record<string, string>> = {
  "no-certificate": "the partner's server must present its certificate as a TLS client",
  "unknown-ca":
    "add the root of the partner's certificate to its `ca` or to edge.outside.ca, or ask for the missing intermediates",
  "self-signed": "add this certificate to edge.outside.ca, or ask the partner for one that a CA has signed",
  expired: "the partner must renew its certificate; check the clocks of both sides",
  "not-yet-valid": "check the clocks of both sides",
  purpose:
    "the partner's certificate lacks clientAuth; if that can't be changed set purpose: server-auth-as-client",
  revoked: "the partner's certificate is on a revocation list; it must use another",
  weak: "the partner's key or signature is too weak; it must renew its certificate",
  "bad-certificate": "inspect the partner's certificate with `tombolo pki inspect`",
  "unknown-name":
    "add the name that the certificate has to the partner's `names`, if it is who you think it is",
  "name-mismatch": "add the name that the certificate has to the partner's `names`, or correct its `route`",
  protocol:
    "the other side speaks no TLS 1.2 or later (edge.legacy is for those), no common cipher, or no TLS at all",
  "refused-ours": "the partner refuses our certificate: it must trust our CA and know our certificate's name",
  timeout: "a firewall may hold the handshake up",
  reset: "the other side ended the handshake; its log knows why",
  "too-many": "more connections came than the listener or this partner may have; look where they come from",
  "tls-version":
    "the partner must speak the version of TLS that its tls.min asks for, or that must be lowered",
  "not-legacy":
    "this partner is not among edge.legacy.partners: it must connect to edge.outside.listen, with TLS 1.2 or later",
};

/** One sentence for the log line; "" for `ok` and unknown words. */
export function cureFor(reason: string): string {
  return Object.hasOwn(CURES, reason) ? CURES[reason]! : "";
}
