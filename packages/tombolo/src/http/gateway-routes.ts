/** What the admin API says of the gateway's users, and the rules that can be set there. */
import type { GatewayDesk } from "../federation/gateway-desk.ts";
import { DeskError } from "../federation/gateway-desk.ts";
import { StoreError } from "../store/store-error.ts";
import { type AdminReply, json, type Route } from "./reply.ts";

export interface LinkRow {
  readonly domain: string;
  readonly state: "up" | "down" | "none";
}

export interface GatewayViews {
  /** Undefined on an edge alone. */
  readonly desk: GatewayDesk | undefined;
  readonly links: () => readonly LinkRow[];
}

/** `/api/v1/policy`, `.../subscriptions`, `.../sessions`, `.../links`, `.../explain`. */
export function gatewayRoutes({ desk, links }: GatewayViews): readonly Route[] {
  const withDesk = async (
    answer: (desk: GatewayDesk) => AdminReply | Promise<AdminReply>,
  ): Promise<AdminReply> => {
    if (!desk) return json(404, { error: "this process has no gateway; ask the one that has" });
    try {
      return await answer(desk);
    } catch (error) {
      if (error instanceof DeskError) return json(400, { error: error.message });
      if (error instanceof StoreError)
        return json(503, {
          error: `it holds until the next restart, but could not be written: ${error.message}`,
        });
      throw error;
    }
  };
  return [
    { path: "/api/v1/links", methods: { GET: () => json(200, { links: links() }) } },
    {
      path: "/api/v1/subscriptions",
      methods: {
        GET: ({ query }) =>
          withDesk((own) => {
            const { total, rows } = own.subscriptions(query.get("about") ?? undefined);
            return json(200, { total, subscriptions: rows });
          }),
      },
    },
    {
      path: "/api/v1/sessions",
      methods: {
        GET: ({ query }) =>
          withDesk((own) => {
            const { total, rows } = own.sessions(query.get("about") ?? undefined);
            return json(200, { total, sessions: rows });
          }),
      },
    },
    {
      path: "/api/v1/explain",
      methods: {
        GET: ({ query }) =>
          withDesk((own) => {
            const [watcher, presentity] = [query.get("watcher"), query.get("presentity")];
            if (!watcher || !presentity)
              throw new DeskError("write ?watcher=user@domain&presentity=user@domain");
            return json(200, own.explain(watcher, presentity));
          }),
      },
    },
    { path: "/api/v1/policy", methods: { GET: () => withDesk((own) => json(200, own.policy)) } },
    {
      path: "/api/v1/policy/users/{local}/rules/{peer}",
      methods: {
        PUT: ({ params, body }) =>
          withDesk(async (own) => {
            const action = actionOf(body);
            if (!action) throw new DeskError('send {"action":"allow"} or {"action":"block"}');
            const rule = (await own.decide(params.local!, params.peer!, action))!;
            const doubt = own.doubt(rule);
            return json(200, doubt === undefined ? rule : { ...rule, doubt });
          }),
        DELETE: ({ params }) =>
          withDesk(async (own) => {
            const removed = await own.decide(params.local!, params.peer!, undefined);
            if (removed) return json(200, { removed });
            return json(404, { error: `there is no rule of ${params.local} for ${params.peer}` });
          }),
      },
    },
  ];
}

function actionOf(body: string): "allow" | "block" | undefined {
  try {
    const { action } = JSON.parse(body) as { action?: unknown };
    return action === "allow" || action === "block" ? action : undefined;
  } catch {
    return undefined;
  }
}
