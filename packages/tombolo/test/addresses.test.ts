/** Who has which address, on the wire: domains that share a parent, and names that only one partner has. */
import { describe, expect, it } from "vitest";
import { header, stanzaLine, WireTalk } from "./wire-talk.ts";
import { FederationWorld, type WorldSettings } from "./world.ts";

const SDP =
  "v=0\r\no=- 0 0 IN IP4 192.0.2.10\r\ns=session\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=message 5060 sip null\r\n";

function document(entity: string, status = "<basic>open</basic>") {
  const text = `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="${entity}"><tuple id="0"><status>${status}</status></tuple></presence>`;
  return { type: "application/pidf+xml", text };
}

interface Names {
  readonly partner: string;
  readonly domain: string;
}

/** Bob of the partner, Alice of our domain, and a world where the other's parent or child is no partner. */
function meet({ partner, domain }: Names, settings: WorldSettings = {}) {
  const world = new FederationWorld({ ...settings, partner, domain });
  const ends = { sipUser: `bob@${partner}`, xmppUser: `alice@${domain}`, edge: `sip.${domain}` };
  return { world, wire: new WireTalk(world, ends), ...ends };
}

/** A request outside dialogs; gives the status. */
function ask(wire: WireTalk, method: string, from: string, to: string): string {
  const answer = wire.bobRequests(
    [
      `${method} sip:${to} SIP/2.0`,
      `From: <sip:${from}>;tag=f`,
      `To: <sip:${to}>`,
      `Call-ID: ${method}-${from}-${to}`,
      `CSeq: 1 ${method}`,
      `Contact: <sip:${from};gruu>`,
      ...(method === "SUBSCRIBE" ? ["Event: presence", "Expires: 600"] : []),
      ...(method === "INVITE" ? ["Content-Type: application/sdp"] : []),
    ],
    method === "INVITE" ? SDP : "",
  );
  return answer?.split(" ")[1] ?? "none";
}

/** Error conditions of what has come back to XMPP. */
const conditions = (stanzas: readonly string[]) =>
  stanzas.map((stanza) => /<error [^>]*><([a-z-]+)/.exec(stanza)?.[1]);

describe.each([
  ["DOM-01: our domain is below the partner's", { partner: "cisco.example", domain: "cup.cisco.example" }],
  [
    "DOM-02: the partner's domain is below ours",
    { partner: "foreign.cisco.example", domain: "cisco.example" },
  ],
  ["DOM-03: both are below one parent", { partner: "foreign.cisco.example", domain: "cup.cisco.example" }],
])("%s", (_name, names) => {
  it("presence goes both ways", () => {
    const { wire, sipUser } = meet(names);
    wire.bobWatches();
    expect(wire.aliceShows("<show>dnd</show>")).toContain("<ep:activity>busy</ep:activity>");
    wire.aliceWatches(document(`sip:${sipUser}`));
    expect(stanzaLine(wire.bobShows(document(`sip:${sipUser}`, "<basic>closed</basic>")))).toBe(
      "unavailable",
    );
  });

  it("texts go both ways", () => {
    const { wire, sipUser, xmppUser } = meet(names);
    expect(ask(wire, "INVITE", sipUser, xmppUser)).toBe("200");
    wire.aliceSends(
      `<message from="${xmppUser}/desk" to="carol@${names.partner}" type="chat"><body>hi</body></message>`,
    );
    const [invite] = wire.takeSip().filter((text) => text.startsWith("INVITE "));
    expect(header(invite!, "To")).toBe(`<sip:carol@${names.partner}>`);
    expect(header(invite!, "From")).toContain(`<sip:${xmppUser}>`);
  });

  it("who is related by name alone is neither ours nor the partner", () => {
    const { wire, sipUser, xmppUser } = meet(names);
    const relatives = [
      "cisco.example",
      "cup.cisco.example",
      "foreign.cisco.example",
      "x.cup.cisco.example",
      "isco.example",
    ];
    const strangers = relatives.filter((domain) => domain !== names.partner && domain !== names.domain);
    for (const domain of [...strangers, `x.${names.partner}`, `x.${names.domain}`]) {
      expect([domain, ask(wire, "SUBSCRIBE", `bob@${domain}`, xmppUser)]).toEqual([domain, "403"]);
      expect([domain, ask(wire, "SUBSCRIBE", sipUser, `alice@${domain}`)]).toEqual([domain, "404"]);
      wire.takeXmpp();
      wire.aliceSends(`<presence from="alice@${domain}" to="${sipUser}" type="subscribe" id="s"/>`);
      expect([domain, conditions(wire.takeXmpp())]).toEqual([domain, ["not-allowed"]]);
    }
    expect(ask(wire, "SUBSCRIBE", xmppUser, xmppUser)).toBe("403");
    expect(ask(wire, "SUBSCRIBE", sipUser, sipUser)).toBe("404");
  });
});

