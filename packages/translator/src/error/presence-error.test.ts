import { expect, it } from "vitest";
import { presenceErrorToOutcome } from "./presence-error.ts";

const FRANK = { polite: false, hideUnknown: false };
const POLITE = { polite: true, hideUnknown: true };

it.each([
  ["forbidden", "E3.refused", "rejected", "closed"],
  ["not-authorized", "E3.refused", "rejected", "closed"],
  ["not-allowed", "E3.refused", "rejected", "closed"],
  ["registration-required", "E3.refused", "rejected", "closed"],
  ["subscription-required", "E3.refused", "rejected", "closed"],
  ["policy-violation", "E3.refused", "rejected", "closed"],
  ["item-not-found", "E3.unknown", "noresource", "pending"],
  ["gone", "E3.unknown", "noresource", "pending"],
  ["jid-malformed", "E3.unknown", "noresource", "pending"],
  ["redirect", "E3.moved", "noresource", "noresource"],
  ["remote-server-timeout", "E3.soon", "probation 300", "probation 300"],
  ["recipient-unavailable", "E3.soon", "probation 300", "probation 300"],
  ["resource-constraint", "E3.soon", "probation 300", "probation 300"],
  ["internal-server-error", "E3.soon", "probation 300", "probation 300"],
  ["remote-server-not-found", "E3.later", "probation 3600", "probation 3600"],
  ["service-unavailable", "E3.later", "probation 3600", "probation 3600"],
  ["bad-request", "E3.later", "probation 3600", "probation 3600"],
  ["conflict", "E3.later", "probation 3600", "probation 3600"],
  ["feature-not-implemented", "E3.later", "probation 3600", "probation 3600"],
  ["not-acceptable", "E3.later", "probation 3600", "probation 3600"],
  ["undefined-condition", "E3.later", "probation 3600", "probation 3600"],
  ["unexpected-request", "E3.later", "probation 3600", "probation 3600"],
  ["no-such-condition", "E3.later", "probation 3600", "probation 3600"],
])("%s by %s ends a watch with %s, or politely with %s", (condition, row, frank, polite) => {
  const told = (switches: typeof FRANK) => {
    const answer = presenceErrorToOutcome(condition, switches);
    expect(answer.row).toBe(row);
    const { outcome } = answer;
    if (outcome.kind !== "terminated") return outcome.kind;
    return [outcome.reason, outcome.retryAfterSeconds].filter((part) => part !== undefined).join(" ");
  };
  expect(told(FRANK)).toBe(frank);
  expect(told(POLITE)).toBe(polite);
});
