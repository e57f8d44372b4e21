import { expect, test } from "vitest";
import { MAX_REMEMBERED_DECISIONS, Recollection } from "./recollection.ts";

const BASE = { side: "outside", partner: "contoso.example", direction: "in" } as const;
const LINE = {
  ...BASE,
  kind: "connection",
  remote: "192.0.2.1",
  protocol: "TLSv1.3",
  legacy: false,
} as const;

test("refusals are kept newest first, the oldest go at the bound", () => {
  const kept = new Recollection(() => Date.UTC(2026, 0, 1));
  for (let at = 0; at <= MAX_REMEMBERED_DECISIONS; at++) {
    kept.noteEdge({ ...BASE, kind: "decision", gate: "edge", decision: "deny", reason: `r${at}` });
    if (at === MAX_REMEMBERED_DECISIONS - 1) expect(kept.decisions.at(-1)?.reason).toBe("r0");
  }
  expect(kept.decisions).toHaveLength(MAX_REMEMBERED_DECISIONS);
  expect(kept.decisions.at(-1)?.reason).toBe("r1");
  expect(kept.decisions[0]).toEqual({
    at: "2026-01-01T00:00:00.000Z",
    gate: "edge",
    decision: "deny",
    reason: `r${MAX_REMEMBERED_DECISIONS}`,
    partner: "contoso.example",
  });
});

test("what was let in is not, and a handshake is kept once, with its cure", () => {
  const kept = new Recollection(() => 0);
  kept.noteEdge({ ...BASE, kind: "decision", gate: "edge", decision: "allow", reason: "partner" });
  kept.noteEdge({ ...BASE, kind: "decision", gate: "tls", decision: "deny", reason: "expired" });
  const told = { remote: "192.0.2.1", detail: "CN=x", cure: "renew it" };
  kept.noteEdge({ ...BASE, kind: "handshake", outcome: "expired", ...told });
  expect(kept.decisions).toMatchObject([{ gate: "tls", reason: "expired", ...told }]);
});

test("connections are listed while they are open", () => {
  const kept = new Recollection(() => 0);
  kept.noteEdge({ ...LINE, state: "opened", why: "" });
  kept.noteEdge({ ...LINE, state: "opened", why: "", remote: "192.0.2.2" });
  kept.noteEdge({ ...LINE, state: "closed", why: "idle" });
  expect(kept.connections).toMatchObject([{ remote: "192.0.2.2", protocol: "TLSv1.3" }]);
});

test("a partner that cannot be reached has a reason until it can", () => {
  const kept = new Recollection(() => 0);
  const breaker = {
    kind: "breaker",
    partner: "contoso.example",
    pauseMs: 1000,
    detail: "ECONNREFUSED",
  } as const;
  kept.noteEdge({ ...breaker, state: "open", why: "refused" });
  expect(kept.troubleOf("contoso.example")).toMatchObject({ why: "refused", detail: "ECONNREFUSED" });
  kept.noteEdge({ ...breaker, state: "closed", why: "refused" });
  expect(kept.troubleOf("contoso.example")).toBeUndefined();
});
