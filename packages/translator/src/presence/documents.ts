import { type Body, readPresenceBody, type SipMessage, writePidf as writePidfDocument } from "@tombolo/sip";
import { bareJid, sipUriToJid } from "../address/index.ts";
import { type AvailabilityOverrides, joinStatusText, mapAvailability } from "../tables/availability.ts";
import { type PidfDialect, writePidf } from "../tables/pidf-activity.ts";
import { readPresence } from "../tables/presence-reading.ts";
import type { Availability, SystemKey } from "../tables/system.ts";
import { writeXmppPresence, type XmppPresence } from "../tables/xmpp-presence.ts";
import type { Composed } from "./resources.ts";

export interface PresenceDialect {
  /** The availability tables' name for the system on the other side. */
  readonly system: SystemKey;
  /** The tables' name for the XMPP clients on this side. */
  readonly xmppSystem: SystemKey;
  readonly pidf: PidfDialect;
  /** Scheme of `entity` in the documents that we write (RFC 3863 4.1.1). */
  readonly entityScheme: "pres" | "sip";
  /** Cells that are other than printed; default none. */
  readonly overrides?: AvailabilityOverrides | undefined;
  /** Whether activities such as "On the phone" go into the status text; default false. */
  readonly tellsActivities?: boolean | undefined;
}

/** XMPP presence that a document of a SIP user means, and the table row that said so. */
export interface ShownPresence extends XmppPresence {
  readonly mappedBy: string;
}

/** What a watcher of another system sees of a state, and the row that says so. */
export interface MappedState {
  readonly state: Availability;
  readonly note: string | undefined;
  /** Undefined where no table knows the two systems. */
  readonly row: string | undefined;
  /** The same for two states that look the same. */
  readonly key: string;
}

/** Presence documents of one partner, both ways, by its dialect and the availability tables. */
export class Documents {
  private readonly dialect: PresenceDialect;

  constructor(dialect: PresenceDialect) {
    this.dialect = dialect;
  }

  /** What the partner's users see of a state here, by the availability tables. */
  map(composed: Composed): MappedState {
    const { system, xmppSystem, overrides = {} } = this.dialect;
    const mapped = mapAvailability({
      from: xmppSystem,
      state: composed.state,
      text: composed.note,
      to: system,
      overrides,
    });
    const state: Availability = mapped.ok ? mapped.state : composed.state;
    const note = mapped.ok ? mapped.text : composed.note;
    return { state, note, row: mapped.ok ? mapped.row : undefined, key: `${state}\n${note ?? ""}` };
  }

  /** The document that tells the watcher about `entity`, a sip: URI. */
  write(entity: string, { state, note, row }: MappedState): { readonly body: Body; readonly row: string } {
    const { pidf, entityScheme } = this.dialect;
    const written = writePidf(state, pidf);
    const text = writePidfDocument({
      dialect: pidf,
      entity: entity.replace(/^sip:/, `${entityScheme}:`),
      tuples: [
        {
          id: "t1",
          basic: written.basic,
          ...(written.activity === undefined ? {} : { activity: written.activity }),
          ...(written.show === undefined ? {} : { show: written.show }),
          ...(note === undefined || written.basic === "closed" ? {} : { note }),
          // RFC 3863 4.1.2; readers of the draft dialect get the form that is known to work with them.
          ...(pidf === "rpid" ? { contact: entity } : {}),
        },
      ],
    });
    const body = { type: "application/pidf+xml", bytes: new TextEncoder().encode(text) };
    return { body, row: row ?? written.row };
  }

  /**
   * What a NOTIFY's body says of the presentity, a JID. Undefined when it says nothing that can be used: no body, another
   * type, broken, about somebody else, or without availability. The dialog stays as it is then (PF-01, PF-09).
   */
  read(notify: SipMessage, presentity: string): ShownPresence | undefined {
    const body = readPresenceBody(notify.get("Content-Type"), notify.body);
    if (!body.ok || !isAbout(body.entity, presentity)) return undefined;
    const { system, xmppSystem, pidf, overrides = {}, tellsActivities } = this.dialect;
    const read = readPresence(body.kind, body.summary, { dialect: pidf });
    if (!read) return undefined;
    const { note } = body.summary;
    const text = tellsActivities ? joinStatusText(read.words, note) : note;
    const mapped = mapAvailability({ from: system, state: read.state, text, to: xmppSystem, overrides });
    const state = mapped.ok ? mapped.state : read.state;
    const shown = writeXmppPresence(state, mapped.ok ? mapped.text : text);
    return {
      ...(shown.type === undefined ? {} : { type: shown.type }),
      ...(shown.show === undefined ? {} : { show: shown.show }),
      ...(shown.status === undefined ? {} : { status: shown.status }),
      mappedBy: mapped.ok ? mapped.row : read.row,
    };
  }
}

/** Partners differ in scheme, case and escapes of `entity`; its JID tells whether it is the presentity (PF-01). */
function isAbout(entity: string, presentity: string): boolean {
  if (entity.trim() === "") return true;
  const mapped = sipUriToJid(entity.trim(), { entity: true });
  return mapped.ok && mapped.jid === bareJid(presentity);
}
