/** Which of the two permissions between an XMPP user and a SIP contact a word is about. */
type Way = "to" | "from";

export type Word = "subscribe" | "unsubscribe" | "subscribed" | "unsubscribed";

/** The last word of an XMPP user about one permission that nobody asks for again, and whether the program has it. */
interface LastWord {
  readonly word: Word;
  readonly id: string;
  /** When the program read it, ms. */
  readAt: number | undefined;
  isLost: boolean;
}

/** What the XMPP user x and their server have on record about the SIP user s (RFC 6121 2.1.2). */
export class Contact {
  /** x may see s. */
  to: "none" | "asked" | "yes" = "none";
  /** s may see x. */
  from: "none" | "asked" | "yes" = "none";
  /** x was asked, and said no or took it back. */
  isRefused = false;
  /** When the server answered a question of s's by itself, ms. */
  repliedAt = Number.NEGATIVE_INFINITY;
  /** The program has lost its memory since it said something, and only a log-in of x can tell it. */
  isForgotten = false;
  private readonly words: Record<Way, LastWord | undefined> = { to: undefined, from: undefined };

  /** A word that answers a question, or takes a permission back, is found out by the program where it is lost. */
  say(word: Word, id: string, isSpontaneous: boolean): void {
    if (word === "subscribe" || word === "unsubscribe")
      this.words.to = { word, id, readAt: undefined, isLost: false };
    else this.words.from = isSpontaneous ? { word, id, readAt: undefined, isLost: false } : undefined;
  }

  /** Of the word with this id. */
  onRead(id: string, now: number): void {
    for (const own of [this.words.to, this.words.from]) if (own?.id === id) own.readAt = now;
  }

  /** x is told that s lets nobody in, by a stanza that left the program at that time. */
  onDenied(saidAt: number): void {
    const { to: own } = this.words;
    const isOlder = own && (own.readAt === undefined || own.readAt >= saidAt);
    // It was about an older question, which no user and no server can tell: x asks again.
    if (this.to !== "none" && isOlder) own.isLost = true;
    this.to = "none";
  }

  onLost(id: string): void {
    for (const own of [this.words.to, this.words.from]) if (own?.id === id) own.isLost = true;
  }

  /** What the program read from then on, and what it has not read, is lost with it. */
  onKilled(since: number): void {
    for (const own of [this.words.to, this.words.from])
      if (own && (own.readAt === undefined || own.readAt >= since)) {
        own.isLost = true;
        // What followed from it was perhaps said, and is forgotten.
        this.isForgotten = true;
      }
  }

  /** The program has forgotten all, also what x was shown. An open question is never asked again by the server. */
  onWiped(isSeen: boolean): void {
    if (this.words.to && this.to === "asked") this.words.to.isLost = true;
    this.isForgotten = this.to === "yes" || isSeen;
  }

  /** Something is to be said again, or found out by a log-in. */
  get isMisheard(): boolean {
    return this.isForgotten || [this.words.to, this.words.from].some((own) => own?.isLost);
  }

  /** Words that are to be said again. */
  takeLost(): Word[] {
    const lost: Word[] = [];
    for (const own of [this.words.to, this.words.from]) if (own?.isLost) lost.push(own.word);
    return lost;
  }
}
