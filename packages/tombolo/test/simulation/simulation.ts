import { Chance } from "./chance.ts";
import { Federation, START_MS, type Trace } from "./federation.ts";
import { type Moods, moodsOf } from "./moods.ts";
import type { Shown } from "./sightings.ts";
import type { Tally } from "./text-book.ts";

/** What a seed led to. */
export interface Result {
  readonly seed: number;
  readonly complaints: readonly string[];
  readonly tally: Tally;
  readonly moods: Moods;
  readonly faults: number;
  readonly runs: number;
  readonly presenceChanges: number;
  /** ms */
  readonly virtualMs: number;
}

/** After the last text everything is whole, and so long passes until texts and presence are looked at, ms. */
const SETTLING = 130 * 60_000;
/** How long after a kill watchers may see what is old, ms. */
const A_MINUTE = 60_000;
/** After that nobody watches or talks, and so long passes until nothing may be left, ms: a refusal is kept for a day. */
const FORGETTING = 26 * 3_600_000;

/**
 * One seed: users write, type, watch and change their presence while everything fails; then all is mended, and the books
 * have to be right.
 *
 * @param texts how many are written.
 * @param meddle has its way with the federation before it begins.
 */
export function simulate(
  seed: number,
  texts: number,
  trace?: (line: string) => void,
  meddle?: (federation: Federation) => void,
): Result {
  const chance = new Chance(seed);
  const moods = moodsOf(chance);
  let federation: Federation | undefined;
  const traced: Trace | undefined = trace && ((line) => trace(`${federation?.time() ?? ""} ${line()}`));
  federation = new Federation(chance, moods, texts, traced);
  meddle?.(federation);
  const run = new Run(federation, chance, moods, texts);
  run.traffic();
  run.settle();
  run.end();
  return {
    seed,
    complaints: federation.texts.complaints,
    tally: federation.texts.tally(),
    moods,
    faults: run.faults,
    runs: federation.runs,
    presenceChanges: federation.sightings.changes,
    virtualMs: federation.now - START_MS,
  };
}

/** One seed under way. */
class Run {
  faults = 0;
  private readonly federation: Federation;
  private readonly chance: Chance;
  private readonly moods: Moods;
  private left: number;
  private isOver = false;

  constructor(federation: Federation, chance: Chance, moods: Moods, texts: number) {
    this.federation = federation;
    this.chance = chance;
    this.moods = moods;
    this.left = texts;
  }

  // ---- while users are there

  traffic(): void {
    const { federation, moods, chance } = this;
    this.eachPair((s, x) => {
      if (chance.of(moods.watching))
        federation.agenda.in(chance.between(0, 30_000), () => federation.presence.watch(s, x));
      if (chance.of(moods.watching))
        federation.agenda.in(chance.between(0, 30_000), () => federation.server.watch(s, x));
      federation.sightings.showSip(s, x, true);
      federation.sightings.showXmpp(s, x, true);
    });
    this.every(moods.textEvery, () => this.write());
    this.every(moods.presenceEvery, () => this.changePresence());
    this.every(moods.typingEvery, () => this.type());
    this.every(moods.faultEvery, () => this.fault());
    while (this.left > 0) federation.runTo(federation.now + 1_000);
    this.isOver = true;
  }

  /** Again and again, with pauses of that mean. */
  private every(mean: number, act: () => void): void {
    if (mean === Number.POSITIVE_INFINITY) return;
    const { agenda } = this.federation;
    agenda.in(this.chance.between(0, 2 * mean), () => {
      if (this.isOver) return;
      act();
      this.every(mean, act);
    });
  }

