import type { Direction } from "../observation.ts";

/** Texts of one partner that are accepted and have no fate yet, each way. Over it new ones are refused. */
export const MAX_OPEN_TEXTS_PER_PARTNER = 20_000;
/** The same from XMPP to SIP over all partners: each may take a record in the store. */
export const MAX_OPEN_TEXTS = 100_000;

/** What texts have come to. A text gets into `accepted` once and into one of the others once. */
export interface Fates {
  readonly accepted: number;
  readonly delivered: number;
  readonly bounced: number;
  readonly expired: number;
}

/** The books of one partner and direction. */
export interface Books extends Fates {
  /** Texts that are held somewhere, counted where they are held and not from the fates. */
  readonly inFlight: number;
}

/** Books that do not balance: a text was lost, or had two fates. */
export interface Imbalance extends Books {
  readonly direction: Direction;
  readonly partner: string;
}

interface Account {
  readonly direction: Direction;
  readonly partner: string;
  accepted: number;
  delivered: number;
  bounced: number;
  expired: number;
  held: number;
  /** By how much they were off when that was told last. */
  toldOff: number;
}

/**
 * The books of instant messages (design law 1): `accepted = delivered + bounced + expired + in flight`, per direction and
 * partner. The left side and the fates are booked where they are decided, what is in flight where texts are held, so a
 * text that is dropped on the way or has two fates shows at once.
 */
export class Ledger {
  private readonly partners = new Map<string, PartnerBooks>();
  private readonly touched: Account[] = [];
  private open = 0;

  /** The books of a partner; one for each that is configured. */
  of(partner: string): PartnerBooks {
    const known = this.partners.get(partner);
    if (known) return known;
    const books = new PartnerBooks(partner, {
      touch: (account) => {
        if (this.touched.at(-1) !== account) this.touched.push(account);
      },
      changeOpen: (by) => {
        this.open += by;
        return this.open;
      },
    });
    this.partners.set(partner, books);
    return books;
  }

  /** Texts that are held, over all partners and both directions. */
  get inFlight(): number {
    let sum = 0;
    for (const books of this.partners.values())
      sum += books.read("sip_to_xmpp").inFlight + books.read("xmpp_to_sip").inFlight;
    return sum;
  }

  /** Senders, over all partners, who have still to be told what became of a text. */
  get owing(): number {
    let sum = 0;
    for (const books of this.partners.values()) sum += books.owing;
    return sum;
  }

  /** Books that were changed since the last call and do not balance any more, or differ in another way than told before. */
  takeImbalances(): Imbalance[] {
    if (this.touched.length === 0) return [];
    const found: Imbalance[] = [];
    for (const account of this.touched) {
      const off = offBy(account);
      if (off !== account.toldOff && off !== 0) found.push(imbalanceOf(account));
      account.toldOff = off;
    }
    this.touched.length = 0;
    return found;
  }
}

interface LedgerAround {
  touch(account: Account): void;
  /** @returns texts from XMPP to SIP that are held, and senders who have still to be told, over all partners */
  changeOpen(by: number): number;
}

/** The books of one partner, both directions, and what its queues may still take. */
export class PartnerBooks {
  readonly accounts: readonly Account[];
  private readonly around: LedgerAround;
  private readonly toXmpp: Account;
  private readonly toSip: Account;
  private owed = 0;

  constructor(partner: string, around: LedgerAround) {
    this.around = around;
    this.toXmpp = emptyAccount("sip_to_xmpp", partner);
    this.toSip = emptyAccount("xmpp_to_sip", partner);
    this.accounts = [this.toXmpp, this.toSip];
  }

  book(direction: Direction, event: keyof Fates): void {
    const account = this.account(direction);
    account[event] += 1;
    this.around.touch(account);
  }

  /** A text is held from now on, or no more: told by whatever holds it. */
  hold(direction: Direction, by: 1 | -1): void {
    const account = this.account(direction);
    account.held += by;
    if (direction === "xmpp_to_sip") this.around.changeOpen(by);
    this.around.touch(account);
  }

  /** A sender has still to be told what became of a text, or has been told. */
  owe(by: 1 | -1): void {
    this.owed += by;
    this.around.changeOpen(by);
  }

  /** Senders who have still to be told. */
  get owing(): number {
    return this.owed;
  }

  /** No further text may be accepted. */
  isFull(direction: Direction): boolean {
    const { held } = this.account(direction);
    if (direction === "sip_to_xmpp") return held >= MAX_OPEN_TEXTS_PER_PARTNER;
    return held + this.owed >= MAX_OPEN_TEXTS_PER_PARTNER || this.around.changeOpen(0) >= MAX_OPEN_TEXTS;
  }

  read(direction: Direction): Books {
    const { accepted, delivered, bounced, expired, held } = this.account(direction);
    return { accepted, delivered, bounced, expired, inFlight: held };
  }

  private account(direction: Direction): Account {
    return direction === "sip_to_xmpp" ? this.toXmpp : this.toSip;
  }
}

function emptyAccount(direction: Direction, partner: string): Account {
  return { direction, partner, accepted: 0, delivered: 0, bounced: 0, expired: 0, held: 0, toldOff: 0 };
}

function offBy({ accepted, delivered, bounced, expired, held }: Account): number {
  return accepted - delivered - bounced - expired - held;
}

function imbalanceOf({
  direction,
  partner,
  accepted,
  delivered,
  bounced,
  expired,
  held,
}: Account): Imbalance {
  return { direction, partner, accepted, delivered, bounced, expired, inFlight: held };
}