it("DOM-04: an address is what it says, whatever else a header claims for its user", () => {
  const { wire, xmppUser } = meet({ partner: "cup.cisco.example", domain: "example.com" });
  const answer = wire.bobRequests([
    `SUBSCRIBE sip:${xmppUser} SIP/2.0`,
    "From: <sip:bob@cup.cisco.example>;tag=f",
    `To: <sip:${xmppUser}>`,
    "Call-ID: d4",
    "CSeq: 1 SUBSCRIBE",
    "Contact: <sip:bob@cup.cisco.example;gruu>",
    "P-Asserted-Identity: <sip:bob@cisco.example>",
    "Event: presence",
    "Expires: 600",
  ]);
  expect(answer).toMatch(/^SIP\/2\.0 200 /);
  const [question] = wire.takeXmpp();
  expect(question).toContain('from="bob@cup.cisco.example"');
});

it("DOM-05: a contact is added by the full address; a bare name is completed by nobody", () => {
  const { wire, xmppUser } = meet({ partner: "foreign.example", domain: "example.com" });
  wire.aliceSends(`<presence from="${xmppUser}" to="foreign.example" type="subscribe" id="s"/>`);
  expect(wire.takeXmpp().map((stanza) => stanzaLine(stanza))).toEqual(["unsubscribed"]);
  wire.aliceSends(
    `<message from="${xmppUser}/desk" to="foreign.example" type="chat" id="m"><body>x</body></message>`,
  );
  expect(conditions(wire.takeXmpp())).toEqual(["service-unavailable"]);
  expect(wire.takeSip()).toEqual([]);
  wire.aliceSends(`<presence from="${xmppUser}" to="bob@foreign.example" type="subscribe" id="s"/>`);
  expect(wire.takeSip()[0]).toMatch(/^SUBSCRIBE sip:bob@foreign\.example SIP/);
  expect(ask(wire, "SUBSCRIBE", "bob@foreign.example", "example.com")).toBe("404");
});

describe.each([
  ["beside each other", "one.example", "two.example"],
  ["below one parent", "one.cisco.example", "two.cisco.example"],
  ["one below the other", "cisco.example", "cup.cisco.example"],
  ["one above the other", "cup.cisco.example", "cisco.example"],
])("DOM-06: two of these gateways, %s", (_name, here, there) => {
  it("show each other's users and carry their texts", () => {
    const left = new FederationWorld({ partner: there, domain: here, profile: "cup-7" });
    const right = new FederationWorld({ partner: here, domain: there, profile: "cup-7" });
    const settle = () => {
      for (let isQuiet = false; !isQuiet; ) {
        const [toRight, toLeft] = [left.takeSip(), right.takeSip()];
        isQuiet = toRight.length + toLeft.length === 0;
        for (const text of toRight) right.sipIn(new TextEncoder().encode(text));
        for (const text of toLeft) left.sipIn(new TextEncoder().encode(text));
      }
    };
    const advance = (ms: number) => {
      for (let at = 0; at < ms; at += 20) {
        left.advance(20);
        right.advance(20);
        settle();
      }
    };
    const [alice, bob] = [`alice@${here}`, `bob@${there}`];
    left.xmppIn(`<presence from="${alice}" to="${bob}" type="subscribe" id="s"/>`);
    settle();
    expect(right.takeXmpp().join()).toContain(`from="${alice}" to="${bob}" type="subscribe"`);
    right.xmppIn(`<presence from="${bob}" to="${alice}" type="subscribed"/>`);
    right.xmppIn(
      `<presence from="${bob}/desk" to="${alice}"><show>away</show><status>Lunch</status></presence>`,
    );
    advance(6_000);
    const seen = left.takeXmpp();
    expect(seen.some((stanza) => stanza.includes('type="subscribed"'))).toBe(true);
    expect(stanzaLine(seen.at(-1))).toBe('available away "Lunch"');
    left.xmppIn(
      `<message from="${alice}/desk" to="${bob}" type="chat" id="m"><body>Tag &lt;3</body></message>`,
    );
    advance(100);
    expect(right.takeXmpp().join()).toContain("<body>Tag &lt;3</body>");
    right.xmppIn(`<message from="${bob}/desk" to="${alice}" type="chat" id="n"><body>back</body></message>`);
    advance(100);
    expect(left.takeXmpp().join()).toContain("<body>back</body>");
  });

  it("show a user with several devices as a user here would be shown", () => {
    const left = new FederationWorld({ partner: there, domain: here, profile: "simple" });
    const right = new FederationWorld({ partner: here, domain: there, profile: "simple" });
    const advance = (ms: number) => {
      for (let at = 0; at < ms; at += 20) {
        for (const [from, to] of [
          [left, right],
          [right, left],
        ] as const) {
          from.advance(20);
          for (const text of from.takeSip()) to.sipIn(new TextEncoder().encode(text));
        }
      }
    };
    const [alice, bob] = [`alice@${here}`, `bob@${there}`];
    const show = (device: string, inside: string, type = "") =>
      right.xmppIn(`<presence from="${bob}/${device}" to="${alice}"${type}>${inside}</presence>`);
    const seen = () => {
      advance(12_000);
      return stanzaLine(left.takeXmpp().at(-1));
    };
    left.xmppIn(`<presence from="${alice}" to="${bob}" type="subscribe" id="s"/>`);
    advance(100);
    right.xmppIn(`<presence from="${bob}" to="${alice}" type="subscribed"/>`);
    show("desk", "<show>away</show><priority>5</priority>");
    expect(seen()).toBe("available away");
    show("phone", "<show>dnd</show><status>In a call</status>");
    show("desk", "<priority>5</priority>");
    expect(seen()).toBe("available");
    show("desk", "", ' type="unavailable"');
    expect(seen()).toBe('available dnd "In a call"');
    show("sofa", "<show>xa</show><priority>-1</priority>");
    show("phone", "", ' type="unavailable"');
    expect(seen()).toBe("available away");
    show("sofa", "", ' type="unavailable"');
    expect(seen()).toBe("unavailable");
  });
});

