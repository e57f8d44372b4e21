import type { Direction } from "../observation.ts";

/** Texts of one partner that are accepted and have no fate yet, each way. Over it new ones are refused. */
export const MAX_OPEN_TEXTS_PER_PARTNER = 20_000;

/** How much is under way for one partner: its pairs share the memory that all their queues may take. */
export class PartnerLoad {
  private readonly limit: number;
  private readonly open: Record<Direction, number> = { sip_to_xmpp: 0, xmpp_to_sip: 0 };

  constructor(limit = MAX_OPEN_TEXTS_PER_PARTNER) {
    this.limit = limit;
  }

  isFull(direction: Direction): boolean {
    return this.open[direction] >= this.limit;
  }

  change(direction: Direction, by: 1 | -1): void {
    this.open[direction] += by;
  }
}
