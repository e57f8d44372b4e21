import type { AvailabilityOverrides } from "./availability.ts";
import type { AvailabilityRowId } from "./availability-tables.ts";

export type StyleName = "cup" | "rich";

/** A choice of cells for the tables as a whole. */
export interface TableStyle {
  readonly label: string;
  /** Cells that differ from the printed tables, by row id and target. */
  readonly overrides: AvailabilityOverrides;
  /** Whether activities such as On the phone go into the status text (`ReadPresence.words`). */
  readonly tellsActivities: boolean;
}

const DND = "Do Not Disturb";
const BRB = { state: "Away", text: "Be Right Back" } as const;
/** A partner whose documents can't say Do Not Disturb is shown Busy by them, and told the rest in words. */
const DND_IN_WORDS = { state: DND, text: DND } as const;

/** The styles that a configuration can name. What a style leaves out is as printed. */
export const STYLES = {
  cup: {
    label: "the tables as printed",
    overrides: {},
    tellsActivities: false,
  },
  rich: {
    label:
      "states keep their meaning where the other side can show it, and go into the status text where it can't",
    overrides: {
      "1-1.do-not-disturb": { "xmpp-third-party": DND, "cupc-7": DND, "cupc-8": DND },
      "1-5.do-not-disturb": { "xmpp-third-party": DND, "cupc-7": DND, "cupc-8": DND },
      "1-1.be-right-back": { "xmpp-third-party": BRB, "cupc-7": BRB, "cupc-8": BRB },
      "1-5.be-right-back": { "xmpp-third-party": BRB, "cupc-7": BRB, "cupc-8": BRB },
      "1-2.do-not-disturb": { moc: DND_IN_WORDS },
      "1-3.do-not-disturb": { moc: DND_IN_WORDS },
      "1-4.do-not-disturb": { moc: DND_IN_WORDS },
      "1-6.do-not-disturb": { lync: DND_IN_WORDS },
      "1-7.do-not-disturb": { lync: DND_IN_WORDS },
      "1-8.do-not-disturb": { lync: DND_IN_WORDS },
      "1-10.do-not-disturb": { aim: { state: "Away", text: DND } },
    },
    tellsActivities: true,
  },
} as const satisfies Record<StyleName, TableStyle>;

/** True for the keys of `STYLES`. */
export function isStyleName(text: string): text is StyleName {
  return Object.hasOwn(STYLES, text);
}

/** The overrides of a style with an administrator's own cells, which win cell by cell. */
export function styledOverrides(style: StyleName, own: AvailabilityOverrides = {}): AvailabilityOverrides {
  const all: Partial<Record<AvailabilityRowId, AvailabilityOverrides[AvailabilityRowId]>> = {
    ...STYLES[style].overrides,
  };
  for (const [id, cells] of Object.entries(own) as [
    AvailabilityRowId,
    AvailabilityOverrides[AvailabilityRowId],
  ][]) {
    all[id] = { ...all[id], ...cells };
  }
  return all as AvailabilityOverrides;
}
