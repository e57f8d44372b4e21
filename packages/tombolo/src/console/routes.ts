import { json, type Route, text } from "../http/reply.ts";
import { CONSOLE_CSS, statusPage } from "./page.ts";
import type { Status } from "./status.ts";

/** The console and the status behind it. */
export function consoleRoutes(status: () => Status): readonly Route[] {
  return [
    { path: "/", methods: { GET: () => text(200, statusPage(status()), "text/html; charset=utf-8") } },
    { path: "/console.css", methods: { GET: () => text(200, CONSOLE_CSS, "text/css; charset=utf-8") } },
    { path: "/api/v1/status", methods: { GET: () => json(200, status()) } },
  ];
}
