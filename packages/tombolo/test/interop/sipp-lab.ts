/** The whole program with a real XMPP server, and SIPp, a SIP implementation that is not ours, as its partners behind stunnel. */
import {
  ALICE,
  freePorts,
  type Lab,
  type Sipp,
  type Stunnel,
  startSipp,
  startStunnel,
  type XmppClient,
} from "@tombolo/testkit";
import { expect } from "vitest";
import { readMetrics } from "../real/metrics-page.ts";
import { startRealLab } from "../real/real-lab.ts";
import { type ScenarioValues, scenario } from "./scenario.ts";

/** A partner, and what SIPp does there: sends requests, or takes those of the program. */
export interface SippPartner {
  readonly domain: string;
  readonly profile: string;
  readonly role: "calls" | "is called";
}

export class SippLab {
  readonly lab: Lab;
  readonly #tunnels: ReadonlyMap<string, Stunnel>;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(lab: Lab, tunnels: ReadonlyMap<string, Stunnel>, ports: ReadonlyMap<string, number>) {
    this.lab = lab;
    this.#tunnels = tunnels;
    this.#ports = ports;
  }

  /** A partner that calls has no way in: its requests and those in their dialogs share the connection that it opened. */
  static async start(partners: readonly SippPartner[]): Promise<SippLab> {
    const free = await freePorts(2 * partners.length);
    const tls = new Map(partners.map(({ domain }, at) => [domain, free[2 * at]!]));
    const tcp = new Map(partners.map(({ domain }, at) => [domain, free[2 * at + 1]!]));
    const lab = await startRealLab({
      partners: partners.map(({ domain, profile }) => ({ domain, profile, port: tls.get(domain)! })),
    });
    const tunnels = await Promise.all(
      partners.map(async ({ domain, role }) => {
        const common = {
          credentials: lab.authority.issue({ commonName: `sip.${domain}`, dns: [`sip.${domain}`] }),
          ca: lab.authority.cert,
        };
        const way =
          role === "calls"
            ? { client: { port: lab.sipPort, servername: "sip.example.com" } }
            : { server: { port: tcp.get(domain)!, tlsPort: tls.get(domain)! } };
        return [domain, await startStunnel({ ...common, ...way })] as const;
      }),
    );
    return new SippLab(lab, new Map(tunnels), tcp);
  }

  get alice(): XmppClient {
    return this.lab.alice;
  }

  /** Starts a scenario that calls as `user` of `domain`, to alice unless `values` say otherwise. */
  async calls(name: string, user: string, domain: string, values: ScenarioValues = {}): Promise<Sipp> {
    const text = scenario(name, this.#values(user, domain, values));
    return await startSipp({ scenario: text, target: this.#tunnels.get(domain)!.tcpPort });
  }

  /** Starts a scenario that waits for requests to `user` of `domain`; settles when it listens. */
  async waits(
    name: string,
    user: string,
    domain: string,
    values: ScenarioValues = {},
    calls = 1,
  ): Promise<Sipp> {
    const text = scenario(name, this.#values(user, domain, values));
    return await startSipp({ scenario: text, localPort: this.#ports.get(domain)!, calls });
  }

  /** Its exit code is 0; resolves with what was on its wire when the program has seen its connection end as well. */
  async succeeds(started: Sipp | Promise<Sipp>, domain: string): Promise<string> {
    const { ok, errors, messages } = await (await started).result;
    expect(ok, `${errors}\n${messages}`).toBe(true);
    const open = async () => (await readMetrics(this.lab.adminUrl)).sum("connections", { partner: domain });
    await expect.poll(open, { timeout: 5_000 }).toBe(0);
    return messages;
  }

  async stop(): Promise<void> {
    for (const tunnel of this.#tunnels.values()) await tunnel.stop();
    await this.lab.stop();
  }

  #values(user: string, domain: string, values: ScenarioValues): ScenarioValues {
    const edge = `sip.example.com:${this.lab.sipPort}`;
    return { domain, from: `${user}@${domain}`, to: ALICE, edge, ...values };
  }
}
