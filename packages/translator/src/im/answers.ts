/** What answers to our requests in a session say about it beside their meaning for the user. */

/** The peer does not know the dialog, or had left it before the text came: surely not delivered (RFC 3261 15.1.2). */
export const NOT_DELIVERED: ReadonlySet<number> = new Set([481, 487]);

/** The session is over at the peer, or may be (RFC 3261 12.2.1.2, MS-17). */
export const SESSION_OVER: ReadonlySet<number> = new Set([408, 480, 481, 487]);

/** The peer does not take typing indications at all (RFC 3994 4). */
export const TYPING_REFUSED: ReadonlySet<number> = new Set([405, 415, 488, 489, 501]);
