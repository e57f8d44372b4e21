import {
  type Body,
  detach,
  formatRfc3339,
  nextTimestamp,
  type PidfTuple,
  type PresenceBodyReading,
  parseMediaType,
  readPresenceBody,
  type SipMessage,
  writePidf as writePidfDocument,
  writtenBody,
} from "@tombolo/sip";
import { bareJid, type EmailScreenNames, partnerUriToJid } from "../address/index.ts";
import { type AvailabilityOverrides, joinStatusText } from "../tables/availability.ts";
import { mapAcross } from "../tables/availability-transit.ts";
import { type PidfDialect, writePidf } from "../tables/pidf-activity.ts";
import { readPresence } from "../tables/presence-reading.ts";
import { type ResourceState, resourceTuples } from "../tables/resource-tuples.ts";
import type { Availability, SystemKey } from "../tables/system.ts";
import { readXmppText, writeXmppPresence, type XmppPresence } from "../tables/xmpp-presence.ts";
import type { DialectMemory } from "./dialect-memory.ts";
import type { Composed } from "./resources.ts";

const PIDF_TYPE = "application/pidf+xml";
/** Stands where the entity will. */
const ENTITY = "@entity@";
/** A URI that means itself in a document. */
const PLAIN_URI = /^[\w.:@%+=;/~-]*$/;

export interface PresenceDialect {
  /** The availability tables' name for the system on the other side. */
  readonly system: SystemKey;
  /** The tables' name for the XMPP clients on this side. */
  readonly xmppSystem: SystemKey;
  /** The same for XMPP domains that have clients of another kind, by domain as JIDs have it. */
  readonly xmppSystems?: ReadonlyMap<string, SystemKey> | undefined;
  readonly pidf: PidfDialect;
  /** Scheme of `entity` in the documents that we write (RFC 3863 4.1.1). */
  readonly entityScheme: "pres" | "sip";
  /** A tuple for each resource of the XMPP user, or one that stands for all (C-12, C-24). */
  readonly tuples: "per-resource" | "one";
  /** How the partner's users are named in `entity`; default `plain`. */
  readonly emailScreenNames?: EmailScreenNames | undefined;
  /** The wall clock, ms since 1970, for timestamps; without one none is written. */
  readonly wall?: (() => number) | undefined;
  /** Cells that are other than printed; default none. */
  readonly overrides?: AvailabilityOverrides | undefined;
  /** Whether activities such as "On the phone" go into the status text; default false. */
  readonly tellsActivities?: boolean | undefined;
  /** Of this dialect and no other; left out, nothing is remembered. */
  readonly memory?: DialectMemory | undefined;
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
  /** Each resource as the watcher sees it. Empty where they are shown as one, or nobody is there. */
  readonly resources: readonly ResourceState[];
  /** The same for two states that look the same. */
  readonly key: string;
}

/** What a published body says. `shown` is undefined where it says nothing of availability. */
export type PublicationReading =
  | { readonly kind: "none" | "unsupported" }
  | { readonly kind: "broken"; readonly why: string }
  | { readonly kind: "said"; readonly shown: ShownPresence | undefined };

/** Presence documents of one partner, both ways, by its dialect and the availability tables. */
export class Documents {
  private readonly dialect: PresenceDialect;
  /** Of the last document, ms since 1970. */
  private stamped: number | undefined;
  private readonly xmppDomain: string;

  /** @param xmppDomain of the XMPP user, as JIDs have it. */
  constructor(dialect: PresenceDialect, xmppDomain = "") {
    this.dialect = dialect;
    this.xmppDomain = xmppDomain;
  }

  private get xmppSystem(): SystemKey {
    return this.dialect.xmppSystems?.get(this.xmppDomain) ?? this.dialect.xmppSystem;
  }

  /** What the partner's users see of a state here, by the availability tables: as a whole, and of each resource. */
  map({ state: own, note: words, resources: known }: Composed): MappedState {
    const { tuples, memory } = this.dialect;
    const isWhole = tuples === "one" || known.length === 0;
    if (memory && isWhole && words === undefined)
      return memory.state(this.xmppSystem, own, () => this.whole(own, undefined));
    const whole = this.whole(own, words);
    if (isWhole) return whole;
    const resources = known.map(({ resource, state, status, priority }): ResourceState => {
      const seen = this.look(state, status);
      return { resource, state: seen.state, note: seen.note, priority };
    });
    return { ...whole, resources, key: detach(`${whole.key}\n${JSON.stringify(resources)}`) };
  }

  private whole(own: Availability, words: string | undefined): MappedState {
    const { state, note, row } = this.look(own, words);
    return { state, note, row, resources: [], key: detach(`${state}\n${note ?? ""}`) };
  }

  private look(own: Availability, words: string | undefined) {
    const { system, overrides = {} } = this.dialect;
    const from = this.xmppSystem;
    const mapped = mapAcross({ from, ...readXmppText(from, own, words), to: system, overrides });
    return mapped.ok
      ? { state: mapped.state, note: mapped.text, row: mapped.row }
      : { state: own, note: words, row: undefined };
  }

  /** The document that tells the watcher about `entity`, a sip: URI: all there is, each time (RFC 3856 6.8). */
  write(entity: string, mapped: MappedState): { readonly body: Body; readonly row: string } {
    const { pidf, entityScheme } = this.dialect;
    const uri = entityScheme === "sip" ? entity : entity.replace(/^sip:/, `${entityScheme}:`);
    const text = this.framed(uri, mapped) ?? this.document(uri, entity, mapped);
    return { body: writtenBody(PIDF_TYPE, text), row: mapped.row ?? writePidf(mapped.state, pidf).row };
  }

