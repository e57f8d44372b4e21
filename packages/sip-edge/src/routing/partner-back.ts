/** What gateways in other processes are told of a partner that may have lost its memory. */

export interface PartnerBack {
  /** Its domain. */
  readonly partner: string;
  /** It only closed its connections in order. */
  readonly hungUp: boolean;
}

/** In an OPTIONS of the edge's own, which asks other nodes no more than whether they are there. */
export const PARTNER_BACK_HEADER = "X-Tombolo-Partner-Back";
const HUNG_UP = ";hung-up";

export function partnerBackText({ partner, hungUp }: PartnerBack): string {
  return `${partner}${hungUp ? HUNG_UP : ""}`;
}

/** Reads it; undefined where it is not what the edge writes. To be believed only on the edge's own connection. */
export function parsePartnerBack(text: string): PartnerBack | undefined {
  const match = /^([a-z0-9.-]+)(;hung-up)?$/i.exec(text.trim());
  return match ? { partner: match[1]!, hungUp: match[2] !== undefined } : undefined;
}
