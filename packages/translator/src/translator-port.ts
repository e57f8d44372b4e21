import type { EngineCommand, EngineEvent } from "@tombolo/sip";
import type { Element } from "ltx";
import type { Kept } from "./kept.ts";
import type { Observation } from "./observation.ts";
import type { RuleAction } from "./policy/rules.ts";
import type { TranslatorSettings } from "./settings.ts";

export type TranslatorInput =
  | { readonly kind: "sip"; readonly event: EngineEvent }
  /** A stanza that came over a partner's component link. */
  | { readonly kind: "stanza"; readonly partner: string; readonly stanza: Element }
  | { readonly kind: "taken"; readonly track: string }
  | { readonly kind: "lost"; readonly track: string; readonly why: string }
  | { readonly kind: "link-up"; readonly partner: string }
  /** INVITEs are refused until it is up, and watchers see an offline user after a while. */
  | { readonly kind: "link-down"; readonly partner: string }
  /**
   * The partner can be reached again after it could not, or its connections broke: it may have been restarted. Less
   * likely where it only closed them in order, `hungUp`.
   */
  | { readonly kind: "partner-back"; readonly partner: string; readonly hungUp?: boolean }
  /** What a user or an administrator decides about a peer (both in the form of `Rule`); undefined takes it back. */
  | {
      readonly kind: "rule";
      readonly user: string;
      readonly peer: string;
      readonly action: RuleAction | undefined;
      readonly source: string;
    }
  /** Partners, policy and tables have changed. What `ids`, `random` and `wall` are stays. */
  | { readonly kind: "settings"; readonly settings: TranslatorSettings }
  /** Something kept by an earlier run, in the order that `Kept` says. The engine has its dialogs already. */
  | { readonly kind: "restore"; readonly kept: Kept }
  /** All is restored. */
  | { readonly kind: "recover" }
  /** Some of what was to be kept was not: all of it is handed out once more. */
  | { readonly kind: "keep-all" }
  /** Whether texts that are accepted from now on can be kept. */
  | { readonly kind: "store"; readonly takes: boolean }
  /** This one was not taken. */
  | { readonly kind: "not-kept"; readonly kept: Kept }
  /** The program goes down: sessions are closed politely, new ones refused; subscriptions are left alone. */
  | { readonly kind: "drain" };

export type TranslatorOutput =
  | { readonly kind: "sip"; readonly command: EngineCommand }
  /** `track` asks for a `taken` or `lost` about this stanza. */
  | {
      readonly kind: "stanza";
      readonly partner: string;
      readonly stanza: Element;
      readonly track?: string | undefined;
    }
  /** Has to outlive the process. */
  | { readonly kind: "keep"; readonly kept: Kept }
  | { readonly kind: "observe"; readonly observation: Observation };
