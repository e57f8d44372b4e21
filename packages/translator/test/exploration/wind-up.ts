import { headerOf } from "../lines.ts";
import type { People } from "./people.ts";

/** After this nothing waits that does not wait for somebody's decision, ms. */
const SETTLED = 120_000;
/** Longer than any pause of a wish that is not refused, ms. */
const LONGEST_PAUSE = 6 * 3_600_000;
/** More of ours while everybody answers is a storm: a refresh each half hour and what was owed are far less. */
const MANY_REQUESTS = 100;
/** After this refusals are forgotten, too, ms. */
const LONGEST_QUIET = 48 * 3_600_000;

/**
 * First all works again and everybody sees what they may; then everybody leaves, and nothing is left.
 * @throws where that is not so.
 */
export function windUp(people: People): void {
  comeRound(people);
  for (const pair of people.truths.keys()) checkSipWatcher(people, pair);
  pass(people, LONGEST_PAUSE);
  for (const pair of people.truths.keys()) checkXmppWatcher(people, pair);
  if (people.requests > MANY_REQUESTS) throw new Error(`a storm of ${people.requests} requests`);
  leave(people);
}

function comeRound(people: People): void {
  people.requests = 0;
  if (!people.isLinkUp) people.moveLink(true);
  pass(people, SETTLED);
}

/** Time goes by while everybody answers. */
function pass(people: People, time: number): void {
  const { bed } = people;
  const until = bed.now + time;
  for (let round = 0; round < MANY_REQUESTS; round++) {
    serve(people);
    const next = bed.translator.nextDeadline();
    if (!next || next.at > until) break;
    bed.advance(Math.max(0, next.at - bed.now));
  }
  bed.advance(Math.max(0, until - bed.now));
}

/** The partner takes every request and shows bob; the XMPP server answers what it was asked. */
function serve(people: People): void {
  const { bed } = people;
  for (let busy = true; busy; ) {
    busy = false;
    for (const question of people.owed) {
      people.owed.delete(question);
      const [pair, type] = question.split(" ") as [string, string];
      serveStanza(people, Number(pair), type);
      busy = true;
    }
    const ref = bed.pendingRefs[0];
    if (ref === undefined) continue;
    busy = true;
    const isNotify = bed.methodOf(ref) === "NOTIFY";
    const { pair } = people.sent.get(ref)!;
    const before = new Set(bed.liveDialogs);
    const command = bed.commandOf(ref);
    people.settle(ref, 200);
    if (isNotify) continue;
    const isEnd = headerOf(command.headers, "Expires") === "0";
    const dialog =
      command.kind === "dialog-request" ? command.dialog : bed.liveDialogs.find((own) => !before.has(own));
    if (dialog !== undefined && bed.liveDialogs.includes(dialog) && people.legs.get(dialog)?.pair === pair)
      people.notify(dialog, isEnd ? "over" : "active");
  }
}

/** RFC 6121 3.1.3, 4.3.2: their server knows what the user has decided. */
function serveStanza(people: People, pair: number, type: string): void {
  const { answer, isShown } = people.truths[pair]!;
  const { xmpp, sip } = people.alphabet.pairs[pair]!;
  if (type === "subscribe" && answer === "accepted") people.bed.presence("subscribed", "", xmpp, sip);
  if (answer === "accepted" && isShown) people.show(pair);
  else if (answer === "accepted") people.bed.presence("unavailable", "", xmpp, sip);
  else if (answer === "refused" || type === "probe") people.bed.presence("unsubscribed", "", xmpp, sip);
}

function checkSipWatcher(people: People, pair: number): void {
  const { answer, isShown, isBlocked, isDoubtful } = people.truths[pair]!;
  if (isDoubtful) return;
  const isOpen = answer === "accepted" && isShown && !isBlocked;
  for (const [dialog, { told, ...leg }] of people.live()) {
    if (leg.pair !== pair || leg.isOurs) continue;
    if (isOpen ? told !== "open" : told === "open")
      throw new Error(
        `${dialog} shows ${told}: the user's answer is ${answer}, ${isShown ? "shown" : "not shown"}`,
      );
  }
}

function checkXmppWatcher(people: People, pair: number): void {
  const { wants, sees } = people.truths[pair]!;
  const { xmpp, sip } = people.alphabet.pairs[pair]!;
  const view = people.bed.translator.find(xmpp, sip)?.watches.xmpp;
  const state = view?.state ?? "none";
  if (wants && (state !== "active" || sees !== "available"))
    throw new Error(`wanted and not seen: ${state}, ${JSON.stringify(view?.sees)}, told ${sees}`);
  if (wants === false && state !== "none" && state !== "denied") throw new Error(`not wanted, and ${state}`);
}

function leave(people: People): void {
  const { bed } = people;
  for (const [pair, { xmpp, sip }] of people.alphabet.pairs.entries()) {
    people.mayLose = pair;
    people.truths[pair]!.wants = false;
    bed.presence("unsubscribe", "", xmpp, sip);
    bed.rule(undefined, sip, xmpp);
  }
  for (let round = 0; round < 6; round++) {
    while (bed.pendingRefs.length > 0) people.settle(bed.pendingRefs[0]!, 481);
    bed.advance(4_000_000);
  }
  bed.advance(LONGEST_QUIET);
  const { size, underWay } = bed.translator;
  const kept = Object.values(bed.kept).reduce((sum, records) => sum + records.size, 0);
  const left = [size, underWay, bed.liveDialogs.length, bed.pendingRefs.length, kept];
  if (left.some((count) => count > 0))
    throw new Error(`left over: pairs, under way, dialogs, requests, records are ${left}`);
}
