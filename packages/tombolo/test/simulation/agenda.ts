/**
 * What is to happen outside the program, in virtual time: a binary heap by time (ms), and by order of entry among equals,
 * so that what goes over one wire keeps its order.
 */
export class Agenda {
  /** Virtual ms. */
  now: number;
  private readonly times: number[] = [];
  private readonly orders: number[] = [];
  private readonly acts: (() => void)[] = [];
  private order = 0;

  constructor(now: number) {
    this.now = now;
  }

  get size(): number {
    return this.times.length;
  }

  /** When the next thing happens; infinity when nothing is planned. */
  get nextAt(): number {
    return this.times[0] ?? Number.POSITIVE_INFINITY;
  }

  in(ms: number, act: () => void): void {
    this.at(this.now + ms, act);
  }

  at(time: number, act: () => void): void {
    const { times, orders, acts } = this;
    const order = this.order++;
    let hole = times.length;
    times.push(time);
    orders.push(order);
    acts.push(act);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      // Of equal times the older entry stays above.
      if (times[parent]! <= time) break;
      times[hole] = times[parent]!;
      orders[hole] = orders[parent]!;
      acts[hole] = acts[parent]!;
      hole = parent;
    }
    times[hole] = time;
    orders[hole] = order;
    acts[hole] = act;
  }

  /** Lets the next thing happen. */
  step(): void {
    const { times, orders, acts } = this;
    const act = acts[0]!;
    if (times[0]! > this.now) this.now = times[0]!;
    const time = times.pop()!;
    const order = orders.pop()!;
    const last = acts.pop()!;
    const size = times.length;
    if (size > 0) {
      let hole = 0;
      for (let child = 1; child < size; child = 2 * hole + 1) {
        if (child + 1 < size && this.isBefore(child + 1, times[child]!, orders[child]!)) child += 1;
        if (!this.isBefore(child, time, order)) break;
        times[hole] = times[child]!;
        orders[hole] = orders[child]!;
        acts[hole] = acts[child]!;
        hole = child;
      }
      times[hole] = time;
      orders[hole] = order;
      acts[hole] = last;
    }
    act();
  }

  private isBefore(at: number, time: number, order: number): boolean {
    const own = this.times[at]!;
    return own < time || (own === time && this.orders[at]! < order);
  }
}
