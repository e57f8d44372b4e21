import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bareJid } from "./jid.ts";
import { escapeLocalpart, MAX_PART_OCTETS, unescapeLocalpart } from "./localpart.ts";
import { jidToSipUri, type SipUriMapping, sipUriToJid } from "./mapping.ts";

function refusal(mapping: SipUriMapping): string {
  return mapping.ok ? `mapped to ${mapping.jid}` : `${mapping.status} ${mapping.why}`;
}

describe("a SIP URI and its JID", () => {
  it.each([
    ["o'malley", "o\\27malley", "o'malley"],
    ["f%C3%BC", "f\u00fc", "f%C3%BC"],
    ["m&m", "m\\26m", "m&m"],
    [
      "here%27s_a_wild_%26_%2Fcr%25zy%2F_address",
      "here\\27s_a_wild_\\26_\\2fcr%zy\\2f_address",
      "here's_a_wild_&_/cr%25zy/_address",
    ],
    ["Alice.Smith", "alice.smith", "alice.smith"],
    ["joe%40corp", "joe\\40corp", "joe%40corp"],
    ["a%20b", "a\\20b", "a%20b"],
    ["c%3Ax", "c\\3ax", "c%3Ax"],
    ["%5C5commas", "\\5c5commas", "%5C5commas"],
    ["back%5C2Fslash", "back\\5c2fslash", "back%5C2fslash"],
    ["x%5Cy", "x\\y", "x%5Cy"],
    ["%EF%BC%A0home", "\\40home", "%40home"],
    ["%5C26", "\\5c26", "%5C26"],
    ["+15551234;ext=7", "+15551234;ext=7", "+15551234;ext=7"],
    ["STRA%C3%9FE", "stra\u00dfe", "stra%C3%9Fe"],
    ["carol(mail.example)", "carol(mail.example)", "carol(mail.example)"],
    ["%CE%91%CE%A3", "\u03b1\u03c2", "%CE%B1%CF%82"],
    ["%EF%BC%A1%EF%BD%B1", "a\u30a2", "a%E3%82%A2"],
    ["%E3%80%80", undefined, undefined],
    ["a%E3%80%80b", "a\\20b", "a%20b"],
  ])("sip:%s@... is %s@... and goes out as %s", (user, local, out) => {
    const there = sipUriToJid(`sip:${user}@Contoso.Example`);
    if (local === undefined) {
      expect(refusal(there)).toBe("404 characters");
      return;
    }
    expect(there).toMatchObject({ ok: true, local, jid: `${local}@contoso.example` });
    expect(jidToSipUri(`${local}@contoso.example`)).toEqual({ ok: true, uri: `sip:${out}@contoso.example` });
  });

  it.each([
    ["[x]^`{|}", "%5Bx%5D%5E%60%7B%7C%7D"],
    ["foo#bar", "foo%23bar"],
    ["a%b", "a%25b"],
    ["ALICE", "alice"],
  ])("%s@... goes out as sip:%s@... and comes back", (local, user) => {
    const uri = `sip:${user}@contoso.example`;
    expect(jidToSipUri(`${local}@contoso.example`)).toEqual({ ok: true, uri });
    expect(sipUriToJid(uri)).toMatchObject({ jid: `${local.toLowerCase()}@contoso.example` });
  });

  it.each([
    ["sips:bob@contoso.example", "480 sips"],
    ["tel:+15551234", "416 scheme"],
    ["pres:bob@contoso.example", "416 scheme"],
    ["bob@contoso.example", "416 scheme"],
    ["sip:contoso.example", "404 no-user"],
    ["sip:@contoso.example", "404 no-user"],
    ["sip:bob:secret@contoso.example", "404 password"],
    ["sip:b%4@contoso.example", "400 bad-percent"],
    ["sip:b%zz@contoso.example", "400 bad-percent"],
    ["sip:%FF@contoso.example", "404 not-utf8"],
    ["sip:%C0%AF@contoso.example", "404 not-utf8"],
    ["sip:%ED%A0%80@contoso.example", "404 not-utf8"],
    ["sip:a%00b@contoso.example", "404 characters"],
    ["sip:a%1Fb@contoso.example", "404 characters"],
    ["sip:a%7Fb@contoso.example", "404 characters"],
    ["sip:%20a@contoso.example", "404 characters"],
    ["sip:a%20@contoso.example", "404 characters"],
    ["sip:a%E2%80%AEb@contoso.example", "404 characters"],
    ["sip:a%EF%BF%A3@contoso.example", "404 characters"],
    ["sip:a%2F%CC%87@contoso.example", "404 characters"],
    ["sip:bob@[2001:db8::1]", "404 domain"],
    ["sip:bob@under_score.example", "404 domain"],
    ["sip:bob@contoso.example@evil.example", "400 not-a-uri"],
    ["sip:bob@", "400 not-a-uri"],
    ["sip:bo b@contoso.example", "400 not-a-uri"],
    ["sip:bob@contoso.example\r\nVia: x", "400 not-a-uri"],
    ["", "400 not-a-uri"],
  ])("%s is answered %s", (uri, expected) => {
    expect(refusal(sipUriToJid(uri))).toBe(expected);
  });

  it("tells of the missing end-to-end security when it refuses sips", () => {
    expect(sipUriToJid("SIPS:bob@contoso.example")).toMatchObject({ status: 480, warning: 380 });
  });

  it("needs neither port, parameters nor headers", () => {
    const uri = "SIP:Bob@CONTOSO.example:5061;transport=tls;user=phone?Subject=x";
    expect(sipUriToJid(uri)).toEqual({
      ok: true,
      jid: "bob@contoso.example",
      local: "bob",
      domain: "contoso.example",
    });
  });

  it("takes gr as the resource, cleaned of control characters", () => {
    const resource = (gr: string) => sipUriToJid(`sip:bob@contoso.example;gr=${gr}`);
    expect(resource("urn:uuid:f81d-a%20b")).toMatchObject({ resource: "urn:uuid:f81d-a b" });
    expect(resource("a%0D%0Ab")).toMatchObject({ resource: "ab" });
    expect(resource("%00")).not.toHaveProperty("resource");
    expect(resource("")).not.toHaveProperty("resource");
  });

  it("reads the entity of a document with other schemes or none", () => {
    for (const entity of ["pres:bob@contoso.example", "im:bob@contoso.example", "bob@contoso.example"]) {
      expect(sipUriToJid(entity, { entity: true })).toMatchObject({ jid: "bob@contoso.example" });
    }
    expect(refusal(sipUriToJid("tel:+1555", { entity: true }))).toBe("416 scheme");
  });

  it("uses A-labels on SIP and U-labels in JIDs", () => {
    expect(sipUriToJid("sip:bob@xn--bcher-kva.example")).toMatchObject({ jid: "bob@b\u00fccher.example" });
    expect(jidToSipUri("bob@B\u00dcCHER.example")).toEqual({
      ok: true,
      uri: "sip:bob@xn--bcher-kva.example",
    });
  });

  it("holds 1023 octets of localpart and no more", () => {
    const last = "a".repeat(MAX_PART_OCTETS);
    expect(sipUriToJid(`sip:${last}@contoso.example`).ok).toBe(true);
    expect(refusal(sipUriToJid(`sip:${last}a@contoso.example`))).toBe("414 too-long");
    expect(refusal(sipUriToJid(`sip:${"&".repeat(342)}@contoso.example`))).toBe("414 too-long");
    expect(jidToSipUri(`${last}@contoso.example`).ok).toBe(true);
    expect(jidToSipUri(`${last}a@contoso.example`)).toEqual({ ok: false, why: "malformed" });
  });

  it.each([
    ["x\\5cy@contoso.example", "not-canonical"],
    ["\\20a@contoso.example", "not-canonical"],
    ["a\\20@contoso.example", "not-canonical"],
    ["\\3c\u0338@contoso.example", "not-canonical"],
    ["contoso.example", "no-local"],
    ["a'b@contoso.example", "malformed"],
    ["@contoso.example", "malformed"],
    ["\uff20a@contoso.example", "malformed"],
  ])("%s has no SIP URI: %s", (jid, why) => {
    expect(jidToSipUri(jid)).toEqual({ ok: false, why });
  });

  it("remembers how the peer itself writes an address", () => {
    const remembered = (jid: string) =>
      jid === "bob@contoso.example" ? "sip:Bob@contoso.example" : undefined;
    expect(jidToSipUri("BOB@contoso.example/phone", remembered)).toEqual({
      ok: true,
      uri: "sip:Bob@contoso.example",
    });
    expect(jidToSipUri("eve@contoso.example", remembered)).toEqual({
      ok: true,
      uri: "sip:eve@contoso.example",
    });
  });
});

