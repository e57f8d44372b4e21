import { describe, expect, it } from "vitest";
import { STANZA_CONDITIONS } from "./stanza-condition.ts";
import { STANZA_ERROR_STATUSES, type StanzaErrorContext, stanzaErrorToSipStatus } from "./stanza-to-sip.ts";

const OURS = { use6xx: false, literal: false };
const LITERAL = { use6xx: true, literal: true };

function status(condition: string, more: Partial<StanzaErrorContext> = {}): number {
  return stanzaErrorToSipStatus(condition, { addressed: "bare", method: "other", switches: OURS, ...more })
    .status;
}

describe("stanza error to SIP status", () => {
  // condition, bare JID: INVITE and others; full JID: INVITE and others; bare by the letter of the RFC: INVITE, others
  it.each([
    ["bad-request", 400, 400, 400, 400, 400, 400],
    ["conflict", 400, 400, 400, 400, 400, 400],
    ["feature-not-implemented", 501, 501, 405, 405, 501, 501],
    ["forbidden", 403, 403, 403, 403, 603, 603],
    ["gone", 410, 410, 410, 410, 410, 410],
    ["internal-server-error", 500, 500, 500, 500, 500, 500],
    ["item-not-found", 404, 404, 404, 404, 604, 604],
    ["jid-malformed", 400, 400, 400, 400, 400, 400],
    ["not-acceptable", 488, 406, 488, 406, 606, 606],
    ["not-allowed", 403, 403, 403, 403, 403, 403],
    ["not-authorized", 403, 403, 403, 403, 403, 403],
    ["policy-violation", 403, 403, 403, 403, 403, 403],
    ["recipient-unavailable", 480, 480, 480, 480, 480, 480],
    ["redirect", 480, 480, 480, 480, 480, 480],
    ["registration-required", 403, 403, 403, 403, 403, 403],
    ["remote-server-not-found", 404, 404, 404, 404, 404, 404],
    ["remote-server-timeout", 408, 504, 408, 504, 408, 504],
    ["resource-constraint", 500, 500, 500, 500, 500, 500],
    ["service-unavailable", 480, 480, 480, 480, 403, 403],
    ["subscription-required", 403, 403, 403, 403, 400, 400],
    ["undefined-condition", 500, 500, 500, 500, 400, 400],
    ["unexpected-request", 400, 400, 400, 400, 400, 400],
    ["no-such-condition", 500, 500, 500, 500, 400, 400],
  ] as const)("%s", (condition, ...statuses) => {
    const full = { addressed: "full" } as const;
    const invite = { method: "INVITE" } as const;
    expect([
      status(condition, invite),
      status(condition),
      status(condition, { ...full, ...invite }),
      status(condition, full),
      status(condition, { ...invite, switches: LITERAL }),
      status(condition, { switches: LITERAL }),
    ]).toEqual(statuses);
  });

  it.each([
    ["gone", { hasAddress: true }, { row: "E1.gone-with-address", status: 301, needs: "Contact" }],
    ["redirect", { hasAddress: true }, { row: "E1.redirect", status: 302, needs: "Contact" }],
    ["redirect", {}, { row: "E1.redirect-without-address", status: 480 }],
    ["policy-violation", { size: true }, { row: "E1.policy-violation-size", status: 413 }],
    ["unexpected-request", { inDialog: true }, { row: "E1.unexpected-request-in-dialog", status: 491 }],
    [
      "feature-not-implemented",
      { addressed: "full" },
      { row: "E1.feature-not-implemented", status: 405, needs: "Allow" },
    ],
    ["feature-not-implemented", {}, { row: "E1.feature-not-implemented", status: 501 }],
    ["resource-constraint", {}, { row: "E1.resource-constraint", status: 500, needs: "Retry-After" }],
  ] as const)("%s with %j is %j", (condition, more, answer) => {
    const context = { addressed: "bare", method: "other", switches: OURS, ...more } as const;
    expect(stanzaErrorToSipStatus(condition, context)).toEqual(answer);
  });

  it("never says what a federation gateway must not say, and no 6xx where the peer takes none", () => {
    const flags = [false, true];
    for (const condition of STANZA_CONDITIONS) {
      for (const addressed of ["bare", "full"] as const) {
        for (const method of ["INVITE", "other"] as const) {
          for (const switches of [OURS, LITERAL, { use6xx: false, literal: true }]) {
            for (const fact of flags) {
              const facts = { hasAddress: fact, size: fact, inDialog: fact };
              const context = { addressed, method, switches, ...facts };
              const answer = stanzaErrorToSipStatus(condition, context).status;
              expect([401, 407, 503, 600]).not.toContain(answer);
              if (method === "other") expect(answer).not.toBe(408);
              if (!switches.use6xx) expect(answer).toBeLessThan(600);
            }
          }
        }
      }
    }
  });

  it("names each row after its key", () => {
    for (const [key, row] of Object.entries(STANZA_ERROR_STATUSES)) expect(row.id).toBe(`E1.${key}`);
  });
});
