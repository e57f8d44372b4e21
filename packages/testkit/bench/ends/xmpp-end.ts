/** The XMPP domain of the measurement. */
export const XMPP_DOMAIN = "example.com";
export const RESOURCE = "bench";

/** Told of all that comes, from any connection. */
export type StanzaListener = (name: string, stanza: string) => void;

/** The users alice0, alice1, ... of an XMPP server, as a measurement sees them. */
export interface XmppEnd {
  /** Sends a stanza of that user. `attributes` begins with a space where it is not empty. */
  send(user: number, name: string, to: string, attributes: string, content: string): void;
  close(): void;
}

export function jidOf(user: number): string {
  return `alice${user}@${XMPP_DOMAIN}`;
}
