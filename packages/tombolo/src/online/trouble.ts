/** What a trial found wrong, in the words of a finding. */
export interface Trouble {
  /** What is wrong, without a full stop. */
  readonly message: string;
  /** What to do about it, beginning with a verb. */
  readonly cure: string;
}
