import { type Element, parse } from "ltx";

/** The states a Communicator or Lync user can set. */
export type LyncState = "Available" | "Busy" | "Do Not Disturb" | "Be Right Back" | "Away" | "Offline";

const PIDF = "urn:ietf:params:xml:ns:pidf";
const DRAFT_STATUS = "urn:ietf:params:xml:ns:pidf:status:rpid-status";
const CIPID = "urn:ietf:params:xml:ns:pidf:cipid";

interface Tokens {
  readonly basic: "open" | "closed";
  readonly activity?: string;
}

const TOKENS = {
  Available: { basic: "open" },
  Busy: { basic: "open", activity: "busy" },
  "Do Not Disturb": { basic: "open", activity: "do-not-disturb" },
  "Be Right Back": { basic: "open", activity: "be-right-back" },
  Away: { basic: "open", activity: "away" },
  Offline: { basic: "closed" },
} as const satisfies Record<LyncState, Tokens>;

/** The document that a Microsoft server sends to a partner that asked for PIDF. */
export function presenceBody(entity: string, displayName: string, state: LyncState): string {
  const { basic, activity }: Tokens = TOKENS[state];
  const activities =
    activity === undefined ? "" : `<ep:activities><ep:activity>${activity}</ep:activity></ep:activities>`;
  return (
    `<presence xmlns="${PIDF}" xmlns:ep="${DRAFT_STATUS}" xmlns:et="urn:ietf:params:xml:ns:pidf:rpid-tuple" ` +
    `xmlns:ci="${CIPID}" entity="${entity}">\r\n` +
    `<tuple id="0"><status><basic>${basic}</basic>${activities}</status></tuple>\r\n` +
    `<ci:display-name>${displayName}</ci:display-name>\r\n</presence>`
  );
}

/** What a Communicator shows for a document that it was sent. */
export type ShownState = "Available" | "Busy" | "Away" | "Offline";

export interface SeenPresence {
  readonly shown: ShownState;
  readonly basic: string;
  readonly activities: readonly string[];
  readonly tupleId: string;
  readonly displayName: string | undefined;
  readonly notes: readonly string[];
}

/** Activities that such clients are known to show; others are ignored by them, so sending them says nothing. */
const SHOWN: Readonly<Record<string, ShownState>> = { busy: "Busy", away: "Away", "on-the-phone": "Busy" };

function descendants(element: Element): Element[] {
  return element.getChildElements().flatMap((child) => [child, ...descendants(child)]);
}

/**
 * Reads a document as an old Communicator does, strictly: what it would not understand is told to `blame`.
 * undefined when it can't be read at all.
 */
export function readPresence(
  body: string,
  entity: string,
  blame: (detail: string) => void,
): SeenPresence | undefined {
  if (/<!DOCTYPE/i.test(body)) blame("has a DOCTYPE");
  let root: Element;
  try {
    root = parse(body.replace(/^<\?xml[^>]*\?>\s*/, ""));
  } catch (error) {
    blame(`is not XML: ${(error as Error).message}`);
    return undefined;
  }
  if (!root.is("presence", PIDF)) blame(`root is ${root.name} in ${root.getNS()}`);
  if (root.attrs.entity !== entity) blame(`entity is ${root.attrs.entity}, not ${entity}`);
  const tuples = root.getChildren("tuple");
  if (tuples.length !== 1) blame(`${tuples.length} tuples`);
  const status = tuples[0]?.getChild("status");
  const basic = status?.getChildText("basic") ?? "";
  if (basic !== "open" && basic !== "closed") blame(`basic is "${basic}"`);
  const activities = readActivities(root, status, blame);
  if (basic === "closed" && activities.length > 0) blame("closed, but with activities");
  const all = descendants(root);
  return {
    shown: basic === "open" ? (SHOWN[activities[0] ?? ""] ?? "Available") : "Offline",
    basic,
    activities,
    tupleId: tuples[0]?.attrs.id ?? "",
    displayName: all
      .find((element) => element.getName() === "display-name" && element.getNS() === CIPID)
      ?.getText(),
    notes: all.filter((element) => element.getName() === "note").map((element) => element.getText()),
  };
}

function readActivities(
  root: Element,
  status: Element | undefined,
  blame: (detail: string) => void,
): readonly string[] {
  const lists = descendants(root).filter((element) => element.getName() === "activities");
  const known = lists.filter((list) => list.parent === status && list.getNS() === DRAFT_STATUS);
  if (lists.length > 0 && known.length === 0) blame("activities are not in status in the draft's namespace");
  const activities = known.flatMap((list) =>
    list.getChildElements().map((activity) => activity.getText().trim()),
  );
  for (const activity of activities)
    if (SHOWN[activity] === undefined) blame(`unknown activity "${activity}"`);
  return activities;
}
