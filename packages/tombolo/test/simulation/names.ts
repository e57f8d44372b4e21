/** Who is who in the simulation. */
export const PARTNER = "contoso.example";
export const PARTNER_NAME = "sip.contoso.example";
export const OUR_DOMAIN = "example.com";
export const OUR_HOST = "sip.example.com";
/** The calendar at virtual time 0: 2020-09-13. */
export const WALL_MS = 1_600_000_000_000;

export function sipName(user: number): string {
  return `bob${user}`;
}

export function xmppName(user: number): string {
  return `alice${user}`;
}

export function sipUri(user: number): string {
  return `sip:${sipName(user)}@${PARTNER}`;
}

export function xmppJid(user: number): string {
  return `${xmppName(user)}@${OUR_DOMAIN}`;
}

/** The number in bob12@... or alice7@..., also of a SIP URI; -1 when there is none. */
export function userOf(address: string): number {
  const digits = /(?:bob|alice)([0-9]+)@/.exec(address)?.[1];
  return digits === undefined ? -1 : Number(digits);
}
