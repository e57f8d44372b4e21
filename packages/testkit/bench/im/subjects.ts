/** What carries the messages between the two ends. */
import { join } from "node:path";
import { Child } from "../edge/child.ts";
import type { Identity, SipPorts, Transport } from "../ends/sip-end.ts";
import { PARTNER_NAME, SECRET, startTombolo } from "../ends/tombolo.ts";
import { startKamailioGateway } from "./kamailio-gateway.ts";

/** `other-tombolo` is the program of another checkout. */
export type Kind = "tombolo" | "other-tombolo" | "kamailio-tls" | "kamailio-tcp" | "echo";

/** The SIP domain of each subject; Tombolo has one that takes sessions and one that takes single messages. */
export const DOMAINS = {
  tombolo: { session: "lync.example", page: "simple.example" },
  "other-tombolo": { session: "other-lync.example", page: "other-simple.example" },
  "kamailio-tls": { session: "", page: "kamailio-tls.example" },
  "kamailio-tcp": { session: "", page: "kamailio-tcp.example" },
  echo: { session: "", page: "echo.example" },
} as const satisfies Record<Kind, { session: string; page: string }>;

export interface Surroundings {
  /** What every subject shows. */
  readonly own: Identity;
  readonly sip: SipPorts;
  /** Port for components. */
  readonly component: number;
  readonly otherRoot?: string | undefined;
  /** Where Tombolo writes a CPU profile at its end; left out: none. */
  readonly profileDir?: string | undefined;
}

export interface Subject {
  readonly kind: Kind;
  /** 0 where it takes no SIP. */
  readonly port: number;
  readonly transport: Transport;
  readonly pid: number;
  readonly isRunning: boolean;
  /** The last of what it said. */
  output(): string;
  stop(): Promise<void>;
}

const OWN_ROOT = join(import.meta.dirname, "../../../..");
const ECHO = join(OWN_ROOT, "packages/xmpp-edge/bench/echo.ts");

export async function startSubject(kind: Kind, around: Surroundings): Promise<Subject> {
  switch (kind) {
    case "tombolo":
    case "other-tombolo": {
      const { own, sip, component, otherRoot, profileDir } = around;
      const { session, page } = DOMAINS[kind];
      const partners = [
        { domain: session, profile: "lync" },
        { domain: page, profile: "simple" },
      ];
      const root = kind === "tombolo" ? undefined : otherRoot;
      const tombolo = await startTombolo({ root, own, sip: sip.tls, component, partners, profileDir });
      return Object.assign(tombolo, { kind, transport: "tls" } as const);
    }
    case "kamailio-tls":
    case "kamailio-tcp": {
      const transport = kind === "kamailio-tls" ? "tls" : "tcp";
      const component = { port: around.component, domain: DOMAINS[kind].page, secret: SECRET };
      const options = { ...around.own, transport, component, name: PARTNER_NAME } as const;
      const kamailio = await startKamailioGateway({ ...options, sip: around.sip[transport] });
      return Object.assign(kamailio, { kind, transport } as const);
    }
    case "echo": {
      const child = new Child(ECHO);
      await child.ask({ port: around.component, domain: DOMAINS.echo.page, secret: SECRET });
      return {
        kind,
        port: 0,
        transport: "tcp",
        pid: child.pid,
        get isRunning() {
          return child.isRunning;
        },
        output: () => "",
        stop: () => child.stop(),
      };
    }
    default:
      return kind satisfies never;
  }
}
