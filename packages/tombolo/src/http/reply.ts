/** What the admin listener is asked, and what it answers. */
import type { ServerResponse } from "node:http";

export type Method = "GET" | "PUT" | "DELETE";

interface AdminRequest {
  readonly method: Method;
  /** Decoded values of the `{name}` parts of the route. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The request's body; empty for GET and DELETE. */
  readonly body: string;
}

export interface AdminReply {
  readonly status: number;
  /** A media type, with its charset where it is text. */
  readonly type: string;
  readonly body: string;
}

type Handler = (request: AdminRequest) => AdminReply | Promise<AdminReply>;

/** A path like `/api/v1/policy/users/{local}` and what answers there, by method. */
export interface Route {
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Handler>>>;
}

export function text(status: number, body: string, type = "text/plain; charset=utf-8"): AdminReply {
  return { status, type, body };
}

export function json(status: number, value: unknown): AdminReply {
  return { status, type: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}

/** Writes a reply. Nothing of the admin listener is cached, framed or sniffed. */
export function send(response: ServerResponse, reply: AdminReply, extra: Record<string, string> = {}): void {
  response.writeHead(reply.status, {
    "content-type": reply.type,
    "content-length": Buffer.byteLength(reply.body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
    ...extra,
  });
  response.end(response.req.method === "HEAD" ? undefined : reply.body);
}
