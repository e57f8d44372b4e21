/** Accepted texts and the disk: what is written, what survives, and what happens when nothing can be written. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildResponse, type SipMessage, UserAgent } from "@tombolo/sip";
import { countingIds } from "@tombolo/testkit";
import {
  DEFAULT_CONVERSATION_SETTINGS,
  DEFAULT_SIP_WATCHER_SETTINGS,
  DEFAULT_XMPP_WATCHER_SETTINGS,
  profileByName,
  Translator,
} from "@tombolo/translator";
import { type Element, parse } from "ltx";
import { expect, onTestFinished, test } from "vitest";
import { GatewayDriver } from "../src/federation/gateway-driver.ts";
import { Keeper } from "../src/federation/keeper.ts";
import { Gateway } from "../src/gateway.ts";
import { EmbeddedStore } from "../src/store/embedded-store.ts";
import { COMMIT_DELAY_MS, RETRY_MS } from "../src/store/group-commit.ts";
import { FileDisk, HandTimers } from "./store/disks.ts";
import { testFolder } from "./store/folder.ts";

const PARTNER = "contoso.example";
const VERIFIED = { partner: PARTNER, name: `sip.${PARTNER}` };
const WALL = Date.UTC(2026, 10, 21, 12, 34);
const SDP =
  "v=0\r\no=- 0 0 IN IP4 x\r\ns=s\r\nc=IN IP4 x\r\nt=0 0\r\nm=message 5060 sip sip:bob@contoso.example\r\n";

let runs = 0;

/** One run of the gateway with its store in a real file. */
class Run {
  readonly disk: FileDisk;
  readonly store: EmbeddedStore;
  readonly timers = new HandTimers();
  readonly requests: SipMessage[] = [];
  readonly errors: Element[] = [];
  private readonly driver: GatewayDriver;
  private readonly keeper: Keeper;
  private now = 1_000;

  constructor(path: string) {
    runs += 1;
    const ids = countingIds(`run${runs}x`);
    this.disk = new FileDisk({ path });
    onTestFinished(() => this.disk.close());
    this.store = new EmbeddedStore(
      {
        path,
        onTrouble: () => this.driver.feed({ kind: "store", takes: false }),
        onHealthy: () => this.driver.feed({ kind: "store", takes: true }),
        onUnreadable: () => {},
      },
      this.disk,
      this.timers,
    );
    const clocks = () => ({ now: this.now, wall: WALL });
    this.keeper = new Keeper(this.store, clocks, (kept) => this.driver.feed({ kind: "not-kept", kept }));
    const engine = new UserAgent({
      sentBy: "gw.invalid",
      transport: "TLS",
      contact: "sip:sip.example.com;transport=tls",
      userAgent: "Tombolo/0",
      ids,
      random: () => 0.5,
    });
    const translator = new Translator({
      xmppDomains: ["example.com"],
      partners: [{ domain: PARTNER, profile: profileByName("lync") }],
      xmppPolicy: { default: "deny", exceptions: [] },
      unknownWatcher: "ask",
      maxExpiresSeconds: 7200,
      address: "sip.example.com",
      ids,
      random: () => 0.5,
      wall: () => WALL,
      conversation: DEFAULT_CONVERSATION_SETTINGS,
      sipWatcher: DEFAULT_SIP_WATCHER_SETTINGS,
      xmppWatcher: DEFAULT_XMPP_WATCHER_SETTINGS,
    });
    this.driver = new GatewayDriver(new Gateway(engine, translator), {
      now: () => this.now,
      toEdge: (message) => {
        if (message.method !== "ACK") this.requests.push(message);
      },
      // The server takes what it gets at once.
      toLink: (_, stanza, track) => {
        if (stanza.attrs.type === "error") this.errors.push(stanza);
        if (track !== undefined) this.driver.feed({ kind: "taken", track });
      },
      keep: (kept, snapshot) => this.keeper.keep(kept, snapshot),
      observe: (observation) => expect(observation.what).not.toBe("imbalance"),
    });
    onTestFinished(() => this.driver.stop());
  }

