import { once } from "node:events";
import { request as ask } from "node:http";
import { connect } from "node:net";
import { Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { createLog } from "../log/log.ts";
import { createMetrics } from "../metrics/metrics.ts";
import {
  type AdminOptions,
  type AdminServer,
  MAX_BODY_BYTES,
  MAX_CONNECTIONS,
  MAX_HEAD_BYTES,
  MAX_URL_LENGTH,
  type Readiness,
  startAdminServer,
} from "./admin-server.ts";
import { json, type Route } from "./reply.ts";

let server: AdminServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const logged: string[] = [];
const log = createLog({
  level: "info",
  node: "gw1",
  key: new Uint8Array(32),
  stream: { write: (line: string) => void logged.push(line) },
});

async function start(options: Partial<AdminOptions> = {}): Promise<void> {
  server = await startAdminServer({
    listen: { host: "127.0.0.1", port: 0 },
    token: undefined,
    registry: new Registry(),
    readiness: () => ({ ready: true, waitingFor: [] }),
    log,
    ...options,
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

function get(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<Answer>((resolve, reject) => {
    const { method = "GET", headers = {}, body } = options;
    const request = ask(
      { host: "127.0.0.1", port: server!.address.port, path, method, headers },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("end", () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: text }),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

test("health, readiness and metrics", async () => {
  let state: Readiness = { ready: false, waitingFor: ["xmpp link contoso.example"] };
  const metrics = createMetrics(["contoso.example"], { processMetrics: false });
  await start({ readiness: () => state, registry: metrics.registry });
  expect(await get("/healthz")).toMatchObject({ status: 200, body: "ok\n" });
  const waiting = await get("/readyz");
  expect(waiting.status).toBe(503);
  expect(JSON.parse(waiting.body)).toEqual({ ready: false, waitingFor: ["xmpp link contoso.example"] });
  state = { ready: true, waitingFor: [] };
  expect(await get("/readyz")).toMatchObject({ status: 200, body: '{"ready":true,"waitingFor":[]}\n' });
  const page = await get("/metrics?x=1");
  expect(page.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(page.body).toContain(
    'tombolo_im_accepted_total{direction="sip_to_xmpp",partner="contoso.example"} 0',
  );
  expect(await get("/healthz", { method: "HEAD" })).toMatchObject({ status: 200, body: "" });
});

test.each([
  ["/", "GET", 404],
  ["/api/v1/nothing", "GET", 404],
  ["/metrics/", "GET", 404],
  ["/__proto__", "GET", 404],
  ["/things/%E0%A4%A", "GET", 404],
  ["/healthz", "POST", 405],
  ["/healthz", "DELETE", 405],
  ["/healthz", "TRACE", 405],
])("%s %s gives %i as JSON", async (path, method, status) => {
  await start({ routes: [{ path: "/things/{id}", methods: {} }] });
  const answer = await get(path, { method });
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String) });
  expect(answer.headers.allow).toBe(status === 405 ? "GET" : undefined);
});

test("routes get their decoded parts, query and body; a failing one says nothing of how", async () => {
  const routes: Route[] = [
    {
      path: "/api/v1/rules/{user}/{peer}",
      methods: { PUT: ({ params, body, query }) => json(200, { params, body, q: query.get("q") }) },
    },
    {
      path: "/broken",
      methods: {
        GET: () => {
          throw new Error("secret detail");
        },
      },
    },
  ];
  await start({ routes });
  const put = await get("/api/v1/rules/alice/bob%40contoso.example?q=1", { method: "PUT", body: "{}" });
  expect(JSON.parse(put.body)).toEqual({
    params: { user: "alice", peer: "bob@contoso.example" },
    body: "{}",
    q: "1",
  });
  logged.length = 0;
  const broken = await get("/broken");
  expect(broken.status).toBe(500);
  expect(broken.body).not.toContain("secret detail");
  expect(logged.join()).toMatch(/"event":"admin-failed".*secret detail/);
});

test("a body at the limit is taken, one byte more is not", async () => {
  await start({ routes: [{ path: "/size", methods: { PUT: ({ body }) => json(200, body.length) } }] });
  expect((await get("/size", { method: "PUT", body: "x".repeat(MAX_BODY_BYTES) })).body).toBe(
    `${MAX_BODY_BYTES}\n`,
  );
  expect((await get("/size", { method: "PUT", body: "x".repeat(MAX_BODY_BYTES + 1) })).status).toBe(413);
});

test("a path at the limit is looked up, one character more is refused; a large head too", async () => {
  await start();
  expect((await get(`/${"x".repeat(MAX_URL_LENGTH - 1)}`)).status).toBe(404);
  expect((await get(`/${"x".repeat(MAX_URL_LENGTH)}`)).status).toBe(414);
  expect((await get("/healthz", { headers: { x: "y".repeat(MAX_HEAD_BYTES) } })).status).toBe(431);
});

test("with a token, everything asks for it", async () => {
  await start({ token: "t0ken" });
  const bare = await get("/healthz");
  expect(bare).toMatchObject({ status: 401, headers: { "www-authenticate": 'Bearer realm="tombolo"' } });
  for (const authorization of ["Bearer wrong", "Bearer t0ke", "Basic t0ken", "Bearer", ""]) {
    expect((await get("/metrics", { headers: { authorization } })).status).toBe(401);
  }
  expect((await get("/metrics", { headers: { authorization: "Bearer t0ken" } })).status).toBe(200);
  server!.setToken("new");
  expect((await get("/metrics", { headers: { authorization: "Bearer t0ken" } })).status).toBe(401);
  expect((await get("/metrics", { headers: { authorization: "bearer new" } })).status).toBe(200);
});

test.each([
  [{ host: "evil.example" }, 403],
  [{ host: "localhost:8280" }, 200],
  [{ host: "[::1]:8280" }, 200],
  [{ origin: "https://evil.example" }, 403],
  [{ origin: "null" }, 403],
  [{ host: "127.0.0.1:8280", origin: "http://127.0.0.1:8280" }, 200],
])("without a token, pages of other sites are kept out: %o gives %i", async (headers, status) => {
  await start();
  expect((await get("/healthz", { headers: headers as Record<string, string> })).status).toBe(status);
});

test("as many connections as allowed stay open, one more is closed at once", async () => {
  await start();
  const sockets = Array.from({ length: MAX_CONNECTIONS }, () => connect(server!.address.port, "127.0.0.1"));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const extra = connect(server!.address.port, "127.0.0.1");
  await once(extra.resume(), "close");
  expect(sockets.filter((socket) => socket.readyState === "open")).toHaveLength(MAX_CONNECTIONS);
  for (const socket of sockets) socket.destroy();
});

test("what is no HTTP is answered 400 and closed", async () => {
  await start();
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(server!.address.port, "127.0.0.1", () =>
      socket.write("REGISTER sip:x SIP/2.0\r\n\r\n"),
    );
    let text = "";
    socket.on("data", (part) => {
      text += String(part);
    });
    socket.on("close", () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

test("a port in use is said in one sentence with its key", async () => {
  await start();
  const again = startAdminServer({
    listen: server!.address,
    token: undefined,
    registry: new Registry(),
    readiness: () => ({ ready: true, waitingFor: [] }),
    log,
  });
  await expect(again).rejects.toThrow(
    /^cannot listen on 127\.0\.0\.1:\d+ \(admin\.listen\): another program uses this port; stop it or choose another port$/,
  );
});
