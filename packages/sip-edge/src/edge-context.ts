import type { IdSource } from "@tombolo/sip";
import { HeaderFilter } from "./admission/private-headers.ts";
import type { CountedObservation, EdgeOutput } from "./edge-events.ts";
import { Veil } from "./hiding/veil.ts";
import { DialogTable } from "./routing/dialog-table.ts";
import { PublicSide } from "./routing/leg.ts";
import type { Link } from "./routing/link.ts";
import { NodeState } from "./routing/node-state.ts";
import { PartnerState } from "./routing/partner-state.ts";
import type { Tally } from "./routing/sightings.ts";
import { TransactionTable } from "./routing/transaction.ts";
import {
  DEFAULT_EDGE_LIMITS,
  type EdgeLimits,
  type EdgeSettings,
  LOCAL_NODE,
  type NewDialogs,
} from "./settings.ts";

/** Places of the queue of outputs that are kept when it is empty. */
const KEPT_OUTPUTS = 256;

/** What a change of settings took away. */
export interface Gone {
  readonly partners: readonly PartnerState[];
  readonly nodes: readonly NodeState[];
}

/** What the parts of the edge share. */
export class EdgeContext {
  readonly ids: IdSource;
  /** [0, 1) */
  readonly random: () => number;
  limits: EdgeLimits = DEFAULT_EDGE_LIMITS;
  side!: PublicSide;
  ourDomains: ReadonlySet<string> = new Set();
  veil!: Veil;
  newDialogs: NewDialogs = "spread";
  readonly nodes = new Map<string, NodeState>();
  routingNodes: readonly NodeState[] = [];
  /** Set where the gateway in this process is all there is: nothing is to be chosen or kept in mind then. */
  onlyNode: NodeState | undefined;
  readonly partners = new Map<string, PartnerState>();
  readonly links = new Map<string, Link>();
  readonly transactions: TransactionTable;
  readonly dialogs: DialogTable;
  readonly inward = new HeaderFilter("in");
  readonly outward = new HeaderFilter("out");
  stopping = false;
  /** A queue whose memory is used again: from `taken` up to `given`. */
  private readonly outputs: (EdgeOutput | undefined)[] = [];
  private taken = 0;
  private given = 0;
  /** Those with something to tell. */
  private counted: Tally[] = [];

  constructor(settings: EdgeSettings, ids: IdSource, random: () => number) {
    this.ids = ids;
    this.random = random;
    this.transactions = new TransactionTable(
      DEFAULT_EDGE_LIMITS.maxTransactions,
      DEFAULT_EDGE_LIMITS.maxAnswered,
    );
    this.dialogs = new DialogTable(DEFAULT_EDGE_LIMITS.maxDialogs);
    this.configure(settings);
  }

  /** Partners and nodes that stay keep their connections and what waits. Returns those that are gone. */
  configure(settings: EdgeSettings): Gone {
    this.limits = { ...DEFAULT_EDGE_LIMITS, ...settings.limits };
    this.transactions.max = this.limits.maxTransactions;
    this.transactions.maxAnswered = this.limits.maxAnswered;
    this.dialogs.max = this.limits.maxDialogs;
    this.ourDomains = new Set(settings.ourDomains.map((domain) => domain.toLowerCase()));
    const nodes = this.configureNodes(settings);
    const listed = new Set<string>();
    for (const partner of settings.partners) {
      const domain = partner.domain.toLowerCase();
      listed.add(domain);
      const state = this.partners.get(domain);
      if (state) state.partner = partner;
      else this.partners.set(domain, new PartnerState(partner));
    }
    const partners = [...this.partners.values()].filter((state) => !listed.has(state.domain.toLowerCase()));
    for (const state of partners) this.partners.delete(state.domain.toLowerCase());
    return { partners, nodes };
  }

  /** A node that is reached elsewhere now is another node. */
  private configureNodes(settings: EdgeSettings): NodeState[] {
    const { inside, newDialogs = "spread" } = settings;
    const nodes = settings.nodes ?? [LOCAL_NODE];
    const ports = nodes.flatMap(({ publicPort }) => (publicPort === undefined ? [] : [publicPort]));
    this.side = new PublicSide(settings.advertise, ports);
    this.veil = new Veil(nodes, inside, this.side.host, this.ourDomains);
    this.newDialogs = newDialogs;
    const before = [...this.nodes.values()];
    this.nodes.clear();
    for (const node of nodes) {
      const same = before.find(
        (state) => state.name === node.name && targetText(state.node.target) === targetText(node.target),
      );
      same?.configure(node, this.side, inside);
      this.nodes.set(node.name, same ?? new NodeState(node, this.side, inside));
    }
    const all = [...this.nodes.values()];
    const routing = all.filter(({ node }) => node.routing);
    this.routingNodes = routing.length === 0 ? all.slice(0, 1) : routing;
    this.onlyNode = all.length === 1 && all[0]!.node.target === "local" ? all[0] : undefined;
    return before.filter((state) => !all.includes(state));
  }

  put(output: EdgeOutput): void {
    this.outputs[this.given++] = output;
  }

  /** The oldest output that was not taken. */
  take(): EdgeOutput | undefined {
    if (this.taken === this.given) return undefined;
    const output = this.outputs[this.taken];
    this.outputs[this.taken++] = undefined;
    if (this.taken === this.given) {
      if (this.given > KEPT_OUTPUTS) this.outputs.length = KEPT_OUTPUTS;
      this.taken = 0;
      this.given = 0;
    }
    return output;
  }

  count(tally: Tally): void {
    if (tally.times++ === 0) this.counted.push(tally);
  }

  /** What was counted since it was last told. */
  tell(told: (observation: CountedObservation, times: number) => void): void {
    const { counted } = this;
    this.counted = [];
    for (const tally of counted) {
      const { times } = tally;
      tally.times = 0;
      told(tally.observation, times);
    }
  }
}

function targetText(target: NodeState["node"]["target"]): string {
  return target === "local" ? target : `${target.transport} ${target.host} ${target.port}`;
}
