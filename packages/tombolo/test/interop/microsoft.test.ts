/** SIPp as the edge of a Microsoft site with all that is behind it: their spelling, their order, their oddities. */
import type { Element } from "ltx";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SippLab, type SippPartner } from "./sipp-lab.ts";

const OCS = "litware.example";
const LYNC = "adatum.example";
/** What a client says to a text, and what alice reads: that somebody is there but not now is for who may see them (RFC 6120 8.3.3.13). */
const REFUSALS = [
  ["480 Temporarily Unavailable", "", "service-unavailable"],
  ["486 Busy Here", "", "service-unavailable"],
  ["403 Forbidden", 'ms-diagnostics-public: 1002;reason="From URI is not authorized"', "forbidden"],
  [
    "606 Not Acceptable",
    'Warning: 309 lcs.microsoft.com "Message contents not allowed by policy"',
    "policy-violation",
  ],
] as const;
const refusing = (line: string) => `refuses-${line.slice(0, 3)}.example`;

const PARTNERS: readonly SippPartner[] = [
  { domain: OCS, profile: "ocs", role: "calls" },
  { domain: LYNC, profile: "lync", role: "calls" },
  { domain: "watched.example", profile: "ocs", role: "is called" },
  { domain: "private.example", profile: "lync", role: "is called" },
  { domain: "rings.example", profile: "lync", role: "is called" },
  { domain: "forgets.example", profile: "ocs", role: "is called" },
  ...REFUSALS.map(([line]) => ({ domain: refusing(line), profile: "ocs", role: "is called" }) as const),
];

/** Between two things that a user does at a keyboard. */
const TYPED_MS = 300;
const CHAT_STATES = "http://jabber.org/protocol/chatstates";

let sipp: SippLab;
beforeAll(async () => {
  sipp = await SippLab.start(PARTNERS);
});
afterAll(() => sipp?.stop());

/** The texts that alice has had from somebody, in order. */
function textsFrom(jid: string): (string | null)[] {
  return sipp.alice.received
    .filter(({ name, attrs }) => name === "message" && attrs.type !== "error" && attrs.from?.startsWith(jid))
    .map((stanza) => stanza.getChildText("body"))
    .filter((body) => body !== null);
}

const hasState = (jid: string, state: string) => (stanza: Element) =>
  stanza.name === "message" &&
  stanza.attrs.from?.startsWith(jid) === true &&
  stanza.getChild(state, CHAT_STATES) !== undefined;

describe.each([OCS, LYNC])("%s watches", (domain) => {
  const play = (name: string, user: string, values = {}) =>
    sipp.calls(`microsoft/${name}`, user, domain, values);

  test("in capitals, with routes to be kept whole: the latest of two changes, a refresh, the end", async () => {
    const watcher = `watcher@${domain}`;
    const playing = play("subscribe", "watcher");
    await sipp.alice.acceptSubscription(watcher);
    sipp.alice.presence({ show: "away" });
    sipp.alice.presence({ show: "dnd" });
    await sipp.succeeds(playing, domain);
    sipp.alice.presence();
  });

  test("a list: refused where it must be understood, else a watch of one for an hour", async () => {
    await sipp.succeeds(play("list", "lister"), domain);
  });

  test("once: a look, without a watch", async () => {
    await sipp.succeeds(play("fetch", "looker"), domain);
  });

  test("and forgets it before the first NOTIFY: nothing is left", async () => {
    await sipp.succeeds(play("notify-481", "gone"), domain);
    const about = `gone@${domain}`;
    const left = async () => {
      const answer = await fetch(`${sipp.lab.adminUrl}/api/v1/subscriptions?about=${about}`);
      return ((await answer.json()) as { total: number }).total;
    };
    await expect.poll(left).toBe(0);
  });

  test("what should stay at home is refused one by one, on a connection that lives", async () => {
    const messages = await sipp.succeeds(play("odd-requests", "odd", { "negotiate-status": "405" }), domain);
    expect(messages).not.toMatch(/SIP\/2\.0 40[17] /);
  });
});

