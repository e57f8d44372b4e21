import type { Millis } from "@tombolo/sip";
import { parsePeer, type Rule, type RuleAction, type Translator } from "@tombolo/translator";
import type { EdgeStatus } from "../console/status.ts";
import type { GatewayInput } from "../gateway.ts";
import type { Store } from "../store/store.ts";
import { type Explanation, explain } from "./explanation.ts";
import {
  type Listing,
  listSessions,
  listSubscriptions,
  type SessionRow,
  type SubscriptionRow,
} from "./listings.ts";

export interface DeskAround {
  readonly translator: Translator;
  readonly store: Store;
  readonly now: () => Millis;
  /** As configured now. */
  readonly policy: () => DeskPolicy;
  feed(input: GatewayInput): void;
  link(partner: string): "up" | "down" | "none";
  connections(partner: string): number;
  /** Undefined where the edge is in this process. */
  remoteEdge(): EdgeStatus | undefined;
}

export interface DeskPolicy {
  readonly domains: readonly string[];
  readonly partners: readonly string[];
  readonly unknownWatcher: "ask" | "allow" | "deny";
}

/** Something that a person asked for and that cannot be: what is wrong and what to write. */
export class DeskError extends Error {
  override readonly name = "DeskError";
}

export interface PolicyView {
  readonly unknownWatcher: "ask" | "allow" | "deny";
  readonly rules: readonly Rule[];
}

/** Where administrators ask and decide about the gateway's users: rules, watches, sessions, explanations. */
export class GatewayDesk {
  private readonly around: DeskAround;

  constructor(around: DeskAround) {
    this.around = around;
  }

  get policy(): PolicyView {
    const rules = [...this.around.translator.allRules()];
    rules.sort((a, b) => (a.user === b.user ? compare(a.peer, b.peer) : compare(a.user, b.user)));
    return { unknownWatcher: this.around.policy().unknownWatcher, rules };
  }

  /**
   * Sets or, with undefined, takes back a rule; resolves when it is on disk. Undefined when there was none to take back.
   * Rejects with a `StoreError` where it holds only until the next restart. @throws DeskError for what cannot be a rule
   */
  async decide(local: string, peer: string, action: RuleAction | undefined): Promise<Rule | undefined> {
    const { store } = this.around;
    const user = this.ownUser(local);
    const other = this.around.translator.peer(peer);
    if (other === undefined)
      throw new DeskError(`${peer} is no address or domain; write bob@contoso.example or contoso.example`);
    const before = this.ruleFor(user, other);
    if (action === undefined && !before) return undefined;
    const source = "admin api";
    this.around.feed({ kind: "rule", user, peer: other, action, source });
    const after = this.ruleFor(user, other);
    if (action !== undefined && after?.action !== action)
      throw new DeskError("there are as many rules as there may be; remove some first");
    await store.flush();
    return after ?? before;
  }

  /** Why a rule does nothing as things are configured; undefined where it does. */
  doubt({ user, peer }: Rule): string | undefined {
    const { domains, partners } = this.around.policy();
    const [ours, theirs] = [user, peer].map((one) => one.slice(one.lastIndexOf("@") + 1)) as [string, string];
    if (!partners.some((own) => parsePeer(own) === theirs))
      return `${theirs} is no partner (${partners.join(", ")}): the rule does nothing until it is one`;
    if (!domains.some((own) => parsePeer(own) === ours))
      return `${ours} is not among gateway.domains: the rule does nothing unless gateway.xmpp.policy lets that domain in`;
    return undefined;
  }

  subscriptions(about?: string): Listing<SubscriptionRow> {
    return listSubscriptions(this.around.translator.legs(), this.around.now(), about);
  }

  sessions(about?: string): Listing<SessionRow> {
    return listSessions(this.around.translator.legs(), about);
  }

  /** @throws DeskError where the two are not one of ours and one of a partner's */
  explain(watcher: string, presentity: string): Explanation {
    const [from, to] = [watcher, presentity].map((text) => this.side(text)) as [Side, Side];
    if ((from.partner === undefined) === (to.partner === undefined)) {
      const known = `partners are ${this.around.policy().partners.join(", ")}`;
      throw new DeskError(
        from.partner === undefined
          ? `neither ${from.jid} nor ${to.jid} is a partner's user; ${known}`
          : `${from.jid} and ${to.jid} are partners' users both; one of the two has to be a user of the XMPP server`,
      );
    }
    const [sip, xmpp] = from.partner === undefined ? [to, from] : [from, to];
    const { translator } = this.around;
    const question = {
      xmppUser: xmpp.jid,
      sipUser: sip.jid,
      partner: sip.partner!,
      watcher: from.partner === undefined ? ("xmpp" as const) : ("sip" as const),
      unknownWatcher: this.around.policy().unknownWatcher,
      xmppLink: this.around.link(sip.partner!),
      connections: this.around.connections(sip.partner!),
      remoteEdge: this.around.remoteEdge(),
    };
    return explain(translator, question, this.around.now());
  }

  private ruleFor(user: string, peer: string): Rule | undefined {
    for (const rule of this.around.translator.allRules())
      if (rule.user === user && rule.peer === peer) return rule;
    return undefined;
  }

  /** `alice`, where we have one domain, or `alice@example.com`. */
  private ownUser(text: string): string {
    const { domains } = this.around.policy();
    const [only] = domains;
    if (!text.includes("@") && domains.length > 1) {
      throw new DeskError(
        `whose ${text}? there are several domains; write ${text}@${only} or of ${domains.slice(1).join(", ")}`,
      );
    }
    const jid = parsePeer(text.includes("@") ? text : `${text}@${only}`);
    if (jid === undefined || !jid.includes("@"))
      throw new DeskError(`${text} is no user; write alice or alice@${only}`);
    return jid;
  }

  private side(text: string): Side {
    const jid = this.around.translator.peer(text);
    if (jid === undefined || !jid.includes("@"))
      throw new DeskError(`${text} is no address; write user@domain`);
    const domain = jid.slice(jid.lastIndexOf("@") + 1);
    const partner = this.around.policy().partners.find((own) => parsePeer(own) === domain);
    return { jid, partner };
  }
}

interface Side {
  readonly jid: string;
  /** The configured domain of a partner's user; undefined for ours and others. */
  readonly partner: string | undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
