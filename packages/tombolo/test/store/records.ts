/** Records to keep, as small as they may be. */
import type {
  DialogRecord,
  MessageRecord,
  PairParts,
  PresenceRecord,
  RuleRecord,
} from "../../src/store/records.ts";

export const PAIR: PairParts = {
  xmppUser: "alice@example.com",
  sipUser: "bob@contoso.example",
  partner: "contoso.example",
  sipUri: "sip:Bob@contoso.example",
};

export function message(id: string, text = "hello"): MessageRecord {
  const wishes = { receipt: false, marker: false };
  const origin = { from: "alice@example.com/desk", to: PAIR.sipUser, id, type: "chat", wishes };
  return {
    kind: "message",
    v: 1,
    id,
    pair: PAIR,
    acceptedAt: 1_700_000_000_000,
    state: "waiting",
    text,
    origin,
  };
}

export function rule(user: string, peer: string, action: "allow" | "block" = "block"): RuleRecord {
  return { kind: "rule", v: 1, user, peer, action, at: 1_700_000_000_000, source: "admin api" };
}

/** @param user localpart of the XMPP user */
export function presence(user: string): PresenceRecord {
  const pair = { ...PAIR, xmppUser: `${user}@example.com` };
  return { kind: "presence", v: 1, pair, watcher: "xmpp", at: 1_700_000_000_000, shown: {} };
}

export function dialog(callId: string, localCSeq = 64): DialogRecord {
  return {
    kind: "dialog",
    v: 1,
    pair: PAIR,
    watcher: "sip",
    state: "active",
    expiresAt: 1_700_000_000_000,
    accept: "application/pidf+xml",
    snapshot: {
      callId,
      localTag: "l",
      remoteTag: "r",
      local: "<sip:alice@example.com>;tag=l",
      remote: "<sip:bob@contoso.example>;tag=r",
      target: "sip:sip.contoso.example;transport=tls",
      routes: ["<sip:edge.contoso.example;lr>"],
      localCSeq,
      remoteCSeq: undefined,
      partner: "contoso.example",
    },
  };
}
