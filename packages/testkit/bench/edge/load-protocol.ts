/** What the measuring process tells the load process, and what it hears back. */
import type { Credentials } from "../../src/pki.ts";

export interface Caller {
  /** The domain of From; the certificate names sip.DOMAIN. */
  readonly domain: string;
  readonly credentials: Credentials;
}

export type LoadOrder =
  /** One TLS connection for each caller. */
  | {
      readonly kind: "connect";
      readonly port: number;
      readonly ca: string;
      readonly callers: readonly Caller[];
    }
  | ({ readonly kind: "run" } & LoadRun)
  | { readonly kind: "close" };

export interface LoadRun {
  /**
   * `message`: out of a dialog. `session`: INVITE, ACK, ten MESSAGEs one after the other, BYE. `open`: SUBSCRIBE, dialogs
   * numbered from 0. `refresh`: SUBSCRIBE within those dialogs in turn.
   */
  readonly scenario: "message" | "session" | "open" | "refresh";
  /** Messages, sessions or dialogs to begin. */
  readonly count: number;
  /** Begun in one second, answered or not; left out: as many under way as `window`, always. */
  readonly rate?: number | undefined;
  readonly window?: number | undefined;
}

export interface LoadFigures {
  /** Requests that had a final answer (ACK has none). */
  readonly transactions: number;
  /** Answers other than 2xx, and requests without one. */
  readonly failures: number;
  readonly seconds: number;
  /** ms from sending to the final answer. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** One of the answers that were not 2xx. */
  readonly example: string;
}

export type LoadReport =
  | { readonly kind: "connected" }
  /** A connection was refused or broke before it was secured. */
  | { readonly kind: "not-connected"; readonly why: string }
  | ({ readonly kind: "figures" } & LoadFigures);