describe("for any address", () => {
  const pieces = fc.constantFrom(
    ...[
      "\\",
      "20",
      "5c",
      "2f",
      "26",
      "40",
      "c",
      "A",
      "b",
      " ",
      "&",
      "'",
      "/",
      ":",
      "<",
      ">",
      "@",
      '"',
      "%",
      "#",
    ],
    ...["\uff20", "\uff3c", "\u3000", "\u00df", "\u03a3", "\u0130", "\u0301", "\u0307", "\u0327", "\u0338"],
    ...[
      "\u05d0",
      "\u0627",
      "\u0661",
      "\u06f1",
      "\u200d",
      "\u094d",
      "\u0915",
      "\u{1f600}",
      "\u0000",
      "\uff76\uff9e",
    ],
  );
  const user = fc
    .array(fc.oneof({ weight: 4, arbitrary: pieces }, fc.string({ unit: "binary", maxLength: 2 })), {
      maxLength: 8,
    })
    .map((parts) => parts.join(""));
  const uriOf = (text: string) => `sip:${encodeURIComponent(text.replace(/\p{Cs}/gu, ""))}@contoso.example`;

  it("SIP to XMPP to SIP to XMPP is stable from the first JID on, and the JID holds nothing raw", () => {
    fc.assert(
      fc.property(user, (text) => {
        const first = sipUriToJid(uriOf(text));
        if (!first.ok) return;
        expect(first.local).not.toMatch(/["&'/:<>@\s]/);
        const back = jidToSipUri(first.jid);
        expect(back.ok && sipUriToJid(back.uri)).toEqual(first);
      }),
      { numRuns: 5_000 },
    );
  });

  it("XMPP to SIP to XMPP is the identity, so no two JIDs share a SIP URI", () => {
    fc.assert(
      fc.property(user, (text) => {
        const jid = `${text.replace(/[@/]/g, "")}@contoso.example`;
        const there = jidToSipUri(jid);
        if (!there.ok) return;
        expect(there.uri).toMatch(/^sip:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-F]{2})+@contoso\.example$/);
        expect(sipUriToJid(there.uri)).toMatchObject({ ok: true, jid: bareJid(jid) });
      }),
      { numRuns: 5_000 },
    );
  });

  it("escaping is undone exactly, and leaves nothing raw", () => {
    fc.assert(
      fc.property(fc.oneof(user, fc.string({ unit: "binary", maxLength: 40 })), (text) => {
        const escaped = escapeLocalpart(text);
        expect(unescapeLocalpart(escaped)).toBe(text);
        expect(escaped).not.toMatch(/[ "&'/:<>@]/);
      }),
      { numRuns: 5_000 },
    );
  });

  it("a legal JID either has one SIP URI of its own or none, under any of its spellings", () => {
    const local = fc
      .array(
        fc.constantFrom(
          ..."a B c \\ 20 5c 40 2f \\5c \\20 \\40 ! ~ [ \u00fc \uff21 \u0130 ; ( ) %".split(" "),
        ),
        {
          minLength: 1,
          maxLength: 6,
        },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(local, local, (one, other) => {
        const [a, b] = [one, other].map((text) => jidToSipUri(`${text}@contoso.example`));
        const isSame = bareJid(`${one}@contoso.example`) === bareJid(`${other}@contoso.example`);
        if (a?.ok && b?.ok) expect(a.uri === b.uri).toBe(isSame);
        const upper = jidToSipUri(`${one}@CONTOSO.example/x`);
        expect(upper).toEqual(a);
      }),
      { numRuns: 5_000 },
    );
  });

  it("any text at all is mapped or refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        expect(typeof sipUriToJid(text).ok).toBe("boolean");
        expect(typeof sipUriToJid(`sip:${text}`).ok).toBe("boolean");
        expect(typeof jidToSipUri(text).ok).toBe("boolean");
      }),
    );
  });
});
