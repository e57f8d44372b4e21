import type { MessageCounts, PartnerStatus, Status } from "./status.ts";

/** The console's first page: is it well, and which partner is not. Renews itself; needs no script. */
export function statusPage(status: Status): string {
  const health = status.ready
    ? `<p class="well">Ready</p>`
    : `<p class="ill">Not ready: ${status.waitingFor.map(escapeHtml).join(", ")}</p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tombolo ${escapeHtml(status.node)}</title><link rel="stylesheet" href="/console.css"></head>
<body><header><h1>Tombolo <span>${escapeHtml(status.node)}</span></h1>${health}
<p class="facts">version ${escapeHtml(status.version)}, up ${duration(status.uptimeSeconds)} · <a href="/metrics">metrics</a> · <a href="/api/v1/status">status as JSON</a></p></header>
<main>${status.partners.map((one) => partner(one, status.roles)).join("\n")}</main></body></html>
`;
}

/** What this process knows of a partner. */
function partner(one: PartnerStatus, roles: Status["roles"]): string {
  const connections = `<dt>SIP connections</dt><dd class="${one.connections > 0 ? "well" : "quiet"}">${one.connections}</dd>\n`;
  return `<section><h2>${escapeHtml(one.domain)} <small>${escapeHtml(one.profile)}</small></h2>
<dl>
${roles.includes("edge") ? connections : ""}${roles.includes("gateway") ? gatewayFacts(one) : "</dl>"}</section>`;
}

function gatewayFacts(one: PartnerStatus): string {
  const subscriptions = Object.entries(one.subscriptions).filter(([, count]) => count > 0);
  return `<dt>XMPP link</dt><dd class="${one.xmppLink === "up" ? "well" : "ill"}">${one.xmppLink}</dd>
<dt>IM sessions</dt><dd>${one.sessions}</dd>
<dt>Subscriptions</dt><dd>${subscriptions.map(([name, count]) => `${count} ${words(name)}`).join("<br>") || "none"}</dd>
</dl>
<table><thead><tr><th scope="col">Messages</th>${["accepted", "delivered", "bounced", "expired", "in flight"].map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>${row("SIP → XMPP", one.sipToXmpp)}${row("XMPP → SIP", one.xmppToSip)}</tbody></table>`;
}

function row(name: string, counts: MessageCounts): string {
  const { accepted, delivered, bounced, expired, inFlight } = counts;
  const cells = [accepted, delivered, bounced, expired, inFlight]
    .map((count) => `<td>${count}</td>`)
    .join("");
  return `<tr><th scope="row">${name}</th>${cells}</tr>`;
}

/** `sip_to_xmpp active` as words: who watches whom. */
function words(name: string): string {
  return escapeHtml(name.replace("sip_to_xmpp", "SIP watchers,").replace("xmpp_to_sip", "XMPP watchers,"));
}

function duration(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export const CONSOLE_CSS = `
:root { color-scheme: light dark; --line: #8884; --well: #1a7f37; --ill: #c62828; --quiet: #8a8a8a; }
body { font: 16px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h1 span, small { font-weight: 400; opacity: .7; }
h2 { font-size: 1.2rem; margin: 0 0 .6rem; }
header { border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; } .facts { opacity: .8; }
section { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem 1.2rem; margin-bottom: 1.2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; margin: 0 0 1rem; }
dt { opacity: .75; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-top: 1px solid var(--line); font-weight: 400; }
thead th { border-top: 0; opacity: .75; } th:first-child { text-align: left; }
.well { color: var(--well); font-weight: 600; } .ill { color: var(--ill); font-weight: 600; } .quiet { color: var(--quiet); }
@media (prefers-color-scheme: dark) { :root { --well: #4ac26b; --ill: #ff7b72; } }
`;
