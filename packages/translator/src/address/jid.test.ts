import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bareJid, formatJid, parseJid } from "./jid.ts";
import { MAX_PART_OCTETS } from "./localpart.ts";

describe("a JID", () => {
  it.each([
    ["alice@example.com/phone", { local: "alice", domain: "example.com", resource: "phone" }],
    ["ALICE@Example.COM.", { local: "alice", domain: "example.com", resource: "" }],
    ["example.com", { local: "", domain: "example.com", resource: "" }],
    ["a.example/b@c/d", { local: "", domain: "a.example", resource: "b@c/d" }],
    ["joe\\40corp@example.com", { local: "joe\\40corp", domain: "example.com", resource: "" }],
    ["a@xn--bcher-kva.example", { local: "a", domain: "b\u00fccher.example", resource: "" }],
    ["a@b/\u00a0x", { local: "a", domain: "b", resource: " x" }],
    ["a@b/\u{1f468}\u200d\u{1f4bb}", { local: "a", domain: "b", resource: "\u{1f468}\u200d\u{1f4bb}" }],
  ])("%s is read in its parts", (text, parts) => {
    expect(parseJid(text)).toEqual(parts);
  });

  it.each([
    "",
    "@example.com",
    "a@",
    "a@b@c",
    "a@b/",
    "a b@example.com",
    "a'b@example.com",
    "a@b/x\u0000y",
    "\ud800@example.com",
    "a@-b.example",
    "a@b..c",
  ])("%j is none", (text) => {
    expect(parseJid(text)).toBeUndefined();
  });

  it("has one bare form for all its spellings", () => {
    const spellings = ["Stra\u00dfe@B\u00fccher.example", "STRA\u00dfE@xn--bcher-kva.example/x"];
    expect(new Set(spellings.map(bareJid))).toEqual(new Set(["stra\u00dfe@b\u00fccher.example"]));
    expect(bareJid("no one@example.com")).toBeUndefined();
  });

  it("is read the same where it is plainly written and where it is not", () => {
    const text = (alphabet: string) =>
      fc.string({ unit: fc.constantFrom(...alphabet), minLength: 0, maxLength: 8 });
    const parts = fc.tuple(text("a0._-A\\ "), text("b1.-x"), text("c2 ~/@'-"));
    fc.assert(
      fc.property(parts, ([local, domain, resource]) => {
        const read = (host: string) => parseJid(`${local}@${host}${resource && `/${resource}`}`);
        expect(read(domain)).toEqual(read(domain.toUpperCase()));
        expect(read(`${domain}z`)).toEqual(read(`${domain}Z`));
      }),
      { numRuns: 2_000 },
    );
  });

  it("is written as it was read", () => {
    for (const text of ["alice@example.com/phone", "alice@example.com", "example.com", "example.com/x"]) {
      expect(formatJid(parseJid(text)!)).toBe(text);
    }
  });

  it("holds 1023 octets of resource and no more", () => {
    expect(parseJid(`a@b/${"r".repeat(MAX_PART_OCTETS)}`)).toBeDefined();
    expect(parseJid(`a@b/${"r".repeat(MAX_PART_OCTETS + 1)}`)).toBeUndefined();
    expect(parseJid(`a@b/${"\u00fc".repeat(512)}`)).toBeUndefined();
  });
});