  /** A document that differs from others only in its entity; undefined where there is more of its own in it. */
  private framed(uri: string, mapped: MappedState): string | undefined {
    const { pidf, tuples, memory } = this.dialect;
    if (tuples !== "one" || pidf !== "rpid-status-draft" || !PLAIN_URI.test(uri)) return undefined;
    const frame = memory?.frame(mapped, () => {
      const [before = "", after = ""] = this.document(ENTITY, ENTITY, mapped).split(ENTITY);
      return [before, after];
    });
    return frame && frame[0] + uri + frame[1];
  }

  private document(uri: string, contact: string, mapped: MappedState): string {
    const { pidf, tuples } = this.dialect;
    return writePidfDocument({
      dialect: pidf,
      entity: uri,
      ...(writePidf(mapped.state, pidf).isIdle && { userInput: { state: "idle" } }),
      tuples: tuples === "one" ? [this.oneTuple(contact, mapped)] : this.tuples(contact, mapped),
    });
  }

  private oneTuple(entity: string, { state, note }: MappedState): PidfTuple {
    const { pidf } = this.dialect;
    const { basic, activity, show } = writePidf(state, pidf);
    return {
      id: "t1",
      basic,
      ...(activity !== undefined && { activity }),
      ...(show !== undefined && { show }),
      ...(note !== undefined && basic === "open" && { note }),
      // RFC 3863 4.1.2; readers of the draft dialect get the form that is known to work with them.
      ...(pidf === "rpid" && { contact: entity }),
    };
  }

  private tuples(entity: string, { resources }: MappedState): readonly PidfTuple[] {
    const { pidf: dialect, wall } = this.dialect;
    if (wall) this.stamped = nextTimestamp(this.stamped, wall());
    const timestamp = this.stamped === undefined ? undefined : formatRfc3339(this.stamped);
    return resourceTuples(resources, {
      dialect,
      contact: entity,
      ...(timestamp !== undefined && { timestamp }),
    });
  }

  /**
   * What a NOTIFY's body says of the presentity, a JID. Undefined when it says nothing that can be used: no body, another
   * type, broken, about somebody else, or without availability. The dialog stays as it is then (PF-01, PF-09).
   */
  read(notify: SipMessage, presentity: string): ShownPresence | undefined {
    const body = readPresenceBody(notify.get("Content-Type"), notify.content);
    if (!body.ok || !isAbout(body.entity, presentity, this.dialect.emailScreenNames)) return undefined;
    return this.shownOf(body);
  }

  /** What the body of a PUBLISH says of the presentity, a JID (RFC 3903 6 step 5): PIDF, and no other form. */
  readPublication(publish: SipMessage, presentity: string): PublicationReading {
    if (publish.bodyLength === 0) return { kind: "none" };
    const type = publish.get("Content-Type") ?? "";
    if (parseMediaType(type)?.type !== PIDF_TYPE) return { kind: "unsupported" };
    const body = readPresenceBody(type, publish.content);
    if (!body.ok) return { kind: "broken", why: "the document is no PIDF" };
    if (!isAbout(body.entity, presentity, this.dialect.emailScreenNames))
      return { kind: "broken", why: "the document is about somebody else" };
    return { kind: "said", shown: this.shownOf(body) };
  }

  private shownOf(body: Extract<PresenceBodyReading, { ok: true }>): ShownPresence | undefined {
    const { memory } = this.dialect;
    if (!memory || body.kind !== "pidf") return this.meaningOf(body);
    return memory.meaning(this.xmppSystem, body.summary, () => this.meaningOf(body));
  }

  private meaningOf(body: Extract<PresenceBodyReading, { ok: true }>): ShownPresence | undefined {
    const { system, pidf, overrides = {}, tellsActivities } = this.dialect;
    const read = readPresence(body.kind, body.summary, { dialect: pidf });
    if (!read) return undefined;
    const { note } = body.summary;
    const text = tellsActivities ? joinStatusText(read.words, note) : note;
    const mapped = mapAcross({ from: system, state: read.state, text, to: this.xmppSystem, overrides });
    const state = mapped.ok ? mapped.state : read.state;
    const shown = writeXmppPresence(state, mapped.ok ? mapped.text : text, this.xmppSystem);
    return {
      ...(shown.type === undefined ? {} : { type: shown.type }),
      ...(shown.show === undefined ? {} : { show: shown.show }),
      // It is kept for long: a slice of a document would hold all of it.
      ...(shown.status === undefined ? {} : { status: detach(shown.status) }),
      mappedBy: mapped.ok ? mapped.row : read.row,
    };
  }
}

/** An address that means what its text says: nothing is escaped, and no case is to be told apart. */
const PLAIN_ADDRESS = /^(?:(?:pres|sip):)?[a-z0-9._-]+@[a-z0-9.-]+$/;

/** Partners differ in scheme, case and escapes of `entity`; its JID tells whether it is the presentity (PF-01). */
function isAbout(entity: string, presentity: string, names: EmailScreenNames = "plain"): boolean {
  if (entity.trim() === "") return true;
  // Most are written alike, and there are more of them than addresses are remembered.
  if (entity.slice(entity.indexOf(":") + 1) === presentity && PLAIN_ADDRESS.test(entity)) return true;
  const mapped = partnerUriToJid(entity.trim(), names, { entity: true });
  return mapped.ok && mapped.jid === bareJid(presentity);
}
