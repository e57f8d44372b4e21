import type { Agenda } from "../simulation/agenda.ts";
import { sipUri } from "../simulation/names.ts";
import { bytesOf, initialRequest } from "../simulation/sip-dialog.ts";
import type { SipStack } from "../simulation/sip-stack.ts";
import type { Mint, Told } from "./markers.ts";
import { NOBODY } from "./markers.ts";
import { documentOf } from "./sip-presentities.ts";

export interface SipPublishersAround {
  readonly agenda: Agenda;
  readonly stack: SipStack;
  readonly mint: Mint;
}

interface Publication {
  readonly s: number;
  shown: Told | undefined;
  etag: string | undefined;
  isBusy: boolean;
  isOwed: boolean;
  turn: number;
}

/** Lifetime that is asked for, s. */
const EXPIRES = 3_600;

/** SIP users who publish their presence at the gateway (RFC 3903), each at one device. */
export class SipPublishers {
  private readonly around: SipPublishersAround;
  private readonly publications = new Map<number, Publication>();

  constructor(around: SipPublishersAround) {
    this.around = around;
  }

  /** @param isOpen undefined: takes back what is published. */
  publish(s: number, isOpen: boolean | undefined): void {
    const own = this.of(s);
    if (isOpen === undefined) own.shown = undefined;
    else own.shown = isOpen ? { isOpen, markers: [this.around.mint.next("u", s, 0)] } : NOBODY;
    this.send(own);
  }

  /** What all watchers of s may see, too; undefined where nothing is published. */
  shownBy(s: number): Told | undefined {
    return this.publications.get(s)?.shown;
  }

  /** Knows nothing of what it has published. */
  restart(): void {
    for (const own of this.publications.values()) {
      own.etag = undefined;
      own.isBusy = false;
      own.turn += 1;
      if (own.shown) this.send(own);
    }
  }

  private of(s: number): Publication {
    let own = this.publications.get(s);
    if (!own) {
      own = { s, shown: undefined, etag: undefined, isBusy: false, isOwed: false, turn: 0 };
      this.publications.set(s, own);
    }
    return own;
  }

  private send(own: Publication): void {
    if (own.isBusy) {
      own.isOwed = true;
      return;
    }
    const { s, shown, etag } = own;
    if (!shown && etag === undefined) return;
    const { stack } = this.around;
    const branch = stack.newBranch();
    const ids = { callId: stack.newId("publish"), tag: stack.newId("t"), cseq: 1, branch };
    const extra: [string, string][] = [
      ["Event", "presence"],
      ["Expires", shown ? String(EXPIRES) : "0"],
    ];
    if (etag !== undefined) extra.push(["SIP-If-Match", etag]);
    const body = shown && { type: "application/pidf+xml", bytes: bytesOf(documentOf(sipUri(s), shown)) };
    const message = initialRequest("PUBLISH", { s, x: 0 }, ids, extra, body, sipUri(s));
    own.isBusy = true;
    own.turn += 1;
    const { turn } = own;
    stack.request("PUBLISH", branch, message, (final) => {
      if (own.turn !== turn) return;
      own.isBusy = false;
      const isGood = typeof final !== "string" && final.status < 300;
      // RFC 3903 4.1: unmatched means that it is to be made anew.
      if (isGood) own.etag = shown ? (final.get("SIP-ETag") ?? undefined) : undefined;
      else if (typeof final !== "string" && final.status === 412) own.etag = undefined;
      const isOwed = own.isOwed || (!isGood && (own.shown || own.etag !== undefined));
      own.isOwed = false;
      if (isOwed) this.around.agenda.in(isGood ? 0 : 15_000, () => own.turn === turn && this.send(own));
      else if (own.shown)
        this.around.agenda.in(EXPIRES * 800, () => own.turn === turn && own.shown && this.send(own));
    });
  }
}
