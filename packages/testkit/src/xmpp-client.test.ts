import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import type { Element } from "ltx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "./free-ports.ts";
import { type Prosody, startProsody } from "./prosody.ts";
import { XmppClient } from "./xmpp-client.ts";
import { XmppStreamReader } from "./xmpp-stream.ts";

/** Joins as component contoso.example (XEP-0114) and resolves with "handshake" or "error". */
function joinAsComponent(port: number, secret: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    const reader = new XmppStreamReader({
      opened: (root: Element) => {
        const digest = createHash("sha1").update(`${root.attrs.id}${secret}`).digest("hex");
        socket.write(`<handshake>${digest}</handshake>`);
      },
      stanza: (element) => {
        socket.destroy();
        resolve(element.getName());
      },
      closed: () => {},
      failed: reject,
    });
    socket.on("data", (bytes) => reader.write(bytes));
    socket.write(
      `<stream:stream xmlns="jabber:component:accept" xmlns:stream="http://etherx.jabber.org/streams" to="contoso.example">`,
    );
  });
}

describe.skipIf(!existsSync("/usr/bin/prosody"))("Prosody and its users", () => {
  let prosody: Prosody;
  const open: XmppClient[] = [];
  const login = async (name: string, password = "secret") => {
    const client = await XmppClient.login({ jid: `${name}@example.com`, password, port: prosody.c2sPort });
    open.push(client);
    return client;
  };

  beforeAll(async () => {
    prosody = await startProsody({
      domains: ["example.com"],
      users: [
        { jid: "alice@example.com", password: "secret" },
        { jid: "carol.o\\27neil@example.com", password: 'p"\\w' },
      ],
      components: [{ domain: "contoso.example", secret: "s3cret" }],
    });
  });
  afterAll(async () => {
    await Promise.all(open.map((client) => client.stop()));
    await prosody.stop();
  });

  it("logs users in, also with odd names and passwords, and refuses a wrong password", async () => {
    const alice = await login("alice");
    expect(alice.fullJid).toBe("alice@example.com/testkit");
    await login("carol.o\\27neil", 'p"\\w');
    await expect(login("alice", "wrong")).rejects.toThrow("not-authorized");
  });

  it("carries subscription, presence, messages and IQs between two users", async () => {
    const alice = await login("alice");
    const carol = await login("carol.o\\27neil", 'p"\\w');
    carol.subscribe("alice@example.com");
    await alice.acceptSubscription(carol.bareJid);
    await carol.waitForPresence({ from: alice.bareJid, type: "subscribed" });
    alice.presence({ show: "dnd", status: "Quarter close" });
    const seen = await carol.waitForPresence({ from: alice.bareJid, show: "dnd" });
    expect(seen.getChildText("status")).toBe("Quarter close");
    expect((await alice.roster()).get(carol.bareJid)).toBe("from");
    const id = carol.message(alice.bareJid, "1 < 2 & \u00e9");
    const message = await alice.waitForMessage({ from: carol.bareJid });
    expect([message.attrs.id, message.getChildText("body")]).toEqual([id, "1 < 2 & \u00e9"]);
    const pong = await alice.iq("get", "example.com", `<ping xmlns="urn:xmpp:ping"/>`);
    expect(pong.attrs.type).toBe("result");
    alice.message("nobody@example.com", "hello");
    await alice.waitFor((stanza) => stanza.attrs.type === "error", { what: "the bounce" });
  });

  it("admits a component by its secret only", async () => {
    expect(await joinAsComponent(prosody.componentPort, "s3cret")).toBe("handshake");
    expect(await joinAsComponent(prosody.componentPort, "wrong")).toBe("error");
  });

  it("comes back with its data after being killed", async () => {
    const alice = await login("alice");
    const before = prosody.pid;
    await prosody.kill();
    await expect(alice.waitFor(() => false, { what: "anything" })).rejects.toThrow("connection closed");
    expect(prosody.pid).toBeUndefined();
    await prosody.restart();
    expect(prosody.pid).not.toBe(before);
    await login("alice");
    expect(prosody.log()).toContain("contoso.example");
  });
});

describe("startProsody", () => {
  it.skipIf(!existsSync("/usr/bin/prosody"))(
    "is ready without components, on the ports it was told",
    async () => {
      const [portBase] = await freePorts(1);
      const prosody = await startProsody({
        domains: ["example.com"],
        users: [],
        components: [],
        portBase: portBase!,
      });
      expect([prosody.c2sPort, prosody.componentPort]).toEqual([portBase, portBase! + 1]);
      await prosody.stop();
      expect(prosody.pid).toBeUndefined();
    },
  );

  it("says why it could not start", async () => {
    const options = { domains: ["example.com"], users: [], components: [] };
    await expect(startProsody({ ...options, program: "/nonexistent/prosody" })).rejects.toThrow("ENOENT");
    await expect(
      startProsody({ ...options, users: [{ jid: "a@other.example", password: "x" }] }),
    ).rejects.toThrow("a@other.example is of no domain");
  });
});
