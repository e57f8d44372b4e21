import type { SipMessage } from "@tombolo/sip";
import type { Element } from "ltx";
import { userOf } from "../simulation/names.ts";
import { bodyOf, type Guard, pairOf } from "./guards.ts";
import { markersIn, NOBODY, sayTold, type Told, toldIn } from "./markers.ts";
import { type Deed, isDisturbing } from "./moves.ts";
import { dueToSip, dueToXmpp, looksLike } from "./truth.ts";
import type { World } from "./world.ts";

/** So long after the last deed all that follows from it has been said, ms. */
const SETTLED = 10_000;
/** Ways to meet a SUBSCRIBE that cost no watcher anything, where there is one of them. */
const HARMLESS: ReadonlySet<unknown> = new Set([
  "lost",
  "silent",
  "late",
  "too-late",
  "notify-first",
  "no-notify",
  408,
  423,
  500,
  503,
]);

/** Whether something has been broken since all was at rest, and what may not happen while nothing is. */
export class Calm implements Guard {
  /** Something was broken, however little. */
  isDisturbed = false;
  private readonly world: World;
  private isShaken = false;
  private lastDeedAt: number;

  constructor(world: World) {
    this.world = world;
    this.lastDeedAt = world.now;
  }

  /** Users do something. */
  stir(): void {
    this.lastDeedAt = this.world.now;
  }

  note(deed: Deed): void {
    if (deed.do === "wait") return;
    this.stir();
    if (!isDisturbing(deed)) return;
    const isHarmless =
      deed.do === "meet-notify" ||
      (deed.do === "meet-subscribe" && HARMLESS.has(deed.fate) && !this.isDisturbed);
    if (!isHarmless) this.isShaken = true;
    this.isDisturbed = true;
  }

  killed(): void {
    this.isDisturbed = this.isShaken = true;
  }

  /** All is at rest. */
  rested(): void {
    this.isDisturbed = this.isShaken = false;
    this.stir();
  }

  private get isCalm(): boolean {
    const { now, xmpp } = this.world;
    return !this.isShaken && !xmpp.isMisheard && now - this.lastDeedAt > SETTLED;
  }

  said(message: SipMessage): void {
    const body = bodyOf(message);
    const isLast = message.get("Subscription-State")?.startsWith("terminated");
    if (!message.isRequest || message.method !== "NOTIFY" || body === "" || isLast || !this.isCalm) return;
    const { s, x } = pairOf(message);
    this.check(`bob${s} about alice${x}`, toldIn(body), [dueToSip(this.world, s, x)]);
  }

  saidStanza(stanza: Element): void {
    const { type, from, to } = stanza.attrs;
    // The answer to a question may have several parts.
    if (type === "subscribe" || type === "probe") this.stir();
    const isState = type === undefined || type === "unavailable";
    // From a bare JID it is an answer, or says that bob watches no more.
    if (stanza.name !== "presence" || !isState || !from?.includes("/") || !this.isCalm) return;
    const [s, x] = [userOf(from), userOf(to ?? "")];
    const told = type ? NOBODY : { isOpen: true, markers: markersIn(stanza.getChildText("status") ?? "") };
    this.check(`alice${x} about bob${s}`, told, dueToXmpp(this.world, s, x));
  }

  private check(whom: string, told: Told, due: readonly Told[]): void {
    if (!due.some((one) => looksLike(one, told)))
      this.world.complain(
        `${whom} is told ${sayTold(told)}, and ${due.map(sayTold).join(" or ")} is true and was all the time`,
      );
  }
}
