import { describe, expect, it } from "vitest";
import { ASKED_FOR_SOME } from "../src/reachability.ts";
import { Bed, BOB } from "./bed.ts";
import { notify, pidf, tuple } from "./watches.ts";

const WATCHES = 1000;

/** A thousand users watch bob. */
function watchedByMany(): Bed {
  const bed = new Bed();
  for (let n = 0; n < WATCHES; n++) {
    bed.presence("subscribe", "", `user${n}@example.com`);
    notify(bed, bed.outcome("SUBSCRIBE", 200)!, "active;expires=7200", pidf(tuple("open")));
  }
  // Dialogs so young are not replaced at once.
  bed.advance(60_000);
  bed.out();
  return bed;
}

function refreshes(bed: Bed): number {
  return bed.out().filter((line) => /^SUBSCRIBE d/.test(line)).length;
}

describe("bob's side", () => {
  it("hangs up and comes back: it is asked for a few watches, however often it does so", () => {
    const bed = watchedByMany();
    let asked = 0;
    for (let minute = 0; minute < 20; minute++) {
      bed.feed({ kind: "partner-back", partner: "contoso.example", hungUp: true });
      asked += refreshes(bed);
      while (bed.pending.length > 0) bed.outcome("SUBSCRIBE", 200, { headers: [["Expires", "7200"]] });
      bed.advance(60_000);
    }
    asked += refreshes(bed);
    expect(asked).toBe(20 * ASKED_FOR_SOME);
  });

  it("hangs up and has lost its memory: all are asked for, then made anew, 4,000 a second at most", () => {
    const bed = watchedByMany();
    const forgotten = new Set(bed.liveDialogs);
    bed.feed({ kind: "partner-back", partner: "contoso.example", hungUp: true });
    expect(refreshes(bed)).toBe(ASKED_FOR_SOME);
    bed.outcome("SUBSCRIBE", 481);
    bed.advance(0);
    const made = new Set<string>();
    for (let turn = 0; turn < 40; turn++) {
      expect(bed.pending.length).toBeLessThanOrEqual(2 * 200 + ASKED_FOR_SOME);
      for (const ref of bed.pendingRefs) {
        const command = bed.commandOf(ref);
        if (command.kind === "open") {
          made.add(command.from.uri);
          notify(bed, bed.outcome("SUBSCRIBE", 200, { ref })!, "active;expires=7200", pidf(tuple("open")));
        } else if (command.kind === "dialog-request")
          bed.outcome("SUBSCRIBE", forgotten.has(command.dialog) ? 481 : 200, { ref });
      }
      bed.advance(50);
    }
    expect(made.size).toBe(WATCHES);
    for (const legs of bed.translator.legs()) expect(legs.states.xmppWatcher).toBe("active");
  });

  it("broke its connections: all are asked for at once, and not again for ten minutes", () => {
    const bed = watchedByMany();
    let asked = 0;
    for (let second = 0; second < 590; second += 10) {
      bed.partnerBack();
      bed.advance(10_000);
      asked += refreshes(bed);
      while (bed.pending.length > 0) bed.outcome("SUBSCRIBE", 200, { headers: [["Expires", "7200"]] });
    }
    expect(asked).toBe(WATCHES);
    bed.advance(20_000);
    expect(refreshes(bed)).toBe(WATCHES);
  });

  it("was silent behind an edge of its own process: its first answer has all asked for", () => {
    const bed = new Bed();
    const dialogs: string[] = [];
    for (const who of ["alice", "carol", "dave", "eve"]) {
      bed.presence("subscribe", "", `${who}@example.com`, BOB);
      const dialog = bed.outcome("SUBSCRIBE", 200, { headers: [["Expires", "7200"]] })!;
      notify(bed, dialog, "active;expires=7200", pidf(tuple("open")));
      dialogs.push(dialog);
    }
    bed.feed({ kind: "partner-back", partner: "contoso.example", hungUp: true });
    for (let n = 0; n < ASKED_FOR_SOME; n++) bed.outcome("SUBSCRIBE", 504);
    bed.advance(30_000);
    bed.out();
    expect(bed.pending.length).toBeGreaterThan(0);
    bed.outcome("SUBSCRIBE", 200);
    bed.advance(0);
    expect(bed.out().filter((line) => line === `SUBSCRIBE ${dialogs[3]} expires=7200`)).toHaveLength(1);
  });
});
