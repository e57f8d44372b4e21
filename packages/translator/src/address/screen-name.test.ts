import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bareJid } from "./jid.ts";
import { type EmailScreenNames, jidToPartnerUri, partnerUriToJid, withScreenName } from "./screen-name.ts";

const AT = "aol.example";
const toJid = (user: string, names: EmailScreenNames) => {
  const mapped = partnerUriToJid(`sip:${user}@${AT}`, names);
  return mapped.ok ? mapped.local : `${mapped.status} ${mapped.why}`;
};
const toUri = (local: string, names: EmailScreenNames) => {
  const mapped = jidToPartnerUri(`${local}@${AT}`, names);
  return mapped.ok ? mapped.uri.slice("sip:".length, -AT.length - 1) : mapped.why;
};

describe("AOL-06: e-mail screen names, translated", () => {
  it.each([
    ["user(gmail.com)", "user\\40gmail.com"],
    ["first.last(mail.example.org)", "first.last\\40mail.example.org"],
    ["o'malley(gmail.com)", "o\\27malley\\40gmail.com"],
    ["x/y(gmail.com)", "x\\2fy\\40gmail.com"],
    ["user(b%C3%BCcher.example)", "user\\40b\u00fccher.example"],
  ])("%s is %s and comes back", (user, local) => {
    expect(toJid(user, "translate")).toBe(local);
    expect(toUri(local, "translate")).toBe(user);
  });

  it("are one user in any case and width", () => {
    for (const user of ["User(GMail.Com)", "user%EF%BC%88gmail.com%EF%BC%89", "%EF%BD%95ser(gmail.com)"]) {
      expect(toJid(user, "translate")).toBe("user\\40gmail.com");
    }
  });

  it("may be written by a person in either form", () => {
    for (const jid of [`user(gmail.com)@${AT}`, `user\\40gmail.com@${AT}`]) {
      expect(withScreenName(jid, "translate")).toBe(`user\\40gmail.com@${AT}`);
      expect(withScreenName(jid, "refuse")).toBe(jid);
    }
    expect(withScreenName(`bob@${AT}`, "translate")).toBe(`bob@${AT}`);
  });

  it("have no second address on either side", () => {
    expect(toJid("user%40gmail.com", "translate")).toBe("404 screen-name");
    expect(toUri("user(gmail.com)", "translate")).toBe("not-canonical");
  });

  it.each([
    ["user(home)", "user(home)"],
    ["(gmail.com)", "(gmail.com)"],
    ["user(gmail.com)x", "user(gmail.com)x"],
    ["user(a)(gmail.com)", "user(a)(gmail.com)"],
    ["user(-.com)", "user(-.com)"],
    ["user%40home", "user\\40home"],
    ["a%40b%40gmail.com", "a\\40b\\40gmail.com"],
    ["bob", "bob"],
  ])("%s is none and stays %s whatever the rule", (user, local) => {
    for (const names of ["plain", "refuse", "translate"] as const) {
      expect(toJid(user, names)).toBe(local);
      expect(toUri(local, names)).toBe(user);
    }
  });
});

describe("AOL-07: e-mail screen names, refused", () => {
  it.each(["user(gmail.com)", "User(GMAIL.com)", "user%40gmail.com"])("%s: 404", (user) => {
    expect(toJid(user, "refuse")).toBe("404 screen-name");
  });

  it.each(["user(gmail.com)", "user\\40gmail.com"])("%s has no SIP URI", (local) => {
    expect(toUri(local, "refuse")).toBe("screen-name");
  });

  it("not at other partners, where brackets are just characters", () => {
    expect(toJid("user(gmail.com)", "plain")).toBe("user(gmail.com)");
    expect(toUri("user\\40gmail.com", "plain")).toBe("user%40gmail.com");
  });
});

describe("under each rule", () => {
  const piece = fc.constantFrom(
    ..."( ) @ . a B gmail.com (gmail.com) @gmail.com user \\ 40 \\40 x.y (x.y) \uff08 \uff09 \uff20 \u00df \u0130 &".split(
      " ",
    ),
  );
  const user = fc.array(piece, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
  const rule = fc.constantFrom<EmailScreenNames>("plain", "refuse", "translate");

  it("what SIP shows XMPP comes back as the same user", () => {
    fc.assert(
      fc.property(user, rule, (text, names) => {
        const first = partnerUriToJid(`sip:${encodeURIComponent(text)}@${AT}`, names);
        if (!first.ok) return;
        const back = jidToPartnerUri(first.jid, names);
        expect(back.ok && partnerUriToJid(back.uri, names)).toEqual(first);
      }),
      { numRuns: 3_000 },
    );
  });

  it("the SIP URI of a JID leads back to it, so no two JIDs have the same", () => {
    fc.assert(
      fc.property(user, rule, (text, names) => {
        const jid = `${text.replace(/[@/]/g, "\\40")}@${AT}`;
        const there = jidToPartnerUri(jid, names);
        if (!there.ok) return;
        expect(partnerUriToJid(there.uri, names)).toMatchObject({ ok: true, jid: bareJid(jid) });
      }),
      { numRuns: 3_000 },
    );
  });
});
