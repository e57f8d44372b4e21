/**
 * Series by direction and partner that are counted for each text and each presence change. prom-client sorts and joins
 * the labels of every value that it takes; here a value costs an addition, and labels are made when somebody asks.
 */
import type { Counter, Registry } from "prom-client";

type Direction = "sip_to_xmpp" | "xmpp_to_sip";

interface Labels {
  readonly direction: Direction;
  readonly partner: string;
}

/** A line of the page. */
interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/** One value of `T` for each direction and partner. */
abstract class PartnerSeries<T> {
  readonly name: string;
  readonly help: string;
  readonly aggregator = "sum";
  private readonly rows: Readonly<Record<Direction, Map<string, T>>> = {
    sip_to_xmpp: new Map(),
    xmpp_to_sip: new Map(),
  };

  constructor(registry: Registry, name: string, help: string) {
    this.name = name;
    this.help = help;
    // What a registry asks of a metric is there.
    registry.registerMetric(this as unknown as Counter);
  }

  async get() {
    const values: Value[] = [];
    for (const direction of Object.keys(this.rows) as Direction[]) {
      for (const [partner, row] of this.rows[direction])
        values.push(...this.show({ direction, partner }, row));
    }
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values };
  }

  remove({ direction, partner }: Labels): void {
    this.rows[direction].delete(partner);
  }

  reset(): void {
    for (const rows of Object.values(this.rows)) rows.clear();
  }

  protected row(direction: Direction, partner: string): T {
    const rows = this.rows[direction];
    let row = rows.get(partner);
    if (row === undefined) {
      row = this.newRow();
      rows.set(partner, row);
    }
    return row;
  }

  abstract readonly type: "counter" | "histogram";
  protected abstract newRow(): T;
  protected abstract show(labels: Labels, row: T): Value[];
}

interface Count {
  value: number;
}

export class PartnerCounter extends PartnerSeries<Count> {
  readonly type = "counter";

  /** Adds one; 0 makes the series be there. */
  inc({ direction, partner }: Labels, by = 1): void {
    this.row(direction, partner).value += by;
  }

  protected newRow(): Count {
    return { value: 0 };
  }

  protected show(labels: Labels, { value }: Count): Value[] {
    return [{ labels: { ...labels }, value }];
  }
}

interface Buckets {
  /** By bound, not added up; the last is for what is over all. */
  readonly counts: number[];
  sum: number;
}

export class PartnerHistogram extends PartnerSeries<Buckets> {
  readonly type = "histogram";
  private readonly bounds: readonly number[];

  constructor(registry: Registry, name: string, help: string, bounds: readonly number[]) {
    super(registry, name, help);
    this.bounds = bounds;
  }

  observe({ direction, partner }: Labels, value: number): void {
    const { bounds } = this;
    let at = 0;
    while (at < bounds.length && value > bounds[at]!) at += 1;
    const row = this.row(direction, partner);
    row.counts[at]! += 1;
    row.sum += value;
  }

  protected newRow(): Buckets {
    return { counts: new Array<number>(this.bounds.length + 1).fill(0), sum: 0 };
  }

  protected show(labels: Labels, { counts, sum }: Buckets): Value[] {
    let count = 0;
    const buckets = counts.map((some, at) => {
      count += some;
      const le = this.bounds[at] ?? "+Inf";
      return { labels: { le, ...labels }, value: count, metricName: `${this.name}_bucket` };
    });
    return [
      ...buckets,
      { labels: { ...labels }, value: sum, metricName: `${this.name}_sum` },
      { labels: { ...labels }, value: count, metricName: `${this.name}_count` },
    ];
  }
}
