import { describe, expect, it } from "vitest";
import { INVITE_CLIENT, INVITE_CLIENT_START } from "./invite-client.ts";
import { INVITE_SERVER, INVITE_SERVER_START } from "./invite-server.ts";
import { NON_INVITE_CLIENT, NON_INVITE_CLIENT_START } from "./non-invite-client.ts";
import { NON_INVITE_SERVER, NON_INVITE_SERVER_START } from "./non-invite-server.ts";
import { NEVER, type Step } from "./step.ts";

type Table = Readonly<Record<string, Readonly<Record<string, Step<string, string>>>>>;

const TABLES: Readonly<Record<string, { table: Table; start: string; first: string }>> = {
  "INVITE client": { table: INVITE_CLIENT, start: INVITE_CLIENT_START, first: "timer-b" },
  "non-INVITE client": { table: NON_INVITE_CLIENT, start: NON_INVITE_CLIENT_START, first: "timer-f" },
  "INVITE server": { table: INVITE_SERVER, start: INVITE_SERVER_START, first: "timer-trying" },
  "non-INVITE server": { table: NON_INVITE_SERVER, start: NON_INVITE_SERVER_START, first: "timer-trying" },
};

/** Every cell that changes something or says why not, as `state event -> next: actions`. */
function written(table: Table): string[] {
  const out: string[] = [];
  for (const [state, cells] of Object.entries(table)) {
    for (const [event, { next, actions, ref }] of Object.entries(cells)) {
      if (ref === NEVER) continue;
      out.push(`${state} ${event} -> ${next}${actions.length > 0 ? `: ${actions.join(" ")}` : ""}`);
    }
  }
  return out;
}

describe.each(Object.entries(TABLES))("%s transaction table", (_, { table, start, first }) => {
  const cells = Object.entries(table).flatMap(([state, row]) =>
    Object.entries(row).map(([event, cell]) => ({ state, event, cell })),
  );

  it("reaches every state from the first", () => {
    const reached = new Set([start]);
    for (let grown = true; grown; ) {
      grown = false;
      for (const { state, cell } of cells) {
        if (!reached.has(state) || reached.has(cell.next)) continue;
        reached.add(cell.next);
        grown = true;
      }
    }
    expect([...reached].sort()).toEqual(Object.keys(table).sort());
  });

  it("does nothing once terminated", () => {
    for (const cell of Object.values(table.terminated!)) {
      expect(cell).toEqual({ next: "terminated", actions: [], ref: NEVER });
    }
  });

  it("takes every timer that it arms", () => {
    expect(table[start]![first]!.ref).not.toBe(NEVER);
    for (const { cell } of cells) {
      for (const action of cell.actions.filter((name) => name.startsWith("arm-"))) {
        expect(table[cell.next]![action.replace("arm-", "timer-")]!.ref).not.toBe(NEVER);
      }
    }
  });

  it("cites a rule in every cell that can happen, and absorbs in all others", () => {
    for (const { state, cell } of cells) {
      if (cell.ref === NEVER) expect(cell).toEqual({ next: state, actions: [], ref: NEVER });
      else expect(cell.ref).toMatch(/^RFC \d+ \d/);
    }
  });
});

describe("what the tables say", () => {
  it("INVITE client", () => {
    expect(written(INVITE_CLIENT)).toEqual([
      "calling provisional -> proceeding: stop-timer pass-up",
      "calling success -> accepted: pass-up arm-m",
      "calling failure -> completed: pass-up send-ack arm-d",
      "calling timer-b -> terminated: report-timeout",
      "calling transport-error -> terminated: report-transport-error",
      "proceeding provisional -> proceeding: pass-up",
      "proceeding success -> accepted: pass-up arm-m",
      "proceeding failure -> completed: pass-up send-ack arm-d",
      "proceeding timer-cancel -> terminated: report-timeout",
      "proceeding transport-error -> terminated: report-transport-error",
      "accepted provisional -> accepted",
      "accepted success -> accepted: pass-up",
      "accepted failure -> accepted",
      "accepted timer-m -> terminated",
      "accepted transport-error -> accepted",
      "completed provisional -> completed",
      "completed success -> completed",
      "completed failure -> completed: send-ack",
      "completed timer-d -> terminated",
      "completed transport-error -> terminated",
    ]);
  });

  it("non-INVITE client", () => {
    expect(written(NON_INVITE_CLIENT)).toEqual([
      "trying provisional -> proceeding: pass-up",
      "trying final -> completed: pass-up arm-k",
      "trying timer-f -> terminated: report-timeout",
      "trying transport-error -> terminated: report-transport-error",
      "proceeding provisional -> proceeding: pass-up",
      "proceeding final -> completed: pass-up arm-k",
      "proceeding timer-f -> terminated: report-timeout",
      "proceeding transport-error -> terminated: report-transport-error",
      "completed provisional -> completed",
      "completed final -> completed",
      "completed timer-k -> terminated",
      "completed transport-error -> completed",
    ]);
  });

  it("INVITE server", () => {
    expect(written(INVITE_SERVER)).toEqual([
      "proceeding request -> proceeding: send-again",
      "proceeding ack -> proceeding",
      "proceeding provisional -> proceeding: stop-timer send",
      "proceeding success -> accepted: send arm-l",
      "proceeding failure -> completed: send arm-h",
      "proceeding timer-trying -> proceeding: send-trying",
      "proceeding transport-error -> proceeding",
      "accepted request -> accepted",
      "accepted ack -> accepted: pass-ack-up",
      "accepted provisional -> accepted",
      "accepted success -> accepted: send",
      "accepted failure -> accepted",
      "accepted timer-l -> terminated",
      "accepted transport-error -> accepted",
      "completed request -> completed: send-again",
      "completed ack -> confirmed: arm-i",
      "completed provisional -> completed",
      "completed success -> completed",
      "completed failure -> completed",
      "completed timer-h -> terminated",
      "completed transport-error -> completed",
      "confirmed request -> confirmed",
      "confirmed ack -> confirmed",
      "confirmed provisional -> confirmed",
      "confirmed success -> confirmed",
      "confirmed failure -> confirmed",
      "confirmed timer-i -> terminated",
      "confirmed transport-error -> confirmed",
    ]);
  });

  it("non-INVITE server", () => {
    expect(written(NON_INVITE_SERVER)).toEqual([
      "trying request -> trying",
      "trying provisional -> proceeding: send arm-late",
      "trying final -> completed: send arm-j",
      "trying timer-trying -> proceeding: send-trying arm-late",
      "trying transport-error -> trying",
      "proceeding request -> proceeding: send-again",
      "proceeding provisional -> proceeding",
      "proceeding final -> completed: send arm-j",
      "proceeding timer-late -> terminated: report-too-late",
      "proceeding transport-error -> proceeding",
      "completed request -> completed: send-again",
      "completed provisional -> completed",
      "completed final -> completed",
      "completed timer-j -> terminated",
      "completed transport-error -> terminated",
    ]);
  });
});
