/** What the driver tells of handshakes and connections. */
import { type HandshakeOutcome, isLegacyVersion, type TlsPeer } from "@tombolo/sip/io";
import type { Direction } from "../edge-events.ts";
import { cureFor } from "../trust/cures.ts";
import type { FailedDial } from "./dialler.ts";
import type { DriverObservation } from "./driver-observation.ts";

export interface HandshakeStory {
  readonly outcome: HandshakeOutcome | "name-mismatch";
  readonly direction: Direction;
  readonly remote: string;
  /** The partner's domain where it is known, else "". */
  readonly partner: string;
  readonly detail: string;
}

/** One handshake is two things to be counted: itself, and the decision of the TLS gate. */
export function tellHandshake(story: HandshakeStory, onObserve: (told: DriverObservation) => void): void {
  const { outcome, direction, partner } = story;
  onObserve({ kind: "handshake", side: "outside", ...story, cure: cureFor(outcome) });
  const decision = outcome === "ok" ? "allow" : "deny";
  const reason = outcome === "ok" ? "certificate" : outcome;
  onObserve({ kind: "decision", gate: "tls", decision, reason, partner, direction });
}

export interface ConnectionStory {
  readonly state: "opened" | "closed";
  readonly partner: string;
  readonly direction: Direction;
  readonly remote: string;
  readonly protocol: string;
  /** Why it was closed, else "". */
  readonly why: string;
}

export function connectionObservation(story: ConnectionStory): DriverObservation {
  return { kind: "connection", side: "outside", ...story, legacy: isLegacyVersion(story.protocol) };
}

/** What a failed dial is counted as among the handshakes; undefined where there was none. */
export function outcomeOf(result: FailedDial): HandshakeOutcome | "name-mismatch" | undefined {
  switch (result.why) {
    case "certificate":
      return result.detail as HandshakeOutcome;
    case "name-mismatch":
    case "refused-ours":
      return result.why;
    case "tls":
      return "protocol";
    default:
      return undefined;
  }
}

/** For the log line: who it is, as far as the certificate says. */
export function describe(peer: TlsPeer): string {
  return `${peer.subject.replaceAll("\n", ", ")} names: ${peer.names.join(" ")}`;
}