  private write(burst = 1): void {
    const { federation, chance } = this;
    // Most users wait until it works again.
    if (!federation.works && chance.of(0.9)) return;
    const [s, x] = [this.someSip(), this.someXmpp()];
    const isFromSip = chance.of(0.5) || !federation.server.users[x]!.isOnline;
    for (let i = 0; i < burst && this.left > 0; i++) {
      this.left -= 1;
      const serial = federation.texts.write(isFromSip ? "sip" : "xmpp", s * 1000 + x);
      if (isFromSip) federation.talks.write(s, x, serial);
      else federation.server.write(s, x, serial);
    }
  }

  private type(): void {
    const { federation } = this;
    if (this.chance.of(0.5)) federation.talks.type(this.someSip(), this.someXmpp());
    else federation.server.type(this.someSip(), this.someXmpp());
  }

  private changePresence(): void {
    const { federation, chance } = this;
    const { server, presence } = federation;
    const [s, x] = [this.someSip(), this.someXmpp()];
    switch (
      chance.weighted({
        xmpp: 30,
        sip: 30,
        logOut: 3,
        logIn: 6,
        watch: 2,
        unwatch: 2,
        revoke: 1,
        grant: 1,
        hangUp: 4,
        rule: 2,
      })
    ) {
      case "xmpp":
        server.change(x);
        break;
      case "sip":
        this.changeSip(s);
        break;
      case "logOut":
        server.logOut(x);
        break;
      case "logIn":
        for (const user of server.users) if (!user.isOnline && chance.of(0.5)) server.logIn(user.x);
        break;
      case "watch":
        if (chance.of(0.5)) presence.watch(s, x);
        else server.watch(s, x);
        break;
      case "unwatch":
        if (chance.of(0.5)) presence.unwatch(s, x);
        else server.unwatch(s, x);
        break;
      case "revoke":
        server.revoke(s, x);
        break;
      case "grant":
        if (federation.attitudeOfXmpp(s, x) === "grant") server.grant(s, x);
        break;
      case "hangUp":
        federation.talks.hangUp(s, x);
        break;
      case "rule":
        federation.rule(s, x, chance.pick(["allow", "block", undefined]));
        break;
    }
  }

  private changeSip(s: number): void {
    const { federation, chance, moods } = this;
    const isOpen = chance.of(0.8);
    for (let x = 0; x < moods.xmppUsers; x++) {
      federation.sightings.showSip(s, x, isOpen);
      federation.presence.changed(s, x);
    }
  }

  private fault(): void {
    const { federation, chance } = this;
    this.faults += 1;
    switch (
      chance.weighted({
        breakSip: 12,
        swallowSip: 5,
        hangUp: 3,
        partnerGoes: 5,
        restartPartner: 4,
        breakLink: 8,
        swallowLink: 4,
        restartServer: 3,
        crash: 4,
        stop: 2,
        freeze: 3,
        burst: 6,
      })
    ) {
      case "breakSip":
        federation.breakSipLine();
        break;
      case "swallowSip":
        federation.swallowSipLine();
        break;
      case "hangUp":
        federation.hangUpPartner();
        break;
      case "partnerGoes":
        federation.partnerGoes(chance.mostlyLow(500, 180_000));
        break;
      case "restartPartner":
        federation.restartPartner(chance.mostlyLow(500, 60_000));
        break;
      case "breakLink":
        federation.breakLink();
        break;
      case "swallowLink":
        federation.swallowLink();
        break;
      case "restartServer":
        federation.restartServer(chance.mostlyLow(500, 120_000));
        break;
      case "crash":
        federation.crash(chance.mostlyLow(200, 60_000));
        break;
      case "stop":
        federation.stopProgram(chance.mostlyLow(200, 10_000));
        break;
      case "freeze":
        federation.freeze(chance.mostlyLow(1_000, 600_000));
        break;
      case "burst":
        this.write(20 + chance.below(180));
        break;
    }
  }

  // ---- when all is whole again

