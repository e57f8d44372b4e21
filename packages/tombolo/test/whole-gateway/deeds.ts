import type { Deed } from "./moves.ts";
import type { World } from "./world.ts";

/** Longer than a refusal is remembered, ms. */
const A_DAY = 25 * 3_600_000;

type Named<D, K> = D extends { readonly do: infer N } ? (K extends N ? D : never) : never;
type Acts = { readonly [K in Deed["do"]]: (world: World, deed: Named<Deed, K>) => void };

/** What each deed does. */
const ACTS: Acts = {
  // SIP users watch, each at two devices.
  watch: ({ watchers }, { s, x, place, expires }) => watchers.subscribe(s, x, place, expires),
  refresh: ({ watchers }, { s, x, place }) => watchers.refresh(s, x, place),
  unwatch: ({ watchers }, { s, x, place }) => watchers.unsubscribe(s, x, place),
  abandon: ({ watchers }, { s, x, place }) => watchers.abandon(s, x, place),
  fetch: ({ watchers }, { s, x }) => watchers.fetch(s, x),
  // XMPP users watch, decide and show.
  subscribe: ({ xmpp }, { s, x }) => xmpp.subscribe(s, x),
  unsubscribe: ({ xmpp }, { s, x }) => xmpp.unsubscribe(s, x),
  accept: ({ xmpp }, { s, x }) => xmpp.accept(s, x),
  refuse: ({ xmpp }, { s, x }) => xmpp.refuse(s, x),
  probe: ({ xmpp }, { s, x }) => xmpp.probe(s, x),
  "log-in": ({ xmpp }, { x, at }) => xmpp.logIn(x, at),
  "log-out": ({ xmpp }, { x, at }) => xmpp.logOut(x, at),
  show: ({ xmpp }, { x, at, show }) => xmpp.change(x, at, show),
  // SIP users show and decide.
  change: ({ presentities }, { s, isOpen }) => presentities.change(s, isOpen),
  decide: ({ presentities }, { s, x, attitude }) => presentities.decide(s, x, attitude),
  end: ({ presentities }, { s, x, reason }) => presentities.endAll(s, x, reason),
  benotify: ({ presentities }, { s, x }) => presentities.tellUnasked(s, x),
  publish: (world, { s, what }) => {
    if (world.scene.profile === "simple")
      world.publishers.publish(s, what === "nothing" ? undefined : what === "open");
  },
  rule: (world, { s, x, action }) => world.rule(s, x, action === "none" ? undefined : action),
  // How the partner meets what comes next.
  "meet-subscribe": ({ fates }, { fate }) => fates.plan({ subscribe: fate }),
  "meet-notify": ({ fates }, { fate }) => fates.plan({ notify: fate }),
  // Wires, servers and the program.
  cut: (world) => world.cut((line) => line.break("reset")),
  swallow: (world) => world.cut((line) => line.swallow(40_000, 20_000)),
  "hang-up": ({ stack }) => stack.hangUp(),
  unreachable: (world, { ms }) => world.partnerGoes(ms),
  "partner-restarts": (world) => {
    world.stack.restart(false);
    world.partnerGoes(1_000);
    for (const part of [world.watchers, world.presentities, world.publishers]) part.restart();
  },
  "link-breaks": ({ link }) => link.break("connection reset"),
  "link-swallows": ({ link }) => link.swallow(),
  "server-restarts": ({ xmpp, agenda }, { ms }) => {
    if (!xmpp.isUp) return;
    xmpp.stop();
    agenda.in(ms, () => xmpp.start());
  },
  kill: (world, { ms }) => world.kill(ms, false),
  "lose-memory": (world) => world.kill(1_000, true),
  stop: (world, { ms }) => world.stop(ms),
  sleep: ({ program }, { ms }) => {
    if (program.isAwake) program.freeze(ms);
  },
  "day-passes": (world) => world.runFor(A_DAY),
  rest: (world) => world.rest(),
  wait: () => {},
};

export function act<K extends Deed["do"]>(world: World, deed: Deed & { readonly do: K }): void {
  const does = ACTS[deed.do] as (world: World, deed: Deed) => void;
  does(world, deed);
}
