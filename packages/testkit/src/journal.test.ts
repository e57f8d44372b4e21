import { describe, expect, it } from "vitest";
import { Journal } from "./journal.ts";

describe("Journal", () => {
  it("answers each wait with the oldest entry that no other wait took", async () => {
    const journal = new Journal<string>(String);
    journal.add("a1");
    journal.add("b1");
    journal.add("a2");
    const startsWithA = (entry: string) => entry.startsWith("a");
    expect(await journal.waitFor(startsWithA, { what: "an a" })).toBe("a1");
    expect(await journal.waitFor(startsWithA, { what: "an a" })).toBe("a2");
    const third = journal.waitFor(startsWithA, { what: "an a" });
    journal.add("b2");
    journal.add("a3");
    expect(await third).toBe("a3");
    expect(journal.entries).toEqual(["a1", "b1", "a2", "b2", "a3"]);
  });

  it("tells what was seen instead", async () => {
    const journal = new Journal<string>((entry) => `<${entry}>`);
    await expect(journal.waitFor(() => true, { what: "a NOTIFY", timeoutMs: 5 })).rejects.toThrow(
      "waited 0.005 s for a NOTIFY; nothing was seen",
    );
    journal.add("SUBSCRIBE");
    journal.add("200");
    await expect(journal.waitFor(() => false, { what: "a NOTIFY", timeoutMs: 5 })).rejects.toThrow(
      "waited 0.005 s for a NOTIFY; last seen:\n  <SUBSCRIBE>\n  <200>",
    );
  });

  it("fails pending and later waits once its party has gone", async () => {
    const journal = new Journal<string>(String);
    const pending = journal.waitFor(() => true, { what: "x" });
    journal.end("connection closed");
    await expect(pending).rejects.toThrow("connection closed");
    await expect(journal.waitFor(() => true, { what: "y" })).rejects.toThrow("connection closed; wanted y");
  });

  it("expectNone fails when the entry comes", async () => {
    const journal = new Journal<string>(String);
    await journal.expectNone(() => true, { what: "entry", ms: 5 });
    const check = journal.expectNone((entry) => entry === "x", { what: "x", ms: 1000 });
    journal.add("x");
    await expect(check).rejects.toThrow("unexpected x: x");
  });
});
