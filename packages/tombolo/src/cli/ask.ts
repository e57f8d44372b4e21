/** `tombolo status`, `links`, `subscriptions`, `sessions`, `explain`: what the running program knows. */
import { Command } from "commander";
import type { Status } from "../console/status.ts";
import type { Explanation } from "../federation/explanation.ts";
import type { SessionRow, SubscriptionRow } from "../federation/listings.ts";
import type { ConnectionRow, DecisionRow } from "../federation/recollection.ts";
import type { PartnerRow } from "../http/edge-routes.ts";
import type { LinkRow } from "../http/gateway-routes.ts";
import { type AdminOptions, askAdmin, withAdminOptions } from "./admin-client.ts";
import { type Ending, FINE } from "./exit.ts";
import { printable, table } from "./table.ts";

export function askCommands(end: Ending): Command[] {
  const command = (name: string, about: string) => withAdminOptions(new Command(name).description(about));
  const plain = <T>(name: string, about: string, path: string, show: (value: T) => string) =>
    command(name, about).action(async (options: AdminOptions) => {
      print(options, await askAdmin(options, path), show);
      end(FINE);
    });
  const listing = <T>(name: string, about: string, show: (value: T) => string) =>
    command(name, about)
      .argument("[about]", "only those of this user, or of this domain")
      .action(async (who: string | undefined, options: AdminOptions) => {
        const query = who === undefined ? "" : `?about=${encodeURIComponent(who)}`;
        print(options, await askAdmin(options, `/api/v1/${name}${query}`), show);
        end(FINE);
      });
  return [
    plain("status", "show how the running program is", "/api/v1/status", statusText),
    plain("partners", "show the partners, and why one cannot be reached", "/api/v1/partners", partnersText),
    plain("connections", "show the open SIP connections", "/api/v1/connections", connectionsText),
    plain("decisions", "show what was refused lately, and why", "/api/v1/decisions", decisionsText),
    plain("links", "show the links to the XMPP server", "/api/v1/links", linksText),
    listing("subscriptions", "show who watches whom", subscriptionsText),
    listing("sessions", "show the IM sessions", sessionsText),
    command("explain", "say why WATCHER sees PRESENTITY as it does")
      .argument("<watcher>", "who watches: user@domain")
      .argument("<presentity>", "who is watched: user@domain")
      .action(async (watcher: string, presentity: string, options: AdminOptions) => {
        const query = new URLSearchParams({ watcher, presentity });
        print(options, await askAdmin(options, `/api/v1/explain?${query}`), explanationText);
        end(FINE);
      }),
  ];
}

/** @param show for people. */
export function print<T>(options: AdminOptions, value: unknown, show: (value: T) => string): void {
  process.stdout.write(options.json ? `${JSON.stringify(value)}\n` : show(value as T));
}

function statusText(status: Status): string {
  const health = status.ready
    ? "ready"
    : `not ready, waits for ${status.waitingFor.map(printable).join(", ")}`;
  const head = `${printable(status.node)}, version ${status.version}, up ${status.uptimeSeconds} s: ${health}\n`;
  const of = (role: "edge" | "gateway", value: string | number) =>
    status.roles.includes(role) ? value : UNKNOWN_HERE;
  const rows = status.partners.map((one) => [
    one.domain,
    one.profile,
    of("gateway", one.xmppLink),
    of("edge", one.connections),
    of(
      "gateway",
      Object.values(one.subscriptions).reduce((sum, count) => sum + count, 0),
    ),
    of("gateway", one.sessions),
    of("gateway", one.sipToXmpp.inFlight + one.xmppToSip.inFlight),
  ]);
  const heads = ["PARTNER", "PROFILE", "XMPP LINK", "CONNECTIONS", "SUBSCRIPTIONS", "SESSIONS", "IN FLIGHT"];
  return `${head}${insideText(status)}${table(heads, rows)}`;
}

/** In the place of what the process with the other role knows. */
const UNKNOWN_HERE = "-";

/** What is in other processes: the edge of a gateway, the nodes behind an edge. */
function insideText({ node, nodes, edge }: Status): string {
  const others = nodes.filter(({ name }) => name !== node);
  const rows = [
    ...(edge ? [[`edge ${edge.at}`, edge.connections > 0 ? "up" : "down", edge.connections]] : []),
    ...others.map(({ name, health, connections }) => [`node ${name}`, health, connections]),
  ];
  return rows.length === 0 ? "" : `${table(["INSIDE", "HEALTH", "CONNECTIONS"], rows)}\n`;
}

function partnersText({ partners }: { partners: readonly PartnerRow[] }): string {
  const rows = partners.map((one) => [
    one.domain,
    one.profile,
    one.protocol === "xmpp" ? "xmpp" : (one.route ?? ""),
    one.names?.join(" ") ?? "",
    one.xmppLink ?? "",
    one.connections ?? "",
    one.unreachable ? `${one.unreachable.why} ${one.unreachable.detail} since ${one.unreachable.since}` : "",
  ]);
  const heads = ["PARTNER", "PROFILE", "ROUTE", "NAMES", "XMPP LINK", "CONNECTIONS", "CANNOT BE REACHED"];
  return table(heads, rows);
}

function connectionsText({ connections }: { connections: readonly ConnectionRow[] }): string {
  const rows = connections.map((one) => [
    one.side,
    one.partner,
    one.direction,
    one.remote,
    one.protocol,
    one.since,
  ]);
  return table(["SIDE", "PARTNER", "DIRECTION", "REMOTE", "PROTOCOL", "SINCE"], rows);
}

function decisionsText({ decisions }: { decisions: readonly DecisionRow[] }): string {
  if (decisions.length === 0) return "nothing was refused lately\n";
  const rows = decisions.map((one) => [
    one.at,
    one.gate,
    one.reason,
    one.partner,
    one.remote ?? "",
    one.cure || one.detail || "",
  ]);
  return table(["AT", "GATE", "REFUSED FOR", "PARTNER", "REMOTE", "WHAT TO DO"], rows);
}

function linksText({ links }: { links: readonly LinkRow[] }): string {
  return table(
    ["DOMAIN", "STATE"],
    links.map(({ domain, state }) => [domain, state]),
  );
}

function subscriptionsText(value: { total: number; subscriptions: readonly SubscriptionRow[] }): string {
  const rows = value.subscriptions.map((one) => [
    one.watcher,
    one.presentity,
    one.state,
    one.dialogs,
    one.expiresInSeconds,
  ]);
  return (
    table(["WATCHER", "PRESENTITY", "STATE", "DIALOGS", "EXPIRES IN S"], rows) +
    rest(value.total, rows.length)
  );
}

function sessionsText(value: { total: number; sessions: readonly SessionRow[] }): string {
  const rows = value.sessions.map((one) => [one.xmppUser, one.sipUser, one.state]);
  return table(["XMPP USER", "SIP USER", "STATE"], rows) + rest(value.total, rows.length);
}

function rest(total: number, shown: number): string {
  return total > shown ? `... and ${total - shown} more; name a user or a domain to see fewer\n` : "";
}

function explanationText({ watcher, presentity, sees, because, steps }: Explanation): string {
  const head = `${printable(watcher)} sees ${printable(presentity)} as ${printable(sees)}: ${printable(because)}\n`;
  const rows = steps.map(({ what, passes, says }) => [passes ? "ok" : "stop", what, says]);
  return `${head}${table(["", "STEP", "WHAT IS KNOWN"], rows)}`;
}
