/** Tries one component link: connects, shows the secret, and leaves again. */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { LinkDriver } from "@tombolo/xmpp-edge/io";
import { formatHostPort } from "../config/addresses.ts";
import type { XmppLinkConfig } from "../config/config.ts";
import type { Trouble } from "./trouble.ts";

/** How long connecting and the handshake may take together, in ms. */
const LINK_TRIAL_MS = 5_000;

const CURES: readonly (readonly [RegExp, string])[] = [
  [
    /\(not-authorized\)/,
    "write the secret of this component in the XMPP server's configuration into secretFile",
  ],
  [
    /\(host-unknown\)/,
    "add this domain as an external component to the XMPP server's configuration, if that is its component port",
  ],
  [/\(invalid-namespace\)/, "write the component port of the XMPP server, usually 5347, not its client port"],
  [/ECONNREFUSED/, "start the XMPP server and open its component port, or correct gateway.xmpp.server"],
  [/ENOTFOUND|EAI_AGAIN/, "correct the host in gateway.xmpp.server, or its DNS entry"],
  [
    /in time|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    "open the firewall between this machine and the XMPP server",
  ],
];

/**
 * Undefined when the server took the link of `domain`. A link that is up already (by a running program) is no trouble
 * either where the server says so by `conflict`, because it looks at the secret first.
 */
export async function tryLink(
  domain: string,
  pingTarget: string,
  link: XmppLinkConfig,
): Promise<Trouble | undefined> {
  let settle: (reason: string | undefined) => void = () => undefined;
  const settled = new Promise<string | undefined>((resolve) => {
    settle = resolve;
  });
  const driver = new LinkDriver({
    settings: {
      domain,
      pingTarget,
      software: { name: "Tombolo", version: "check" },
      dialTimeoutMs: LINK_TRIAL_MS,
    },
    server: link.server,
    secret: link.secret,
    ids: () => randomBytes(8).toString("hex"),
    random: Math.random,
    now: () => performance.now(),
    onStanza: () => undefined,
    onTaken: () => undefined,
    onLost: () => undefined,
    onUp: () => settle(undefined),
    onDown: ({ reason }) => settle(reason),
  });
  driver.start();
  const reason = await settled;
  await driver.stop();
  if (reason === undefined || reason.includes("(conflict)")) return undefined;
  const cure = CURES.find(([pattern]) => pattern.test(reason))?.[1];
  return {
    message: `the XMPP link of ${domain} to ${formatHostPort(link.server)} does not come up: ${reason}`,
    cure: cure ?? "look into the XMPP server's log for this component",
  };
}
