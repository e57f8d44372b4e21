/** The availability states that the tables speak of. Systems show only some of them. */
export const AVAILABILITIES = [
  "Available",
  "Away",
  "Busy",
  "Do Not Disturb",
  "Be Right Back",
  "Extended Away",
  "Idle",
  "Invisible",
  "Offline",
] as const;
export type Availability = (typeof AVAILABILITIES)[number];

/** The kinds of client whose users meet, by the keys that the CLI takes. */
export const SYSTEMS = {
  moc: { label: "Microsoft Office Communicator (OCS 2007, OCS 2007 R2)", wire: "sip" },
  lync: { label: "Microsoft Lync and Skype for Business", wire: "sip" },
  aim: { label: "AOL Instant Messenger (behind AOL's SIP gateway)", wire: "sip" },
  sametime: { label: "IBM Sametime", wire: "xmpp" },
  "webex-connect": { label: "Webex Connect", wire: "xmpp" },
  "xmpp-third-party": { label: "XMPP client at the local server", wire: "xmpp" },
  "cupc-7": { label: "Cisco Unified Personal Communicator 7.x, local", wire: "sip" },
  "cupc-8": { label: "Cisco Unified Personal Communicator 8.x, local", wire: "xmpp" },
  "fed-cupc-7": { label: "Cisco Unified Personal Communicator 7.x at a partner", wire: "xmpp" },
  "fed-cupc-8": { label: "Cisco Unified Personal Communicator 8.x at a partner", wire: "xmpp" },
  "fed-xmpp-third-party": { label: "XMPP client at a partner's server", wire: "xmpp" },
} as const satisfies Record<string, { readonly label: string; readonly wire: "sip" | "xmpp" }>;
export type SystemKey = keyof typeof SYSTEMS;

export type TableId =
  | "1-1"
  | "1-2"
  | "1-3"
  | "1-4"
  | "1-5"
  | "1-6"
  | "1-7"
  | "1-8"
  | "1-9"
  | "1-10"
  | "1-11"
  | "1-12"
  | "1-13"
  | "1-14"
  | "1-15";

/** True for the keys of `SYSTEMS`, so that words from a command line can be checked. */
export function isSystemKey(text: string): text is SystemKey {
  return Object.hasOwn(SYSTEMS, text);
}

/** True for the words of `AVAILABILITIES`, exactly as written there. */
export function isAvailability(text: string): text is Availability {
  return (AVAILABILITIES as readonly string[]).includes(text);
}
