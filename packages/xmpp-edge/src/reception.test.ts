import { describe, expect, test } from "vitest";
import { LinkRig } from "../test/link-rig.ts";

const DOMAIN = `from="contoso.example" to="alice@example.com/home" id="1"`;
const USER = `from="bob@contoso.example" to="alice@example.com/home" id="1"`;
const NS = `xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"`;

const query = (payload: string, to = "contoso.example", type = "get") =>
  `<iq from="alice@example.com/home" to="${to}" id="1" type="${type}">${payload}</iq>`;
const error = (who: string, type: string, condition: string) =>
  `> <iq ${who} type="error"><error type="${type}" by="contoso.example"><${condition} ${NS}/></error></iq>`;

/** [what is asked, the stanza, the only thing that comes out; undefined: nothing] */
const CASES: [string, string, string | undefined][] = [
  [
    "disco#info of the domain",
    query(`<query xmlns="http://jabber.org/protocol/disco#info"/>`),
    `> <iq ${DOMAIN} type="result"><query xmlns="http://jabber.org/protocol/disco#info">` +
      `<identity category="gateway" type="simple" name="Tombolo"/>` +
      `<feature var="http://jabber.org/protocol/disco#info"/><feature var="http://jabber.org/protocol/disco#items"/>` +
      `<feature var="urn:xmpp:ping"/><feature var="jabber:iq:version"/><feature var="jid\\20escaping"/></query></iq>`,
  ],
  [
    "disco#info of an unknown node",
    query(`<query xmlns="http://jabber.org/protocol/disco#info" node="secret"/>`),
    error(DOMAIN, "cancel", "item-not-found"),
  ],
  [
    "disco#items: never the users",
    query(`<query xmlns="http://jabber.org/protocol/disco#items"/>`),
    `> <iq ${DOMAIN} type="result"><query xmlns="http://jabber.org/protocol/disco#items"/></iq>`,
  ],
  ["ping of the domain", query(`<ping xmlns="urn:xmpp:ping"/>`), `> <iq ${DOMAIN} type="result"/>`],
  [
    "version, without the operating system",
    query(`<query xmlns="jabber:iq:version"/>`),
    `> <iq ${DOMAIN} type="result"><query xmlns="jabber:iq:version"><name>Tombolo</name><version>0.1.0</version></query></iq>`,
  ],
  [
    "an unknown namespace",
    query(`<x xmlns="jabber:iq:register"/>`),
    error(DOMAIN, "cancel", "service-unavailable"),
  ],
  [
    "a set of ping",
    query(`<ping xmlns="urn:xmpp:ping"/>`, "contoso.example", "set"),
    error(DOMAIN, "cancel", "service-unavailable"),
  ],
  [
    "ping of a user",
    query(`<ping xmlns="urn:xmpp:ping"/>`, "bob@contoso.example"),
    error(USER, "cancel", "service-unavailable"),
  ],
  [
    "vCard of a user",
    query(`<vCard xmlns="vcard-temp"/>`, "bob@contoso.example"),
    error(USER, "cancel", "service-unavailable"),
  ],
  [
    "the same for a full JID",
    query(`<vCard xmlns="vcard-temp"/>`, "bob@contoso.example/x@y"),
    error(USER.replace("bob@contoso.example", "bob@contoso.example/x@y"), "cancel", "service-unavailable"),
  ],
  ["two payloads", query("<a/><b/>"), error(DOMAIN, "modify", "bad-request")],
  ["no payload", query(""), error(DOMAIN, "modify", "bad-request")],
  ["an unknown IQ type", query("<a/>", "bob@contoso.example", "foo"), error(USER, "modify", "bad-request")],
  ["an IQ result to the domain", query("<a/><b/>", "contoso.example", "result"), undefined],
  ["an IQ error to the domain", query("", "contoso.example", "error"), undefined],
  ["an IQ without sender", `<iq to="contoso.example" id="1" type="get"><a/></iq>`, undefined],
  ["an IQ for another domain", query("<a/>", "fabrikam.example"), undefined],
  [
    "a message to the domain",
    `<message from="alice@example.com/home" to="contoso.example" id="1" type="chat"><body>hi</body></message>`,
    `> <message ${DOMAIN} type="error"><error type="cancel" by="contoso.example"><service-unavailable ${NS}/></error></message>`,
  ],
  [
    "a chat state to the domain",
    `<message from="alice@example.com/home" to="contoso.example"><active xmlns="urn:x"/></message>`,
    undefined,
  ],
];

