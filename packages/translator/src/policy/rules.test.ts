import { describe, expect, it } from "vitest";
import { MAX_RULES, parsePeer, RuleBook } from "./rules.ts";

const ALICE = "alice@example.com";
const BOB = "bob@contoso.example";

function rule(peer: string, action: "allow" | "block" = "block", user = ALICE) {
  return { user, peer, action, source: "test" };
}

describe("rules", () => {
  it("for a person go before one for their domain, and are a user's own", () => {
    const book = new RuleBook();
    book.set(rule("contoso.example", "block"));
    book.set(rule(BOB, "allow"));
    expect(book.find(ALICE, BOB)?.action).toBe("allow");
    expect(book.find(ALICE, "carol@contoso.example")?.action).toBe("block");
    expect(book.find(ALICE, "carol@sub.contoso.example")).toBeUndefined();
    expect(book.find("dave@example.com", BOB)).toBeUndefined();
    expect(book.remove(ALICE, BOB)).toBe(true);
    expect(book.remove(ALICE, BOB)).toBe(false);
    expect(book.find(ALICE, BOB)?.action).toBe("block");
  });

  it("are so many at most over all users: then old ones may change, and a new one needs one to go", () => {
    const book = new RuleBook();
    for (let n = 0; n < MAX_RULES - 1; n++) book.set(rule(BOB, "block", `user${n}@example.com`));
    expect(book.set(rule(BOB))).toBe(true);
    expect(book.set(rule("carol@contoso.example"))).toBe(false);
    expect(book.set(rule(BOB, "block", "new@example.com"))).toBe(false);
    expect(book.find("new@example.com", BOB)).toBeUndefined();
    expect(book.set(rule(BOB, "allow"))).toBe(true);
    expect([book.size, [...book.all()].length]).toEqual([MAX_RULES, MAX_RULES]);
    book.remove("user7@example.com", BOB);
    expect(book.set(rule("carol@contoso.example"))).toBe(true);
    expect(book.set(rule("dave@contoso.example"))).toBe(false);
  });

  it.each([
    ["sip:Bob@Contoso.example", BOB],
    ["sips:bob@contoso.example", undefined],
    [" Bob@contoso.example ", BOB],
    ["Contoso.example", "contoso.example"],
    ["bob@contoso.example/desk", undefined],
    ["@contoso.example", undefined],
    ["not a domain", undefined],
  ])("name a peer however it is written: %s", (text, peer) => {
    expect(parsePeer(text)).toBe(peer);
  });
});
