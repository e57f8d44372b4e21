import {
  LOCAL_ERRORS,
  type LocalSipError,
  PRESENCE_ERROR_OUTCOMES,
  SIP_STATUS_ERRORS,
  STANZA_ERROR_STATUSES,
  type StanzaError,
  type WatcherOutcome,
} from "../../packages/translator/src/index.ts";
import { code, type Page, page, table } from "./markdown.ts";

/** The error tables E1 to E4. */
export function errorPages(): readonly Page[] {
  return [stanzaToSip(), sipToStanza(), presenceErrors(), localErrors()];
}

interface Statuses {
  readonly full: number;
  readonly bare: number;
}

interface StanzaRow {
  readonly id: string;
  readonly invite: Statuses;
  readonly other: Statuses;
  readonly literal?: number;
  readonly needs?: Readonly<Record<number, string>>;
  readonly ref: string;
}

function stanzaToSip(): Page {
  const rows = Object.values<StanzaRow>(STANZA_ERROR_STATUSES).map((row) => [
    code(row.id),
    statuses(row.invite),
    statuses(row.other),
    row.literal === undefined ? "" : String(row.literal),
    Object.entries(row.needs ?? {})
      .map(([status, header]) => `${header} with ${status}`)
      .join(", "),
    row.ref,
  ]);
  return {
    file: "e1.md",
    title: "E1",
    about: "XMPP stanza errors to SIP statuses",
    text: page(
      "# E1: XMPP stanza errors to SIP statuses",
      "Two numbers: the status where the stanza went to a full JID, then to a bare one. A 6xx goes only to peers that take " +
        "one; others get the first number. The literal column holds what RFC 7247 has where ours is another. Never sent: 401, " +
        "407, 503, 600, and 408 to anything but INVITE.",
      table(["row", "INVITE", "other requests", "literal", "needs", "source"], rows),
    ),
  };
}

function statuses({ full, bare }: Statuses): string {
  return full === bare ? String(full) : `${full} / ${bare}`;
}

interface SipRow {
  readonly id: string;
  readonly condition: string;
  readonly type: string;
  readonly text: string;
  readonly typeWithRetryAfter?: string;
  readonly reveals?: true;
  readonly alarm?: true;
  readonly ref: string;
}

function sipToStanza(): Page {
  const rows = Object.entries<SipRow>(SIP_STATUS_ERRORS).map(([, row]) => [
    code(row.id),
    row.condition,
    row.typeWithRetryAfter === undefined
      ? row.type
      : `${row.type}, ${row.typeWithRetryAfter} with Retry-After`,
    row.text,
    [row.reveals && "hidden", row.alarm && "operator"].filter(Boolean).join(", "),
    row.ref,
  ]);
  return {
    file: "e2.md",
    title: "E2",
    about: "SIP statuses to XMPP stanza errors",
    text: page(
      "# E2: SIP statuses to XMPP stanza errors",
      "A status without a row takes that of its class. Hidden: a sender who may not see the other user's presence gets " +
        "`service-unavailable` instead. Operator: nobody but the operator can mend it.",
      table(["row", "condition", "type", "text", "notes", "source"], rows),
    ),
  };
}

interface PresenceRow {
  readonly id: string;
  readonly outcome: WatcherOutcome;
  readonly polite?: WatcherOutcome;
  readonly hidden?: WatcherOutcome;
  readonly ref: string;
}

function presenceErrors(): Page {
  const rows = Object.entries<PresenceRow>(PRESENCE_ERROR_OUTCOMES).map(([condition, row]) => [
    condition,
    code(row.id),
    outcome(row.outcome),
    row.polite === undefined ? "" : outcome(row.polite),
    row.hidden === undefined ? "" : outcome(row.hidden),
    row.ref,
  ]);
  return {
    file: "e3.md",
    title: "E3",
    about: "errors on presence, as SIP watchers see them",
    text: page(
      "# E3: errors on presence, as SIP watchers see them",
      table(
        [
          "condition",
          "row",
          "watcher sees",
          "where refusals are polite",
          "where unknown users are hidden",
          "source",
        ],
        rows,
      ),
    ),
  };
}

function outcome(result: WatcherOutcome): string {
  if (result.kind === "closed") return "an offline user";
  if (result.kind === "pending") return "a user who has not decided";
  const retry = result.retryAfterSeconds === undefined ? "" : `, again after ${result.retryAfterSeconds} s`;
  return `terminated, ${result.reason}${retry}`;
}

interface LocalRow {
  readonly id: string;
  readonly xmpp?: StanzaError;
  readonly sip?: LocalSipError;
  readonly alarm?: true;
  readonly ref: string;
}

function localErrors(): Page {
  const rows = Object.values<LocalRow>(LOCAL_ERRORS).map((row) => [
    code(row.id),
    row.xmpp === undefined ? "" : `${row.xmpp.condition} (${row.xmpp.type})`,
    row.xmpp?.text ?? "",
    row.sip === undefined ? "" : localSip(row.sip),
    row.alarm === undefined ? "" : "operator",
    row.ref,
  ]);
  return {
    file: "e4.md",
    title: "E4",
    about: "what goes wrong here, as either side is told",
    text: page(
      "# E4: what goes wrong here, as either side is told",
      table(["row", "XMPP condition", "text", "SIP status", "notes", "source"], rows),
    ),
  };
}

function localSip({ invite, other, needs }: LocalSipError): string {
  const status = invite === other ? String(invite) : `${invite} to INVITE, else ${other}`;
  return needs === undefined ? status : `${status} with ${needs}`;
}