test.each(CASES)("%s", (_name, stanza, expected) => {
  expect(new LinkRig().up().receive(stanza)).toEqual(expected === undefined ? [] : [expected]);
});

describe("stanzas for the translator", () => {
  test.each([
    `<message from="alice@example.com/home" to="bob@contoso.example" type="chat"><body>hi</body></message>`,
    `<message from="alice@example.com" to="contoso.example" type="error"/>`,
    `<presence from="alice@example.com" to="bob@contoso.example" type="subscribe"/>`,
    `<presence from="alice@example.com/home" to="Bob@Contoso.Example/r@s"/>`,
    `<presence from="alice@example.com" to="contoso.example" type="subscribe"/>`,
    `<iq from="alice@example.com" to="bob@contoso.example" id="1" type="result"/>`,
  ])("%s", (stanza) => {
    expect(new LinkRig().up().receive(stanza)).toEqual([`< ${stanza}`]);
  });
});

test("contacts of the settings make the serverinfo form, its hidden field first", () => {
  const contacts = { security: ["mailto:sec@example.com"], abuse: ["xmpp:abuse@example.com"], admin: [] };
  const [answer] = new LinkRig({ contacts })
    .up()
    .receive(query(`<query xmlns="http://jabber.org/protocol/disco#info"/>`));
  expect(answer).toContain(
    `<x xmlns="jabber:x:data" type="result"><field var="FORM_TYPE" type="hidden"><value>http://jabber.org/network/serverinfo</value></field>` +
      `<field var="abuse-addresses" type="list-multi"><value>xmpp:abuse@example.com</value></field>` +
      `<field var="security-addresses" type="list-multi"><value>mailto:sec@example.com</value></field></x>`,
  );
});

describe("discovery of a user", () => {
  const users = { resource: "sip", features: ["http://jabber.org/protocol/chatstates", "urn:xmpp:receipts"] };
  const info = `<query xmlns="http://jabber.org/protocol/disco#info"/>`;

  test("finds at the resource what is translated for all", () => {
    const [answer] = new LinkRig({ users }).up().receive(query(info, "nobody@contoso.example/sip"));
    expect(answer).toBe(
      `> <iq from="nobody@contoso.example/sip" to="alice@example.com/home" id="1" type="result">` +
        `<query xmlns="http://jabber.org/protocol/disco#info"><identity category="client" type="pc" name="Tombolo"/>` +
        `<feature var="http://jabber.org/protocol/disco#info"/><feature var="http://jabber.org/protocol/chatstates"/>` +
        `<feature var="urn:xmpp:receipts"/></query></iq>`,
    );
  });

  test.each([
    [query(info, "bob@contoso.example"), "without resource"],
    [query(info, "bob@contoso.example/other"), "at another resource"],
    [query(info, "bob@contoso.example/sip", "set"), "that sets"],
    [
      query(`<query xmlns="http://jabber.org/protocol/disco#info" node="x"/>`, "bob@contoso.example/sip"),
      "of a node",
    ],
    [query(`<query xmlns="http://jabber.org/protocol/disco#items"/>`, "bob@contoso.example/sip"), "of items"],
  ])("finds nothing in %s (%s)", (stanza) => {
    expect(new LinkRig({ users }).up().receive(stanza)).toEqual([
      expect.stringContaining(`<service-unavailable ${NS}/>`),
    ]);
  });
});

test("stanzas for others are counted, so that a misconfigured server is seen", () => {
  const rig = new LinkRig().up();
  rig.receive(`<message from="alice@example.com" to="bob@sub.contoso.example"><body>hi</body></message>`);
  expect(rig.link.counters.misrouted).toBe(1);
});