  async restore(): Promise<void> {
    await this.keeper.restore((input) => this.driver.feed(input));
    this.driver.feed({ kind: "recover" });
  }

  alice(text: string, id: string): void {
    const stanza = `<message from="alice@example.com/desk" to="bob@contoso.example" type="chat" id="${id}"><body>${text}</body></message>`;
    this.driver.feed({ kind: "stanza", partner: PARTNER, stanza: parse(stanza) });
  }

  /** bob's side answers the last request. */
  bob(status = 200): void {
    const request = this.requests.at(-1)!;
    const isInvite = request.method === "INVITE" && status < 300;
    const body = { type: "application/sdp", bytes: new TextEncoder().encode(SDP) };
    const answer = { headers: [["Contact", "<sip:bob@contoso.example>"]] as const, body };
    const message = buildResponse(request, status, { toTag: "b", ...(isInvite && answer) });
    this.driver.fromEdge(message, VERIFIED);
  }

  /** The group commit has its turn. */
  commit(): Promise<void> {
    return this.timers.run(COMMIT_DELAY_MS);
  }

  /** The process dies: what is not on disk is lost. */
  async die(): Promise<void> {
    this.driver.stop();
    await this.disk.close();
  }
}

const textsOf = (run: Run) => run.requests.filter(({ method }) => method === "MESSAGE").map(bodyOf);
const bodyOf = (message: SipMessage) => new TextDecoder().decode(message.body);

test("a text that is delivered before the commit never comes to the disk, one that waits does until it is", async () => {
  const run = new Run(join(testFolder(), "t.db"));
  await run.restore();
  run.alice("one", "c1");
  run.bob();
  run.bob();
  await run.commit();
  expect(run.disk.transactions).toEqual([]);
  run.alice("two", "c2");
  await run.commit();
  run.bob();
  await run.commit();
  expect(run.disk.transactions.map((changes) => changes.length)).toEqual([1, 1]);
  expect(textsOf(run)).toEqual(["one", "two"]);
});

test("what is on disk when the process dies is sent late or returned, and then gone from the file", async () => {
  const path = join(testFolder(), "t.db");
  const first = new Run(path);
  first.alice("a secret that was under way", "c1");
  first.bob();
  first.alice("a secret that waited", "c2");
  await first.commit();
  first.alice("read, and not on disk yet", "c3");
  await first.die();

  const second = new Run(path);
  await second.restore();
  expect(second.errors.map(({ attrs }) => attrs.id)).toEqual(["c1"]);
  second.bob();
  second.bob();
  expect(textsOf(second)).toEqual(["[2026-11-21 12:34 UTC] a secret that waited"]);
  await second.commit();
  await second.store.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path).includes("secret")).toBe(false);

  const third = new Run(path);
  await third.restore();
  expect([third.errors, third.requests]).toEqual([[], []]);
});

test("while the disk is full texts are refused at once, what was accepted goes on, and later all is as before", async () => {
  const run = new Run(join(testFolder(), "t.db"));
  run.disk.fault = "disk-full";
  run.alice("taken before anybody knew", "c1");
  await run.commit();
  expect(run.store.trouble?.fault).toBe("disk-full");
  run.alice("refused", "c2");
  const refusal = run.errors.find(({ attrs }) => attrs.id === "c2")?.getChild("error");
  expect(refusal?.attrs.type).toBe("wait");
  expect(refusal?.getChild("resource-constraint")).toBeDefined();
  run.bob();
  run.bob();
  expect(textsOf(run)).toEqual(["taken before anybody knew"]);
  run.disk.fault = undefined;
  await run.timers.run(RETRY_MS);
  run.alice("taken again", "c3");
  run.bob();
  await run.commit();
  expect(textsOf(run)).toEqual(["taken before anybody knew", "taken again"]);
  expect(run.errors).toHaveLength(1);
  await run.store.close();
});