describe("AOL", () => {
  const AOL = { partner: "aol.com", domain: "example.com" };
  const NAME = "user(gmail.com)";
  const JID = "user\\40gmail.com@aol.com";
  const aol = (emailScreenNames?: "translate") => {
    const { world, wire } = meet(AOL, { profile: "aol", emailScreenNames });
    const ends = { sipUser: `${NAME}@aol.com`, xmppUser: "alice@example.com", edge: "sip.example.com" };
    return { world, plain: wire, wire: new WireTalk(world, ends) };
  };

  it("AOL-06: an e-mail screen name is one user in requests from it and to it, where it is to be translated", () => {
    const { wire, world } = aol("translate");
    expect(ask(wire, "SUBSCRIBE", `${NAME}@aol.com`, "alice@example.com")).toBe("200");
    expect(world.takeXmpp().join()).toContain(`from="${JID}" to="alice@example.com" type="subscribe"`);
    world.xmppIn(`<presence from="alice@example.com" to="${JID}" type="subscribe" id="s"/>`);
    const [subscribe] = wire.takeSip().filter((text) => text.startsWith("SUBSCRIBE "));
    expect(subscribe).toMatch(/^SUBSCRIBE sip:user\(gmail\.com\)@aol\.com SIP/);
    expect(header(subscribe!, "To")).toBe(`<sip:${NAME}@aol.com>`);
  });

  it("AOL-06: its documents may name it without a scheme, and its texts go both ways", () => {
    const { world } = aol("translate");
    const wire = new WireTalk(world, {
      sipUser: `${NAME}@aol.com`,
      xmppUser: "alice@example.com",
      edge: "sip.example.com",
    });
    world.xmppIn(`<presence from="alice@example.com" to="${JID}" type="subscribe" id="s"/>`);
    const [subscribe] = wire.takeSip();
    wire.bobRequests(
      [
        "NOTIFY sip:sip.example.com:5061;transport=tls SIP/2.0",
        `From: <sip:${NAME}@aol.com>;tag=b2`,
        `To: ${header(subscribe!, "From")}`,
        `Call-ID: ${header(subscribe!, "Call-ID")}`,
        "CSeq: 1 NOTIFY",
        "Contact: <sip:sip.aol.com;transport=tls>",
        "Event: presence",
        "Subscription-State: active;expires=600",
        "Content-Type: application/pidf+xml",
      ],
      document(`${NAME}@aol.com`).text,
    );
    expect(stanzaLine(world.takeXmpp().at(-1))).toBe("available");
    expect(ask(wire, "INVITE", `${NAME}@aol.com`, "alice@example.com")).toBe("200");
    world.xmppIn(
      `<message from="alice@example.com/desk" to="user2\\40gmail.com@aol.com" type="chat"><body>hi</body></message>`,
    );
    expect(wire.takeSip().join()).toContain("INVITE sip:user2(gmail.com)@aol.com SIP/2.0");
  });

  it("AOL-06: the address that would share its SIP name is refused", () => {
    const { wire, world } = aol("translate");
    world.xmppIn(`<presence from="alice@example.com" to="${NAME}@aol.com" type="subscribe" id="s"/>`);
    expect(conditions(world.takeXmpp())).toEqual(["jid-malformed"]);
    expect(ask(wire, "SUBSCRIBE", "user%40gmail.com@aol.com", "alice@example.com")).toBe("404");
    expect(world.takeXmpp()).toEqual([]);
  });

  it.each([NAME, "User(GMAIL.com)", "user%40gmail.com"])(
    "AOL-07: %s is refused by default, and it is said why",
    (name) => {
      const { wire, world } = aol();
      for (const method of ["SUBSCRIBE", "INVITE", "MESSAGE"]) {
        expect(ask(wire, method, `${name}@aol.com`, "alice@example.com")).toBe("404");
      }
      expect(world.takeXmpp()).toEqual([]);
      expect(refusals(world)).toEqual(["screen-name", "screen-name", "screen-name"]);
    },
  );

  it("AOL-07: and so are stanzas for them, in either form", () => {
    const { wire, world } = aol();
    for (const to of [JID, `${NAME}@aol.com`]) {
      world.xmppIn(`<presence from="alice@example.com" to="${to}" type="subscribe" id="s"/>`);
      world.xmppIn(
        `<message from="alice@example.com/desk" to="${to}" type="chat" id="m"><body>hi</body></message>`,
      );
    }
    expect(conditions(world.takeXmpp())).toEqual(Array(4).fill("item-not-found"));
    expect(refusals(world)).toEqual(Array(4).fill("screen-name"));
    expect(wire.takeSip()).toEqual([]);
  });

  it("AOL-08: a request in a dialog needs no Route", () => {
    const { plain, world } = aol();
    plain.bobWatches();
    world.xmppIn(`<presence from="alice@example.com" to="bob@aol.com" type="subscribe" id="s"/>`);
    const [subscribe] = plain.takeSip().filter((text) => text.startsWith("SUBSCRIBE "));
    const answer = plain.bobRequests(
      [
        "NOTIFY sip:alice@example.com SIP/2.0",
        "From: <sip:bob@aol.com>;tag=b2",
        `To: ${header(subscribe!, "From")}`,
        `Call-ID: ${header(subscribe!, "Call-ID")}`,
        "CSeq: 1 NOTIFY",
        "Contact: <sip:sip.aol.com;transport=tls>",
        "Event: presence",
        "Subscription-State: active;expires=600",
        "Content-Type: application/pidf+xml",
      ],
      document("bob@aol.com").text,
    );
    expect(answer).toMatch(/^SIP\/2\.0 200 /);
    expect(stanzaLine(world.takeXmpp().at(-1))).toBe("available");
  });

  it("elsewhere brackets are part of a name", () => {
    const { wire, world } = meet({ partner: "contoso.example", domain: "example.com" });
    expect(ask(wire, "SUBSCRIBE", `${NAME}@contoso.example`, "alice@example.com")).toBe("200");
    expect(world.takeXmpp().join()).toContain(`from="${NAME}@contoso.example"`);
  });
});

