import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SIP_STATUS_ERRORS, sipStatusToStanzaError } from "./sip-to-stanza.ts";

const AUTHORIZED = { authorized: true };

function said(status: number, authorized: boolean): string {
  const { row, type, condition } = sipStatusToStanzaError(status, { authorized })!;
  return `${row} ${type} ${condition}`;
}

describe("SIP status to stanza error", () => {
  it.each([
    [300, "E2.300 modify redirect"],
    [302, "E2.302 modify redirect"],
    [305, "E2.305 modify redirect"],
    [380, "E2.380 modify not-acceptable"],
    [399, "E2.3xx modify redirect"],
    [400, "E2.400 modify bad-request"],
    [401, "E2.401 auth not-authorized"],
    [402, "E2.402 modify bad-request"],
    [403, "E2.403 auth forbidden"],
    [404, "E2.404 cancel item-not-found"],
    [405, "E2.405 cancel feature-not-implemented"],
    [406, "E2.406 modify not-acceptable"],
    [407, "E2.407 auth registration-required"],
    [408, "E2.408 wait remote-server-timeout"],
    [410, "E2.410 cancel gone"],
    [413, "E2.413 modify policy-violation"],
    [414, "E2.414 modify policy-violation"],
    [415, "E2.415 modify not-acceptable"],
    [416, "E2.416 modify not-acceptable"],
    [420, "E2.420 cancel feature-not-implemented"],
    [421, "E2.421 modify not-acceptable"],
    [423, "E2.423 wait resource-constraint"],
    [430, "E2.430 wait recipient-unavailable"],
    [439, "E2.439 cancel feature-not-implemented"],
    [440, "E2.440 wait policy-violation"],
    [480, "E2.480 wait recipient-unavailable"],
    [481, "E2.481 cancel item-not-found"],
    [482, "E2.482 cancel not-acceptable"],
    [483, "E2.483 cancel not-acceptable"],
    [484, "E2.484 cancel item-not-found"],
    [485, "E2.485 cancel item-not-found"],
    [486, "E2.486 wait recipient-unavailable"],
    [487, "E2.487 wait recipient-unavailable"],
    [488, "E2.488 modify not-acceptable"],
    [489, "E2.489 cancel policy-violation"],
    [491, "E2.491 wait unexpected-request"],
    [493, "E2.493 modify bad-request"],
    [499, "E2.4xx modify bad-request"],
    [500, "E2.500 cancel internal-server-error"],
    [501, "E2.501 cancel feature-not-implemented"],
    [502, "E2.502 cancel remote-server-not-found"],
    [503, "E2.503 cancel internal-server-error"],
    [504, "E2.504 wait remote-server-timeout"],
    [505, "E2.505 modify not-acceptable"],
    [513, "E2.513 modify policy-violation"],
    [580, "E2.5xx cancel internal-server-error"],
    [600, "E2.600 wait recipient-unavailable"],
    [603, "E2.603 wait recipient-unavailable"],
    [604, "E2.604 cancel item-not-found"],
    [606, "E2.606 modify not-acceptable"],
    [699, "E2.6xx wait recipient-unavailable"],
  ])("%i is %s", (status, expected) => {
    expect(said(status, true)).toBe(expected);
  });

  it.each([301, 404, 430, 480, 481, 484, 485, 486, 487, 600, 603, 604, 650])(
    "%i tells a stranger nothing",
    (status) => {
      const told = sipStatusToStanzaError(status, { authorized: false })!;
      expect(told.condition).toBe("service-unavailable");
      expect(told.type).toBe("cancel");
      expect(told.text).toBe("The message or request could not be delivered.");
    },
  );

  it("hides exactly the two conditions that reveal a user, for any status", () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 699 }), fc.boolean(), (status, authorized) => {
        const { condition, text } = sipStatusToStanzaError(status, { authorized })!;
        expect(text).not.toBe("");
        if (!authorized) expect(["item-not-found", "recipient-unavailable"]).not.toContain(condition);
      }),
    );
  });

  it("says Do Not Disturb where a user has set it", () => {
    expect(sipStatusToStanzaError(486, AUTHORIZED)?.text).toBe(
      "The other user is busy or set to Do Not Disturb. Try again later.",
    );
  });

  it("is no error below 300 or beyond 699", () => {
    expect(
      [100, 180, 200, 202, 299, 700].map((status) => sipStatusToStanzaError(status, AUTHORIZED)),
    ).toEqual(Array(6).fill(undefined));
  });

  it("carries a new address, but not a proxy's, and none with 410", () => {
    const to = { authorized: true, address: "xmpp:bob@example.com" };
    expect(sipStatusToStanzaError(301, to)).toMatchObject({ condition: "gone", address: to.address });
    expect(sipStatusToStanzaError(302, to)).toMatchObject({ condition: "redirect", address: to.address });
    expect(sipStatusToStanzaError(305, to)).not.toHaveProperty("address");
    expect(sipStatusToStanzaError(410, to)).not.toHaveProperty("address");
    expect(sipStatusToStanzaError(301, AUTHORIZED)).toMatchObject({
      row: "E2.301-without-address",
      condition: "item-not-found",
    });
  });

  it("lets Retry-After turn a server's trouble into a wait", () => {
    expect(sipStatusToStanzaError(500, { authorized: true, retryAfter: true })?.type).toBe("wait");
    expect(sipStatusToStanzaError(404, { authorized: true, retryAfter: true })?.type).toBe("cancel");
  });

  it("names blocked content by its warning", () => {
    expect(sipStatusToStanzaError(606, { authorized: true, warning: 309 })).toMatchObject({
      row: "E2.blocked-content",
      condition: "policy-violation",
    });
  });

  it("alarms the operator for what no user can mend", () => {
    const alarming = Object.entries(SIP_STATUS_ERRORS).filter(([, row]) => "alarm" in row);
    expect(alarming.map(([key]) => key)).toEqual(["401", "407", "482", "483"]);
    expect(sipStatusToStanzaError(407, AUTHORIZED)?.alarm).toBe(true);
  });

  it("names each row after its key", () => {
    for (const [key, row] of Object.entries(SIP_STATUS_ERRORS)) expect(row.id).toBe(`E2.${key}`);
  });
});
