/**
 * The outputs of a machine of which there are very many: mostly none waits, sometimes one, for which no list is made.
 * `Machine.poll` of those who extend it.
 */
export abstract class FewOutputs<Output extends object> {
  private waiting: Output | Output[] | undefined;

  /** The next output, or undefined when there is none. */
  poll(): Output | undefined {
    const { waiting } = this;
    if (!Array.isArray(waiting)) {
      this.waiting = undefined;
      return waiting;
    }
    const first = waiting.shift();
    if (waiting.length === 0) this.waiting = undefined;
    return first;
  }

  protected put(output: Output): void {
    const { waiting } = this;
    if (waiting === undefined) this.waiting = output;
    else if (Array.isArray(waiting)) waiting.push(output);
    else this.waiting = [waiting, output];
  }
}
