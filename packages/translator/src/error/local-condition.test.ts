import { describe, expect, it } from "vitest";
import { LOCAL_ERRORS, type LocalCondition, localSipStatus, localStanzaError } from "./local-condition.ts";

describe("local conditions", () => {
  it.each([
    ["peer-not-allowed", "cancel not-allowed", "403", "403"],
    ["from-not-covered", "-", "403", "403"],
    ["address-unmappable", "modify jid-malformed", "404", "404"],
    ["screen-name-refused", "cancel item-not-found", "404", "404"],
    ["domain-not-found", "cancel remote-server-not-found", "-", "-"],
    ["peer-unreachable", "wait remote-server-timeout", "-", "-"],
    ["peer-certificate-wrong", "cancel remote-server-not-found", "-", "-"],
    ["xmpp-link-down", "-", "480 Retry-After", "504 Retry-After"],
    ["message-too-large", "modify policy-violation", "413", "413"],
    ["request-too-large", "-", "513", "513"],
    ["queue-full", "wait resource-constraint", "480 Retry-After", "480 Retry-After"],
    ["rate-limited", "wait policy-violation", "480 Retry-After", "480 Retry-After"],
    ["content-type", "modify not-acceptable", "415 Accept", "415 Accept"],
    ["encrypted-only", "modify not-acceptable", "-", "-"],
    ["hops-exhausted", "-", "483", "483"],
    ["loop", "-", "482", "482"],
    ["not-a-chat", "cancel service-unavailable", "488", "488"],
    ["room-invitation", "modify not-acceptable", "-", "-"],
    ["internal-fault", "cancel internal-server-error", "500", "500"],
  ] as const)("%s is %s on XMPP, %s to an INVITE and %s to others", (condition, xmpp, invite, other) => {
    const stanza = localStanzaError(condition);
    const sip = (method: "INVITE" | "other") =>
      Object.values(localSipStatus(condition, method) ?? ["-"]).join(" ");
    expect([stanza ? `${stanza.type} ${stanza.condition}` : "-", sip("INVITE"), sip("other")]).toEqual([
      xmpp,
      invite,
      other,
    ]);
  });

  it("are named after their key and all say something to somebody", () => {
    for (const key of Object.keys(LOCAL_ERRORS) as LocalCondition[]) {
      expect(LOCAL_ERRORS[key].id).toBe(`E4.${key}`);
      expect(localStanzaError(key)?.text ?? localSipStatus(key, "other")?.status).toBeTruthy();
    }
  });
});