function refusals(world: FederationWorld): string[] {
  return world.observations.flatMap((seen) =>
    seen.what === "decision" && seen.decision === "deny" ? [seen.reason] : [],
  );
}

describe("addresses with characters of their own", () => {
  it.each([
    ["o'malley", "o\\27malley"],
    ["d%26d", "d\\26d"],
    ["%5C5cback", "\\5c5cback"],
    ["a%2Fb%3Ac", "a\\2fb\\3ac"],
    ["%EF%BC%A1lpha", "alpha"],
    ["stra%C3%9Fe", "stra\u00dfe"],
  ])("sip:%s@... watches as %s@... and is found by that again", (user, local) => {
    const { wire, world } = meet({ partner: "contoso.example", domain: "example.com" });
    expect(ask(wire, "SUBSCRIBE", `${user}@contoso.example`, "alice@example.com")).toBe("200");
    expect(world.takeXmpp().join()).toContain(`from="${local.replaceAll("'", "&apos;")}@contoso.example"`);
    world.xmppIn(
      `<presence from="alice@example.com" to="${local}@contoso.example" type="subscribe" id="s"/>`,
    );
    const [subscribe] = wire.takeSip().filter((text) => text.startsWith("SUBSCRIBE "));
    expect(header(subscribe!, "To")).toBe(`<sip:${user}@contoso.example>`);
  });

  it.each(["x\\5cy", "\\20x", "x\\20", "\\5c41"])(
    "%s is an alias of another address, and refused on both sides",
    (local) => {
      const { wire, world } = meet({ partner: "contoso.example", domain: "example.com" });
      world.xmppIn(
        `<presence from="alice@example.com" to="${local}@contoso.example" type="subscribe" id="s"/>`,
      );
      world.xmppIn(
        `<presence from="${local}@example.com" to="bob@contoso.example" type="subscribe" id="s"/>`,
      );
      expect(conditions(world.takeXmpp())).toEqual(["jid-malformed", "jid-malformed"]);
      expect(wire.takeSip()).toEqual([]);
    },
  );
});
