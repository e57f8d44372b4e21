import type { IdSource } from "@tombolo/sip";
import { HeaderFilter } from "./admission/private-headers.ts";
import type { EdgeOutput } from "./edge-events.ts";
import { type Leg, makeLeg } from "./routing/leg.ts";
import type { Link } from "./routing/link.ts";
import { PartnerState } from "./routing/partner-state.ts";
import { TransactionTable } from "./routing/transaction.ts";
import {
  DEFAULT_EDGE_LIMITS,
  type EdgeLimits,
  type EdgeNode,
  type EdgeSettings,
  LOCAL_NODE,
} from "./settings.ts";

/** What the parts of the edge share. */
export class EdgeContext {
  readonly ids: IdSource;
  /** [0, 1) */
  readonly random: () => number;
  limits: EdgeLimits = DEFAULT_EDGE_LIMITS;
  leg: Leg;
  ourDomains: ReadonlySet<string> = new Set();
  nodes: readonly EdgeNode[] = [];
  readonly partners = new Map<string, PartnerState>();
  readonly links = new Map<string, Link>();
  readonly transactions: TransactionTable;
  readonly inward = new HeaderFilter("in");
  readonly outward = new HeaderFilter("out");
  stopping = false;
  private outputs: EdgeOutput[] = [];
  private taken = 0;

  constructor(settings: EdgeSettings, ids: IdSource, random: () => number) {
    this.ids = ids;
    this.random = random;
    this.transactions = new TransactionTable(DEFAULT_EDGE_LIMITS.maxTransactions);
    this.leg = makeLeg(settings.advertise);
    this.configure(settings);
  }

  /** Partners that stay keep their connections and what waits. Returns those that are gone. */
  configure(settings: EdgeSettings): PartnerState[] {
    this.limits = { ...DEFAULT_EDGE_LIMITS, ...settings.limits };
    this.transactions.max = this.limits.maxTransactions;
    this.leg = makeLeg(settings.advertise);
    this.ourDomains = new Set(settings.ourDomains.map((domain) => domain.toLowerCase()));
    this.nodes = settings.nodes ?? [LOCAL_NODE];
    const listed = new Set<string>();
    for (const partner of settings.partners) {
      const domain = partner.domain.toLowerCase();
      listed.add(domain);
      const state = this.partners.get(domain);
      if (state) state.partner = partner;
      else this.partners.set(domain, new PartnerState(partner));
    }
    const gone = [...this.partners.values()].filter((state) => !listed.has(state.domain.toLowerCase()));
    for (const state of gone) this.partners.delete(state.domain.toLowerCase());
    return gone;
  }

  /** The node that new dialogs from outside go to. */
  get routingNode(): EdgeNode {
    return this.nodes.find((node) => node.routing) ?? LOCAL_NODE;
  }

  put(output: EdgeOutput): void {
    this.outputs.push(output);
  }

  /** The oldest output that was not taken. */
  take(): EdgeOutput | undefined {
    if (this.taken >= this.outputs.length) return undefined;
    const output = this.outputs[this.taken]!;
    this.taken++;
    if (this.taken === this.outputs.length) {
      this.outputs = [];
      this.taken = 0;
    }
    return output;
  }
}
