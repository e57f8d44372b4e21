import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { createAuthority, freePorts, type Prosody, startProsody } from "@tombolo/testkit";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createInstall, type Install } from "../../test/install.ts";
import type { SipPartner } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { diagnose, type Step } from "./doctor.ts";

let install: Install;
let prosody: Prosody;
beforeAll(async () => {
  install = createInstall();
  prosody = await startProsody({
    domains: ["example.com"],
    users: [],
    components: [{ domain: "contoso.example", secret: "s3cret" }],
  });
});
afterAll(async () => {
  install.remove();
  await prosody.stop();
});

const OK = "SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS x;branch=z9hG4bKx\r\nContent-Length: 0\r\n\r\n";

/** A partner's edge with one answer to everything. */
async function partner(answer: (socket: TLSSocket) => void, dns = "sip.contoso.example"): Promise<number> {
  const shown = install.authority.issue({ commonName: "x", dns: [dns] });
  const options = { ...shown, ca: install.authority.cert, requestCert: true, rejectUnauthorized: true };
  const server = createServer(options, (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => answer(socket));
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function steps(at: number): Promise<readonly Step[]> {
  const file = install.config(
    ["127.0.0.1:15061", `127.0.0.1:${at}`],
    ["127.0.0.1:5347", `127.0.0.1:${prosody.componentPort}`],
  );
  const { config } = loadConfig(file);
  return diagnose(config!, config!.partners[0] as SipPartner);
}

const short = (all: readonly Step[]) => all.map(({ step, state }) => `${step}: ${state}`);

test("a partner that is well: every step is ok, and the answer to OPTIONS is shown", async () => {
  const all = await steps(await partner((socket) => socket.write(OK)));
  expect(new Set(all.map(({ state }) => state))).toEqual(new Set(["ok"]));
  expect(all.find(({ step }) => step === "options")?.says).toBe("answered 200 OK");
  expect(all.find(({ step }) => step === "tls")?.says).toMatch(/^127\.0\.0\.1:\d+ speaks TLSv1\.3$/);
});

test("any final answer is an answer", async () => {
  const refused = OK.replace("200 OK", "403 Forbidden");
  const all = await steps(await partner((socket) => socket.write(refused)));
  expect(all.find(({ step }) => step === "options")).toMatchObject({
    state: "ok",
    says: "answered 403 Forbidden",
  });
});

test("nobody listens: TCP is the first that is broken, what follows is not tried", async () => {
  const [dead] = await freePorts(1);
  const all = await steps(dead!);
  expect(short(all)).toEqual([
    "policy: ok",
    "own certificate: ok",
    "dns: ok",
    "tcp: broken",
    "tls: skipped",
    "certificate: skipped",
    "options: skipped",
    "xmpp link: ok",
  ]);
  expect(all[3]?.cure).toMatch(/start its edge/);
});

test("a certificate of somebody else", async () => {
  const all = await steps(await partner(() => undefined, "sip.evil.example"));
  expect(all.find(({ state }) => state === "broken")).toMatchObject({
    step: "certificate",
    says: expect.stringContaining("names sip.evil.example") as string,
    cure: expect.stringContaining("names:") as string,
  });
});

test("an edge that hangs up on the question has not listed us", async () => {
  const all = await steps(await partner((socket) => socket.end()));
  expect(all.find(({ state }) => state === "broken")).toMatchObject({
    step: "options",
    cure: expect.stringMatching(/trust our root/) as string,
  });
});

test("an edge that trusts another root refuses our certificate", async () => {
  const shown = install.authority.issue({ commonName: "x", dns: ["sip.contoso.example"] });
  const ca = createAuthority({ name: "Stranger" }).cert;
  const server = createServer({ ...shown, ca, requestCert: true, rejectUnauthorized: true }).listen(
    0,
    "127.0.0.1",
  );
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const all = await steps((server.address() as AddressInfo).port);
  const first = all.find(({ state }) => state === "broken");
  expect(first?.cure).toMatch(/trust our root/);
});
