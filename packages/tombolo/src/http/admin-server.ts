/** The admin listener: metrics, health, and whatever routes the program adds. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import type { HostPort } from "../config/addresses.ts";
import { ListenError } from "../listen-error.ts";
import type { Log } from "../log/log.ts";
import { bearsToken, isForeignPage } from "./access.ts";
import { type AdminReply, json, type Method, type Route, send, text } from "./reply.ts";
import { findRoute } from "./routes.ts";

/** Largest request head, in bytes. */
export const MAX_HEAD_BYTES = 16_384;
/** Longest path with its query, in characters. */
export const MAX_URL_LENGTH = 4096;
/** Largest request body, in bytes. */
export const MAX_BODY_BYTES = 65_536;
/** Most connections at once. */
export const MAX_CONNECTIONS = 256;
const HEAD_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 5_000;

/** Whether the program can serve, and what is missing where it cannot. */
export interface Readiness {
  readonly ready: boolean;
  /** One line for each thing that is not up: `xmpp link contoso.example`. */
  readonly waitingFor: readonly string[];
}

export interface AdminOptions {
  readonly listen: HostPort;
  /** Demanded of every request where given. */
  readonly token: string | undefined;
  readonly registry: Registry;
  readonly readiness: () => Readiness;
  readonly log: Log;
  /** What the program adds to the paths of this file. */
  readonly routes?: readonly Route[];
}

export interface AdminServer {
  /** Where it listens; the port is the real one where 0 was asked for. */
  readonly address: HostPort;
  /** For a reload. Undefined lets requests from loopback in without one. */
  setToken(token: string | undefined): void;
  /** Takes no new connection and ends the open ones. */
  close(): Promise<void>;
}

function ownRoutes(options: AdminOptions): Route[] {
  const readiness = () => {
    const state = options.readiness();
    return json(state.ready ? 200 : 503, state);
  };
  const metrics = async () => text(200, await options.registry.metrics(), options.registry.contentType);
  return [
    { path: "/metrics", methods: { GET: metrics } },
    { path: "/healthz", methods: { GET: () => text(200, "ok\n") } },
    { path: "/readyz", methods: { GET: readiness } },
  ];
}

/** Reads a body; undefined when it is larger than `MAX_BODY_BYTES` or the sender broke off. */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= MAX_BODY_BYTES) parts.push(part);
      else resolve(undefined);
    });
    request.on("end", () => resolve(Buffer.concat(parts).toString("utf8")));
    request.on("error", () => resolve(undefined));
    request.on("close", () => resolve(undefined));
  });
}

class AdminListener {
  private readonly routes: readonly Route[];
  private readonly log: Log;
  token: string | undefined;

  constructor(options: AdminOptions) {
    this.routes = [...ownRoutes(options), ...(options.routes ?? [])];
    this.log = options.log;
    this.token = options.token;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? "/";
    const refusal = this.refusal(request, url);
    if (refusal !== undefined) return this.refuse(response, refusal);
    const [path = "/", query = ""] = url.split("?", 2);
    const match = findRoute(this.routes, path);
    if (match === undefined) return this.refuse(response, json(404, { error: `nothing is at ${path}` }));
    const method = (request.method === "HEAD" ? "GET" : request.method) as Method;
    const handler = Object.hasOwn(match.route.methods, method) ? match.route.methods[method] : undefined;
    if (handler === undefined) {
      const allow = Object.keys(match.route.methods).join(", ");
      const message = `${path} takes ${allow}, not ${request.method}`;
      return this.refuse(response, json(405, { error: message }), { allow });
    }
    const body = method === "PUT" ? await readBody(request) : "";
    if (body === undefined) {
      return this.refuse(response, json(413, { error: `a body may have ${MAX_BODY_BYTES} bytes` }));
    }
    try {
      const reply = await handler({ method, params: match.params, query: new URLSearchParams(query), body });
      send(response, reply);
    } catch (error) {
      this.log.error("admin-failed", { path: match.route.path, method, error });
      this.refuse(response, json(500, { error: "the program failed to answer; its log says why" }));
    }
  }

  private refusal(request: IncomingMessage, url: string): AdminReply | undefined {
    if (url.length > MAX_URL_LENGTH)
      return json(414, { error: `a path may have ${MAX_URL_LENGTH} characters` });
    if (this.token === undefined) {
      if (!isForeignPage(request)) return undefined;
      return json(403, {
        error: "without a token, ask by IP address or as localhost, and not from another site",
      });
    }
    return bearsToken(request, this.token)
      ? undefined
      : json(401, { error: "send Authorization: Bearer TOKEN" });
  }

  /** Refuses and ends the connection, because an unread body may be on it. */
  private refuse(response: ServerResponse, reply: AdminReply, extra: Record<string, string> = {}): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const challenge = reply.status === 401 ? { "www-authenticate": 'Bearer realm="tombolo"' } : {};
    send(response, reply, { connection: "close", ...challenge, ...extra });
  }
}

/** Starts listening. Rejects with a `ListenError` when the address cannot be had. */
export async function startAdminServer(options: AdminOptions): Promise<AdminServer> {
  const listener = new AdminListener(options);
  const server = createServer(
    {
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => void listener.answer(request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, options.listen);
  server.on("error", (error) => options.log.error("admin-listener-failed", { error }));
  const { address, port } = server.address() as AddressInfo;
  return {
    address: { host: address, port },
    setToken: (token) => {
      listener.token = token;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, place: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) => reject(new ListenError("admin.listen", place, error));
    server.once("error", failed);
    server.listen(place.port, place.host, () => {
      server.off("error", failed);
      resolve();
    });
  });
}
