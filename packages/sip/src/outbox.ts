/** Places kept when all is taken: a burst's memory is given back. */
export const KEPT_PLACES = 256;

/**
 * The outputs of a machine, in order. Its places are used again: a list that is emptied would have to grow anew for each
 * input. The machine bounds what waits.
 */
export class Outbox<Output extends object> {
  private readonly places: (Output | undefined)[] = [];
  private given = 0;
  private taken = 0;

  put(output: Output): void {
    this.places[this.given++] = output;
  }

  /** The next output, or undefined when there is none. */
  take(): Output | undefined {
    if (this.taken === this.given) return undefined;
    const output = this.places[this.taken];
    this.places[this.taken++] = undefined;
    if (this.taken === this.given) {
      if (this.given > KEPT_PLACES) this.places.length = KEPT_PLACES;
      this.given = 0;
      this.taken = 0;
    }
    return output;
  }
}