describe.each([OCS, LYNC])("%s writes", (domain) => {
  const play = (name: string, user: string, values = {}) =>
    sipp.calls(`microsoft/${name}`, user, domain, values);

  test("in all its forms, each text once, and types", async () => {
    const writer = `writer@${domain}`;
    await sipp.succeeds(play("session", "writer", { "strange-info-status": "200" }), domain);
    await sipp.alice.waitForMessage({ from: writer, body: "last words, ümlaut & <tag>" });
    expect(textsFrom(writer)).toEqual([
      "Hi Alice, got a minute?",
      "in two forms",
      "last words, ümlaut & <tag>",
    ]);
    await sipp.alice.waitFor(hasState(writer, "composing"), { what: "composing" });
    await sipp.alice.waitFor(hasState(writer, "paused"), { what: "paused" });
  });

  test("and gets typing and an answer by the routes of its session, and its end", async () => {
    const friend = `friend@${domain}`;
    const playing = play("session-answered", "friend", { text: "how are you?", reply: "fine, thank you" });
    const { attrs } = await sipp.alice.waitForMessage({ from: friend, body: "how are you?" });
    // Not before the answer to the text is there.
    await new Promise((done) => setTimeout(done, TYPED_MS));
    const stanza = (child: string) =>
      sipp.alice.send(`<message to="${attrs.from}" type="chat">${child}</message>`);
    stanza(`<composing xmlns="${CHAT_STATES}"/>`);
    await new Promise((done) => setTimeout(done, TYPED_MS));
    stanza(`<body>fine, thank you</body><active xmlns="${CHAT_STATES}"/>`);
    await new Promise((done) => setTimeout(done, TYPED_MS));
    stanza(`<gone xmlns="${CHAT_STATES}"/>`);
    await sipp.succeeds(playing, domain);
  });

  const AUDIO =
    "v=0\no=- 0 0 IN IP4 10.1.4.77\ns=session\nc=IN IP4 10.1.4.77\nt=0 0\nm=audio 50000 RTP/AVP 0";
  const rows: readonly [what: string, values: Record<string, string>][] = [
    ["audio", { type: "application/sdp", body: AUDIO, status: "488" }],
    [
      "audio in alternatives",
      {
        type: 'multipart/alternative; boundary="b1"',
        body: `--b1\nContent-Type: application/sdp\nContent-Disposition: session; handling=optional; ms-proxy-2007fallback\n\n${AUDIO}\n\n--b1--`,
        status: "488",
      },
    ],
    [
      "a conference",
      {
        type: "application/ms-conf-invite+xml",
        body: `<Conferencing version="2.0"><focus-uri>sip:carol@${domain};gruu;opaque=app:conf:focus:id:1</focus-uri><im available="true"/></Conferencing>`,
        status: "488",
      },
    ],
    [
      "a session of three",
      {
        headers: "EndPoints: <sip:{{from}}>, <sip:{{to}}>, <sip:dave@{{domain}}>",
        type: "application/sdp",
        body: "{{message-sdp}}",
        status: "488",
      },
    ],
    [
      "several parties, required",
      {
        headers: "Require: com.microsoft.rtc-multiparty",
        type: "application/sdp",
        body: "{{message-sdp}}",
        status: "420",
        reason: "Unsupported: com.microsoft.rtc-multiparty",
      },
    ],
  ];

  test.each(rows)("not an invitation to %s", async (_, values) => {
    const all = { headers: "Supported: ms-conf-invite", reason: "SIP/2.0", ...values };
    await sipp.succeeds(play("invite-refused", "inviter", all), domain);
    expect(textsFrom(`inviter@${domain}`)).toEqual([]);
  });
});

test("a text that rides in the INVITE alone is shown after a while, once", async () => {
  await sipp.succeeds(sipp.calls("microsoft/first-text-alone", "toast", LYNC), LYNC);
  expect(textsFrom(`toast@${LYNC}`)).toEqual(["only in the toast"]);
});

describe("alice", () => {
  /** Sends a text and gives its id. */
  const writes = (to: string, text: string) => sipp.alice.message(to, text);

  test("watches: a NOTIFY before the 200, three kinds of documents, BENOTIFY without an answer, the end", async () => {
    const domain = "watched.example";
    const carol = `carol@${domain}`;
    const playing = await sipp.waits("microsoft/watched", "carol", domain, { "xpidf-status": "200" });
    sipp.alice.subscribe(carol);
    await sipp.alice.waitForPresence({ from: carol, type: "subscribed" });
    await sipp.succeeds(playing, domain);
    const shown = sipp.alice.received
      .filter(({ name, attrs }) => name === "presence" && attrs.from?.startsWith(carol))
      .map((stanza) =>
        [stanza.attrs.type, stanza.getChildText("show"), stanza.getChildText("status")].join(" ").trim(),
      );
    expect(shown).toEqual([
      "subscribed",
      "away Busy",
      "",
      "away Quarter close",
      "away Busy",
      "unavailable",
      "unsubscribed",
    ]);
  });

  test("watches somebody whose server does not let her: she is told, and not again", async () => {
    const domain = "private.example";
    const playing = await sipp.waits("microsoft/watch-refused", "carol", domain);
    sipp.alice.subscribe(`carol@${domain}`);
    const answer = await sipp.alice.waitForPresence({ from: `carol@${domain}` });
    expect(answer.attrs.type).toMatch(/^(error|unsubscribed)$/);
    await sipp.succeeds(playing, domain);
  });

  test("writes to several endpoints: what she writes while they ring comes after the first text", async () => {
    const domain = "rings.example";
    const playing = await sipp.waits("microsoft/called", "carol", domain);
    writes(`carol@${domain}`, "first text");
    writes(`carol@${domain}`, "second text");
    await sipp.succeeds(playing, domain);
  });

  test.each(REFUSALS)("is told why her text did not arrive: %s", async (line, headers, condition) => {
    const domain = refusing(line);
    const playing = await sipp.waits("microsoft/call-refused", "carol", domain, {
      "status-line": line,
      headers: headers || "SERVER: RTC/3.5",
    });
    const id = writes(`carol@${domain}`, "anybody?");
    const isError = ({ attrs }: Element) => attrs.id === id && attrs.type === "error";
    const error = await sipp.alice.waitFor(isError, { what: "the error" });
    expect(error.getChild("error")?.getChild(condition)).toBeDefined();
    await sipp.succeeds(playing, domain);
  });

  test("writes into a session that is forgotten: the text comes again in a new one, once", async () => {
    const domain = "forgets.example";
    const playing = await sipp.waits("microsoft/session-forgotten", "carol", domain, {}, 2);
    const id = writes(`carol@${domain}`, "do you remember?");
    const messages = await sipp.succeeds(playing, domain);
    expect(messages.match(/do you remember\?/g)).toHaveLength(2);
    const ids = new Set(Array.from(messages.matchAll(/Ms-Conversation-ID: (\S+)/gi), ([, one]) => one));
    expect(ids.size).toBe(2);
    const isError = ({ attrs }: Element) => attrs.id === id && attrs.type === "error";
    expect(sipp.alice.received.filter(isError)).toEqual([]);
  });
});
