import type { TlsPeer } from "@tombolo/sip/io";
import type { EdgePartner } from "../settings.ts";
import { type ClientVerdict, judgeClient } from "../trust/judgement.ts";
import type { PartnerBook } from "./partner-book.ts";
import type { TrustStore } from "./trust-store.ts";

/** Says whom the other side of a connection may speak for, by everything that is configured. */
export class PeerJudge {
  trust: TrustStore;
  private readonly book: PartnerBook;

  constructor(trust: TrustStore, book: PartnerBook) {
    this.trust = trust;
    this.book = book;
  }

  /** @param legacy the connection came over the listener for old versions of TLS, or was dialled so */
  judge(peer: TlsPeer, legacy: boolean): ClientVerdict {
    const now = new Date();
    return judgeClient(peer, this.book.partners, (partner) => {
      if (legacy && !partner.legacy) return "not-legacy";
      if (!legacy && partner.tlsMin === "1.3" && peer.protocol !== "TLSv1.3") return "tls-version";
      return this.trust.problemOf(partner.domain, peer, now);
    });
  }

  /** The partner that was dialled, and those that its server's certificate may speak for besides. */
  servedBy(peer: TlsPeer, dialled: EdgePartner): string[] {
    const verdict = this.judge(peer, dialled.legacy === true);
    const others = verdict.ok ? verdict.partners.filter((domain) => domain !== dialled.domain) : [];
    return [dialled.domain, ...others];
  }
}
