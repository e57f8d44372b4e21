import { PARTNER, sipName, xmppJid } from "../simulation/names.ts";
import { grown, type Sizes, sizesOf } from "./collections.ts";
import { NOBODY, sayTold } from "./markers.ts";
import { USERS } from "./moves.ts";
import type { Device } from "./sip-watchers.ts";
import { dueToSip, dueToXmpp, looksLike } from "./truth.ts";
import type { World } from "./world.ts";

/** Whatever is broken mends itself within this, ms. */
const MENDING = 11 * 60_000;
/** Longer than any pause before another try, and than any subscription that nobody keeps, ms. */
const SETTLING = 3 * 3_600_000;
/** Law 6: how long after a start watchers may see what is old, ms. */
const A_MINUTE = 60_000;
const DOWN = 8_000;
/** Longer than a refusal is remembered, ms. */
const FORGETTING = 26 * 3_600_000;

/** All is mended and users say again what was lost; then each watcher sees what is true. */
export function rest(world: World): void {
  const { xmpp, host, fates } = world;
  fates.clear();
  host.partnerDown = undefined;
  world.runFor(MENDING);
  for (const { x, resources, contacts } of xmpp.users) {
    // Only a log-in asks anew about contacts of whom the program knows nothing any more.
    if (contacts.some(({ isForgotten }) => isForgotten))
      for (const name of [...resources.keys()]) xmpp.logOut(x, name);
    if (resources.size === 0) xmpp.logIn(x, "desk");
  }
  xmpp.repeatLostWords();
  world.calm.stir();
  world.pause(SETTLING);
  look(world);
}

/** Each watcher sees what is true, and each dialog has its other end. */
export function look(world: World): void {
  compare(world);
  checkLegs(world);
}

/** Law 6: killed, and started again, and all that has changed meanwhile is seen within a minute. */
export function restart(world: World): void {
  const { xmpp, presentities } = world;
  world.conversation?.world("killed once more, and everybody changes");
  world.kill(DOWN, false);
  world.runFor(2_000);
  for (const { x, resources } of xmpp.users)
    for (const name of [...resources.keys()]) xmpp.change(x, name, "");
  for (let s = 0; s < USERS.sip; s++) presentities.change(s, true);
  world.pause(DOWN - 2_000 + A_MINUTE);
  compare(world);
}

/** Everybody goes, and in the end nothing is left of them. @param before what there was before anybody came. */
export function leaveAll(world: World, before: Sizes): void {
  const { watchers, xmpp, publishers } = world;
  world.conversation?.world("everybody goes");
  for (const { s, x, place } of [...watchers.wanted()]) watchers.unsubscribe(s, x, place);
  eachPair((s, x) => {
    xmpp.unsubscribe(s, x);
    world.rule(s, x, undefined);
  });
  for (let s = 0; s < USERS.sip; s++) publishers.publish(s, undefined);
  world.pause(FORGETTING);
  world.stack.hangUp();
  world.runFor(10);
  world.kept.flush();
  const left = [...world.program.leftovers(), ...grown(before, sizes(world), isMeantToStay)];
  if (world.kept.size > 0) left.push(`kept records: ${world.kept.size}`);
  if (left.length > 0) world.complain(`left over: ${left.join("; ")}`);
}

export function sizes({ program: { edge, engine, translator, gateway } }: World): Sizes {
  return sizesOf({ edge, engine, translator, gateway });
}

/** Bounded, and about partners or lately mapped addresses, not about who watches whom. */
const MEANT_TO_STAY: readonly RegExp[] = [
  // Counts for the metrics, by method and status.
  /^edge\.context\.(partners\.\*\.seen\.|counted)/,
  // By partner.
  /^translator\.(book\.(contexts|dialects\.dialects)|reach\.memory\.partners)(\.|$)/,
  // Names of headers that are no secrets.
  /^edge\.context\.inward\.known$/,
  // Emptied places that are filled again, and the durations that timers have.
  /\.free$/,
  /\.queue\.lanes$/,
  // What dialogs have in common, a few of each kind.
  /^engine\.core\.dialogs\.shared\./,
];

function isMeantToStay(path: string): boolean {
  return MEANT_TO_STAY.some((known) => known.test(path));
}

// ---- what each watcher should see

/** @throws where a watcher sees something else than what is true. */
function compare(world: World): void {
  for (const device of world.watchers.wanted()) compareSip(world, device);
  eachPair((s, x) => compareXmpp(world, s, x));
}

function compareSip(world: World, { s, x, place, isConfirmed, state, told }: Device): void {
  const { xmpp, leave } = world;
  const who = `bob${s} at ${place} sees alice${x}`;
  if (!isConfirmed) world.complain(`bob${s} at ${place} watches alice${x} without success`);
  const { from, isRefused } = xmpp.contactOf(s, x);
  const isShutOut = leave.isShutOut(s, x);
  if (from === "none" && !isRefused && !isShutOut) world.complain(`alice${x} was never asked about bob${s}`);
  const isPending = state.startsWith("pending");
  // A refused watcher sees nobody, not that there is nobody who has decided (law 4).
  const isDecided = from === "yes" || (from === "none" && isRefused) || isShutOut;
  if (isPending && isDecided) world.complain(`${who} as pending`);
  const due = dueToSip(world, s, x);
  if (!looksLike(due, told ?? NOBODY)) world.complain(`${who} as ${sayTold(told)}, not as ${sayTold(due)}`);
}

function compareXmpp(world: World, s: number, x: number): void {
  const { xmpp, presentities } = world;
  if (!xmpp.isThere(x)) return;
  const { to, isForgotten } = xmpp.contactOf(s, x);
  const attitude = presentities.attitudeTo(s, x);
  const seen = xmpp.users[x]!.seen[s] ?? NOBODY;
  const isLetIn = attitude === "grant" || attitude === "block";
  if (to === "asked" && isLetIn) world.complain(`alice${x} asked to see bob${s} and was never let in`);
  // A look that comes to nothing changes no roster (C-27).
  if (to !== "none" && attitude === "refuse" && !isForgotten)
    world.complain(`alice${x} was never told that bob${s} refuses her`);
  const due = dueToXmpp(world, s, x);
  if (!due.some((one) => looksLike(one, seen)))
    world.complain(`alice${x} sees bob${s} as ${sayTold(seen)}, not as ${due.map(sayTold).join(" or ")}`);
}

// ---- dialogs

/** Each dialog has its other end, and the engine has no others. */
function checkLegs(world: World): void {
  const { translator, engine } = world.program;
  let known = 0;
  eachPair((s, x) => {
    const watches = translator.find(xmppJid(x), `${sipName(s)}@${PARTNER}`)?.watches;
    const sip = watches?.sip?.dialogs.length ?? 0;
    const xmpp = watches?.xmpp?.dialogs.length ?? 0;
    known += sip + xmpp;
    const theirs = world.watchers.dialogsOf(s, x).length;
    const ours = world.presentities.dialogsOf(s, x).length;
    if (sip !== theirs)
      world.complain(`bob${s} watches alice${x} in ${theirs} dialogs, the program has ${sip}`);
    if (xmpp !== ours)
      world.complain(`alice${x} watches bob${s} in ${ours} dialogs, the program has ${xmpp}`);
  });
  const { dialogs } = engine.counts;
  if (dialogs !== known) world.complain(`${dialogs} dialogs, of which watches have ${known}`);
}

function eachPair(act: (s: number, x: number) => void): void {
  for (let s = 0; s < USERS.sip; s++) for (let x = 0; x < USERS.xmpp; x++) act(s, x);
}