  /** Everything is mended; after a while every text has its fate and every watcher sees what is true. */
  settle(): void {
    const { federation } = this;
    // Whatever is broken mends itself within ten minutes: no fault lasts longer.
    federation.runTo(federation.now + 11 * 60_000);
    const { server } = federation;
    for (const { x, isOnline, contacts } of server.users) {
      if (!isOnline) server.logIn(x);
      // A question that was lost with the link is asked again by its user.
      contacts.forEach((contact, s) => {
        if (contact.isWanted && !contact.to) server.watch(s, x);
      });
    }
    federation.runTo(federation.now + SETTLING);
    federation.texts.check();
    if (federation.program.ledger.inFlight !== 0)
      federation.complain(`${federation.program.ledger.inFlight} texts in flight after a long silence`);
    this.checkWatchers();
    this.restart();
  }

  /** Watchers see what is true within a minute after a kill, whatever changed meanwhile (law 6). */
  private restart(): void {
    const { federation, moods } = this;
    federation.crash(8_000);
    federation.agenda.in(2_000, () => {
      for (let x = 0; x < moods.xmppUsers; x++) federation.server.change(x);
      for (let s = 0; s < moods.sipUsers; s++) this.changeSip(s);
    });
    federation.runTo(federation.now + 8_000 + A_MINUTE);
    this.checkWatchers();
  }

  private checkWatchers(): void {
    const { federation } = this;
    for (const who of federation.presence.unserved()) federation.complain(`${who} without success`);
    this.eachPair((s, x) => {
      this.checkSipWatcher(s, x);
      this.checkXmppWatcher(s, x);
    });
  }

  private checkSipWatcher(s: number, x: number): void {
    const { federation } = this;
    if (!federation.presence.isWatching(s, x)) return;
    const user = federation.server.users[x]!;
    const { from, isWordLost } = user.contacts[s]!;
    const maySee = from === "yes" && user.isOnline && !federation.isShutOut(s, x);
    // He may have heard it from her presence, or be still shut out.
    if (maySee && isWordLost) return;
    const due = maySee ? federation.sightings.shownByXmpp(s, x) : undefined;
    this.compare(`bob${s} sees alice${x}`, due, federation.sightings.seenBySip(s, x));
  }

  private checkXmppWatcher(s: number, x: number): void {
    const { federation } = this;
    const { isWanted, to } = federation.server.users[x]!.contacts[s]!;
    const attitude = federation.attitudeOfSip(s, x);
    if (!isWanted) return;
    const isLetIn = attitude === "grant" || attitude === "late";
    if (isLetIn && !to) {
      federation.complain(`alice${x} asked to see bob${s} and was never let in`);
      return;
    }
    const due = isLetIn ? federation.sightings.shownBySip(s, x) : undefined;
    this.compare(`alice${x} sees bob${s}`, due, federation.sightings.seenByXmpp(s, x));
  }

  private compare(what: string, due: Shown | undefined, seen: Shown | undefined): void {
    const wanted = due?.isOpen ? due.token : "nobody there";
    const got = seen?.isOpen ? seen.token : "nobody there";
    if (wanted !== got) this.federation.complain(`${what} as ${got}, not as ${wanted}`);
  }

  /** Everybody goes; after a day and a bit nothing is left of them. */
  end(): void {
    const { federation } = this;
    this.eachPair((s, x) => {
      federation.presence.unwatch(s, x);
      federation.server.unwatch(s, x);
    });
    federation.talks.hangUpAll();
    federation.runTo(federation.now + FORGETTING);
    for (const left of federation.program.leftovers()) federation.complain(`left over: ${left}`);
  }

  private eachPair(act: (s: number, x: number) => void): void {
    const { sipUsers, xmppUsers } = this.moods;
    for (let s = 0; s < sipUsers; s++) for (let x = 0; x < xmppUsers; x++) act(s, x);
  }

  private someSip(): number {
    return this.chance.below(this.moods.sipUsers);
  }

  private someXmpp(): number {
    return this.chance.below(this.moods.xmppUsers);
  }
}
