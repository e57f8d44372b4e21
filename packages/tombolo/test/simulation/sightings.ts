/** A user's presence as one watcher may see it. */
export interface Shown {
  readonly isOpen: boolean;
  /** Unique for the pair and the change: `p<sip user>.<xmpp user>.<number>`; empty where nobody is there. */
  readonly token: string;
}

const CLOSED: Shown = { isOpen: false, token: "" };

/** Presence from both sides' view: what users show to each watcher, and what each watcher was told last. */
export class Sightings {
  /** What is shown, by pair, and by whom. */
  private readonly shown = { sip: new Map<number, Shown>(), xmpp: new Map<number, Shown>() };
  /** What watchers see, by pair; undefined: they have been told nothing. */
  private readonly seen = { sip: new Map<number, Shown>(), xmpp: new Map<number, Shown>() };
  /** SIP users who were let see an XMPP user at some time, by pair. */
  private readonly permitted = new Set<number>();
  private readonly complain: (what: string) => void;
  private serial = 0;
  changes = 0;

  constructor(complain: (what: string) => void) {
    this.complain = complain;
  }

  // ---- what users show

  /** The XMPP user x shows something new to s. */
  showXmpp(s: number, x: number, isOpen: boolean): Shown {
    return this.show("xmpp", s, x, isOpen);
  }

  showSip(s: number, x: number, isOpen: boolean): Shown {
    return this.show("sip", s, x, isOpen);
  }

  shownByXmpp(s: number, x: number): Shown {
    return this.shown.xmpp.get(keyOf(s, x)) ?? CLOSED;
  }

  shownBySip(s: number, x: number): Shown {
    return this.shown.sip.get(keyOf(s, x)) ?? CLOSED;
  }

  private show(by: "sip" | "xmpp", s: number, x: number, isOpen: boolean): Shown {
    this.serial += 1;
    this.changes += 1;
    const letter = by === "sip" ? "q" : "p";
    const shown = isOpen ? { isOpen, token: `${letter}${s}.${x}.${this.serial}` } : CLOSED;
    this.shown[by].set(keyOf(s, x), shown);
    return shown;
  }

  /** x lets s see. */
  permit(s: number, x: number): void {
    this.permitted.add(keyOf(s, x));
  }

  // ---- what watchers see

  /** s was told of x. */
  bySip(s: number, x: number, shown: Shown): void {
    this.guard("p", s, x, shown, `bob${s} about alice${x}`);
    // Law 4
    if (shown.isOpen && !this.permitted.has(keyOf(s, x)))
      this.complain(`a denied watcher sees: bob${s} about alice${x}, ${shown.token}`);
    this.seen.sip.set(keyOf(s, x), shown);
  }

  /** x was told of s. */
  byXmpp(s: number, x: number, shown: Shown): void {
    this.guard("q", s, x, shown, `alice${x} about bob${s}`);
    this.seen.xmpp.set(keyOf(s, x), shown);
  }

  seenBySip(s: number, x: number): Shown | undefined {
    return this.seen.sip.get(keyOf(s, x));
  }

  seenByXmpp(s: number, x: number): Shown | undefined {
    return this.seen.xmpp.get(keyOf(s, x));
  }

  /** The watcher begins anew and knows nothing. */
  forgetXmpp(s: number, x: number): void {
    this.seen.xmpp.delete(keyOf(s, x));
  }

  /** Law 2: what was meant for one watcher is shown to no other. */
  private guard(letter: string, s: number, x: number, { token }: Shown, whom: string): void {
    if (token !== "" && !token.startsWith(`${letter}${s}.${x}.`))
      this.complain(`presence leaked: ${whom} was told ${token}`);
  }
}

function keyOf(s: number, x: number): number {
  return s * 1000 + x;
}

/** The token in a status text. */
export function tokenOf(status: string | null | undefined): string {
  return /[pq][0-9]+\.[0-9]+\.[0-9]+/.exec(status ?? "")?.[0] ?? "";
}
