import { describe, expect, it } from "vitest";
import type { Federation } from "./federation.ts";
import { Sightings } from "./sightings.ts";
import { simulate } from "./simulation.ts";
import { TextBook } from "./text-book.ts";

const SEED = 1;

/** What a federation is accused of that something is wrong with. */
function accused(meddle: (federation: Federation) => void): string {
  return simulate(SEED, 600, undefined, meddle).complaints.join("\n");
}

describe("a simulation", () => {
  it("is the same each time", () => {
    expect(simulate(SEED, 600)).toEqual(simulate(SEED, 600));
  });

  it("finds a text that is called delivered and that nobody sees", () => {
    const complaints = accused(({ texts }) => {
      const see = texts.see.bind(texts);
      texts.see = (serial, where) => serial % 100 !== 50 && see(serial, where);
    });
    expect(complaints).toMatch(/2xx, nobody saw it/);
  });

  it("finds an error that its sender never gets", () => {
    const complaints = accused(({ texts }) => {
      texts.see = () => {};
      texts.tellXmppError = () => {};
    });
    expect(complaints).toMatch(/nobody saw it, its sender \(XMPP\) was never told/);
  });

  it("finds a watcher who is not told", () => {
    const complaints = accused(({ sightings }) => {
      const bySip = sightings.bySip.bind(sightings);
      sightings.bySip = (s, x, shown) => (s + x) % 2 === 0 && bySip(s, x, shown);
    });
    expect(complaints).toMatch(/bob\d+ sees alice\d+ as nobody there, not as p\d/);
  });

  it("finds what is left over", () => {
    const complaints = accused((federation) => {
      federation.talks.hangUpAll = () => {};
      federation.server.unwatch = () => {};
    });
    expect(complaints).toMatch(/left over: pairs: \d+/);
  });
});

describe("the book of texts", () => {
  it.each<[name: string, story: (book: TextBook) => void, complaint: RegExp]>([
    [
      "seen twice",
      (book) => {
        book.see(book.write("sip", 1), "here");
        book.see(0, "there");
      },
      /text 0 seen twice, the second time there/,
    ],
    [
      "out of order",
      (book) => {
        book.write("xmpp", 1);
        book.see(book.write("xmpp", 1), "");
        book.see(0, "");
      },
      /text 0 seen after 1/,
    ],
    [
      "refused and seen",
      (book) => {
        book.see(book.write("sip", 1), "");
        book.tellError(0, false);
      },
      /seen, though its sender was told that it was not delivered/,
    ],
    ["no answer at all", (book) => book.see(book.write("sip", 1), ""), /sender \(SIP\) was never told; seen/],
    [
      "answered and called failed",
      (book) => {
        book.see(book.write("xmpp", 1), "");
        book.answered(0);
        book.tellXmppError(0, 1);
      },
      /answered with 2xx, and its sender got an error/,
    ],
    [
      "told twice on one stream",
      (book) => {
        book.tellXmppError(book.write("xmpp", 1), 1);
        book.tellXmppError(0, 1);
      },
      /its sender was told twice/,
    ],
    [
      "changed on the way",
      (book) => void book.serialOf(`${TextBook.textOf(book.write("sip", 1))}!`),
      /arrived as/,
    ],
  ])("complains of a text that is %s", (_, story, complaint) => {
    const book = new TextBook(8);
    story(book);
    book.check();
    expect(book.complaints.join("\n")).toMatch(complaint);
  });

  it("says nothing of one that is seen and answered, refused, or doubtful and seen", () => {
    const book = new TextBook(8);
    book.see(book.write("sip", 1), "");
    book.tellGood(0);
    book.tellError(book.write("sip", 1), false);
    book.see(book.write("sip", 1), "");
    book.tellError(2, true);
    book.tellXmppError(book.write("xmpp", 1), 1);
    book.tellXmppError(3, 2);
    book.check();
    expect(book.complaints).toEqual([]);
  });
});

describe("presence that was meant for somebody else", () => {
  it("is a leak", () => {
    const complaints: string[] = [];
    const sightings = new Sightings((what) => complaints.push(what));
    for (const [s, x] of [
      [1, 2],
      [3, 4],
    ] as const)
      sightings.permit(s, x);
    sightings.bySip(1, 2, sightings.showXmpp(1, 2, true));
    sightings.byXmpp(3, 4, sightings.showSip(3, 5, true));
    expect(complaints).toEqual([
      expect.stringMatching(/^presence leaked: alice4 about bob3 was told q3\.5\./),
    ]);
  });
});
