import type { Direction } from "@tombolo/translator";
import { Ledger } from "@tombolo/translator";
import { expect, test } from "vitest";
import type { Log } from "../log/log.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { BooksWatch } from "./books-watch.ts";

const PARTNER = "contoso.example";

function watched() {
  const lines: Record<string, unknown>[] = [];
  const log = {
    error: (event: string, fields: object) => lines.push({ event, ...fields }),
  } as unknown as Log;
  const metrics = createMetrics([PARTNER], { processMetrics: false });
  const ledger = new Ledger();
  const counts: Record<Direction, number> = { sip_to_xmpp: 0, xmpp_to_sip: 0 };
  const books = new BooksWatch(metrics, log);
  books.watch({ ledger, countTexts: () => new Map([[PARTNER, counts]]) }, () => [PARTNER]);
  metrics.beforeShown = () => books.beforeShown();
  const sample = async (name: string) => {
    const text = await metrics.registry.getSingleMetricAsString(`tombolo_${name}`);
    return Number(/xmpp_to_sip".* (\d+)$/m.exec(text)?.[1]);
  };
  return { books, ledger, counts, lines, sample };
}

test("what is in flight is shown as it is held", async () => {
  const { books, ledger, counts, lines, sample } = watched();
  ledger.of(PARTNER).book("xmpp_to_sip", "accepted");
  ledger.of(PARTNER).hold("xmpp_to_sip", 1);
  counts.xmpp_to_sip = 1;
  expect(await sample("im_in_flight")).toBe(1);
  expect(books.read("xmpp_to_sip", PARTNER)).toEqual({
    ...{ accepted: 1, delivered: 0, bounced: 0, expired: 0, inFlight: 1 },
    balanced: true,
  });
  expect(lines).toEqual([]);
});

test("a text that nobody holds any more is found by the count, said once, and counted", async () => {
  const { books, ledger, counts, lines, sample } = watched();
  ledger.of(PARTNER).book("xmpp_to_sip", "accepted");
  ledger.of(PARTNER).hold("xmpp_to_sip", 1);
  await sample("im_in_flight");
  await sample("im_in_flight");
  const figures = { accepted: 1, delivered: 0, bounced: 0, expired: 0, inFlight: 1, counted: 0 };
  expect(lines).toEqual([
    { event: "conservation-broken", direction: "xmpp_to_sip", partner: PARTNER, ...figures },
  ]);
  expect(await sample("im_imbalances_total")).toBe(1);
  expect(books.read("xmpp_to_sip", PARTNER).balanced).toBe(false);
  counts.xmpp_to_sip = 1;
  await sample("im_in_flight");
  expect(books.read("xmpp_to_sip", PARTNER).balanced).toBe(true);
});

test("books that do not balance are an error with the figures, and the status says so", async () => {
  const { books, ledger, lines, sample } = watched();
  ledger.of(PARTNER).book("xmpp_to_sip", "accepted");
  for (const imbalance of ledger.takeImbalances()) books.broken(imbalance);
  expect(lines).toEqual([
    expect.objectContaining({ event: "conservation-broken", accepted: 1, delivered: 0, inFlight: 0 }),
  ]);
  expect(await sample("im_imbalances_total")).toBe(1);
  expect(books.read("xmpp_to_sip", PARTNER).balanced).toBe(false);
});
