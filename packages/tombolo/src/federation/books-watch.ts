import { type Books, DIRECTIONS, type Direction, type Imbalance, type Ledger } from "@tombolo/translator";
import type { MessageCounts } from "../console/status.ts";
import type { Log } from "../log/log.ts";
import type { Metrics } from "../metrics/metrics.ts";

/** What the books are checked against. */
export interface BookKeeper {
  readonly ledger: Ledger;
  /** Texts whose fate is open, counted one by one, by partner. */
  countTexts(): ReadonlyMap<string, Readonly<Record<Direction, number>>>;
}

/**
 * Design law 1 while the program runs: `accepted = delivered + bounced + expired + in flight`, per partner and direction.
 * The translator compares after every input; before metrics are shown, all texts are counted one by one besides.
 */
export class BooksWatch {
  private readonly metrics: Metrics;
  private readonly log: Log;
  private partners: () => readonly string[] = () => [];
  private keeper: BookKeeper | undefined;
  /** What was said of a wrong count, so that it is said once. */
  private readonly told = new Map<string, number>();

  constructor(metrics: Metrics, log: Log) {
    this.metrics = metrics;
    this.log = log;
  }

  /** @param partners domains whose books are shown. */
  watch(keeper: BookKeeper, partners: () => readonly string[]): void {
    this.keeper = keeper;
    this.partners = partners;
  }

  /** The translator's books do not balance. */
  broken({ direction, partner, accepted, delivered, bounced, expired, inFlight }: Imbalance): void {
    this.metrics.imImbalance(direction, partner);
    const figures = { accepted, delivered, bounced, expired, inFlight };
    this.log.error("conservation-broken", { direction, partner, ...figures });
  }

  /** The gauges are set, and what is in flight is counted anew. */
  beforeShown(): void {
    if (!this.keeper) return;
    const counts = this.keeper.countTexts();
    for (const partner of this.partners()) {
      for (const direction of DIRECTIONS) {
        const books = this.keeper.ledger.of(partner).read(direction);
        this.metrics.setImInFlight(direction, partner, books.inFlight);
        this.compare(direction, partner, books, counts.get(partner)?.[direction] ?? 0);
      }
    }
  }

  /** The books of one direction and partner. */
  read(direction: Direction, partner: string): MessageCounts {
    const books = this.keeper?.ledger.of(partner).read(direction) ?? NONE;
    const key = `${direction} ${partner}`;
    return { ...books, balanced: isBalanced(books) && (this.told.get(key) ?? 0) === 0 };
  }

  private compare(direction: Direction, partner: string, books: Books, counted: number): void {
    const key = `${direction} ${partner}`;
    const off = books.inFlight - counted;
    const before = this.told.get(key) ?? 0;
    if (off !== 0 && off !== before) {
      this.metrics.imImbalance(direction, partner);
      this.log.error("conservation-broken", { direction, partner, ...books, counted });
    }
    this.told.set(key, off);
  }
}

const NONE: Books = { accepted: 0, delivered: 0, bounced: 0, expired: 0, inFlight: 0 };

function isBalanced({ accepted, delivered, bounced, expired, inFlight }: Books): boolean {
  return accepted === delivered + bounced + expired + inFlight;
}
