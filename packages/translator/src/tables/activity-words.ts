interface WordsRow {
  readonly id: `AW.${string}`;
  readonly tokens: readonly string[];
  readonly text: string;
  readonly ref: string;
}

/** What an activity is called in a status text, for styles that carry activities as text. */
export const ACTIVITY_WORDS = [
  { id: "AW.on-the-phone", tokens: ["on-the-phone", "in-a-call"], text: "On the phone", ref: "MAP-X1" },
  { id: "AW.in-a-conference", tokens: ["in-a-conference"], text: "In a conference call", ref: "MAP-X1" },
  { id: "AW.in-a-meeting", tokens: ["in-a-meeting", "meeting"], text: "In a meeting", ref: "MAP-X1" },
  { id: "AW.presenting", tokens: ["in-presentation", "presentation"], text: "Presenting", ref: "MAP-X1" },
  { id: "AW.out-to-lunch", tokens: ["out-to-lunch", "lunch"], text: "Out to lunch", ref: "MAP-X1" },
  { id: "AW.out-of-office", tokens: ["out-of-office"], text: "Out of office", ref: "MAP-X1" },
  { id: "AW.off-work", tokens: ["off-work"], text: "Off work", ref: "MAP-X1" },
  { id: "AW.vacation", tokens: ["vacation", "holiday"], text: "On vacation", ref: "MAP-X1" },
] as const satisfies readonly WordsRow[];

/** The words for the first of these activity tokens (lower case) that has some. */
export function activityWords(tokens: readonly string[]): string | undefined {
  for (const token of tokens) {
    const row = ACTIVITY_WORDS.find((candidate) => (candidate.tokens as readonly string[]).includes(token));
    if (row !== undefined) return row.text;
  }
  return undefined;
}
