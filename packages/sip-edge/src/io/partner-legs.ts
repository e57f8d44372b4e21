import type { Socket } from "node:net";
import type { IdSource, Millis, SipMessage } from "@tombolo/sip";
import {
  type BrokenFrame,
  type CloseReason,
  type ConnectionLimits,
  type ConnectionOwner,
  type DialTarget,
  type HandshakeOutcome,
  refuse,
  SipConnection,
  type TlsPeer,
} from "@tombolo/sip/io";
import type { Direction, EdgeInput } from "../edge-events.ts";
import { makeLeg } from "../routing/leg.ts";
import { isProbeAnswer, probeRequest } from "../routing/probe.ts";
import type { EdgePartner, EdgeSettings } from "../settings.ts";
import { nameOf } from "../trust/judgement.ts";
import { Dialler, type FailedDial } from "./dialler.ts";
import type { DriverObservation } from "./driver-observation.ts";
import type { PartnerBook } from "./partner-book.ts";
import { PeerJudge } from "./peer-judge.ts";
import { type ConnectionView, type Entry, type PartnerLimits, Roster } from "./roster.ts";
import { connectionObservation, describe, type HandshakeStory, outcomeOf, tellHandshake } from "./telling.ts";
import type { TrustStore } from "./trust-store.ts";

export interface PartnerLegsAround {
  readonly now: () => Millis;
  readonly ids: IdSource;
  readonly limits: ConnectionLimits;
  readonly partnerLimits: Partial<PartnerLimits> | undefined;
  /** Limit of one dial, ms. */
  readonly dialMs: number | undefined;
  feed(input: EdgeInput): void;
  observe(observation: DriverObservation): void;
}

/** Connections to and from partners: each is one's whose certificate was judged, and is judged anew when that changes. */
export class PartnerLegs implements ConnectionOwner {
  settings: EdgeSettings;
  private readonly around: PartnerLegsAround;
  private readonly book: PartnerBook;
  private readonly peers: PeerJudge;
  private readonly dialler: Dialler;
  private readonly entries: Roster;
  private nextId = 1;
  private stopped = false;

  /** Throws where key, certificate or roots can't be used. */
  constructor(settings: EdgeSettings, trust: TrustStore, book: PartnerBook, around: PartnerLegsAround) {
    const { now, dialMs } = around;
    this.settings = settings;
    this.around = around;
    this.book = book;
    this.peers = new PeerJudge(trust, book);
    this.entries = new Roster(around.partnerLimits);
    const onFailed = this.onDialFailed.bind(this);
    this.dialler = new Dialler({ trust, locate: book.locate, now, dialMs, onFailed });
  }

  get views(): ConnectionView[] {
    return this.entries.views;
  }

  get size(): number {
    return this.entries.size;
  }

  get trust(): TrustStore {
    return this.peers.trust;
  }

  /** For connections from now on; `judgeAgain` is for those that are open. */
  set trust(trust: TrustStore) {
    this.peers.trust = trust;
    this.dialler.trust = trust;
  }

  connection(id: string): SipConnection | undefined {
    return this.entries.get(id)?.connection;
  }

  /** Lets time limits act. */
  check(now: Millis): void {
    for (const { connection } of this.entries.values()) connection.check(now);
  }

  close(): void {
    this.stopped = true;
    for (const { connection } of this.entries.values()) connection.close();
  }

  drop(): void {
    for (const { connection } of this.entries.values()) connection.drop("closed-here");
  }

  /** Partners or trust have changed: connections stay where they may still speak for a partner. */
  judgeAgain(): void {
    for (const entry of this.entries.values()) this.judge(entry);
  }

  onHandshakeFailed(outcome: HandshakeOutcome, remote: string, detail: string): void {
    this.handshake(outcome, "in", remote, "", detail);
  }

  onMessage(connection: SipConnection, message: SipMessage): void {
    if (isProbeAnswer(message)) return;
    this.around.feed({ kind: "message", connection: connection.id, message });
  }

  onBroken(connection: SipConnection, { why, status, message }: BrokenFrame): void {
    this.around.feed({ kind: "broken", connection: connection.id, why, status, message });
    connection.close();
  }

  /** The edge sends nothing more on it, while it may take some seconds to end in order. */
  onClosing({ id }: SipConnection, why: CloseReason, detail: string): void {
    if (this.entries.has(id))
      this.around.feed({ kind: "closed", connection: id, why: detail === "" ? why : detail });
  }

  onClosed(connection: SipConnection, why: CloseReason, detail: string): void {
    const entry = this.entries.get(connection.id);
    if (!entry) return;
    this.entries.delete(connection.id);
    this.noteConnection(entry, "closed", detail === "" ? why : `${why} ${detail}`);
  }

  /** Asks the hop whether it is there. */
  onSilence(connection: SipConnection): void {
    const entry = this.entries.get(connection.id);
    const { advertise, ourDomains } = this.settings;
    if (!entry) return;
    const from = ourDomains[0] ?? advertise.host;
    connection.send(probeRequest(makeLeg(advertise), from, entry.partner, this.around.ids()));
  }

  /** @param through the node whose public port it came to */
  accept(socket: Socket, peer: TlsPeer | undefined, legacy: boolean, through?: string): void {
    const remote = socket.remoteAddress ?? "";
    if (!peer || this.stopped) {
      refuse(socket);
      return;
    }
    const verdict = this.peers.judge(peer, legacy);
    if (!verdict.ok) {
      refuse(socket);
      this.handshake(verdict.reason as HandshakeOutcome, "in", remote, "", describe(peer));
      return;
    }
    const partner = verdict.partners[0]!;
    if (this.entries.isFull(partner)) {
      refuse(socket);
      this.handshake("too-many", "in", remote, partner, describe(peer));
      return;
    }
    this.handshake("ok", "in", remote, partner, describe(peer));
    this.open(socket, peer, "in", verdict.partners, verdict.name, legacy, through);
  }

  private open(
    socket: Socket,
    peer: TlsPeer,
    direction: Direction,
    partners: readonly string[],
    name: string,
    legacy: boolean,
    through?: string,
  ): void {
    const id = `c${this.nextId++}`;
    const connection = new SipConnection(socket, this, {
      id,
      limits: this.around.limits,
      now: this.around.now,
    });
    const entry: Entry = { connection, peer, direction, partner: partners[0] ?? "", legacy };
    this.entries.set(id, entry);
    this.noteConnection(entry, "opened", "");
    const { remote } = connection;
    this.around.feed({ kind: "opened", connection: id, direction, partners, name, remote, through });
  }

  /** To be answered by the edge's `opened` or `dial-failed`. */
  async dial(domain: string): Promise<void> {
    const partner = this.book.find(domain);
    const result = partner
      ? await this.dialler.dial(partner, () => this.book.find(domain)?.names ?? [])
      : failure("dns", "no partner any more");
    const current = this.book.find(domain);
    if (!partner || !current || !result.ok || !result.peer || this.stopped) {
      if (result.ok) refuse(result.socket);
      const { why, detail } = result.ok ? failure("refused", "stopping") : result;
      this.around.feed({ kind: "dial-failed", partner: domain, why, detail });
      return;
    }
    const { peer, socket } = result;
    this.makeRoom(domain);
    this.handshake("ok", "out", socket.remoteAddress ?? "", domain, describe(peer));
    this.open(
      socket,
      peer,
      "out",
      this.peers.servedBy(peer, current),
      nameOf(peer, current) ?? "",
      current.legacy === true,
    );
  }

  private makeRoom(partner: string): void {
    for (const { connection } of this.entries.tooMany(partner)) {
      connection.drop("closed-here", "too-many");
      this.onClosed(connection, "closed-here", "too-many");
    }
  }

  private onDialFailed(partner: EdgePartner, target: DialTarget, result: FailedDial): void {
    const outcome = outcomeOf(result);
    if (outcome) this.handshake(outcome, "out", target.address ?? target.host, partner.domain, result.detail);
  }

  private judge(entry: Entry): void {
    const { connection, peer, direction } = entry;
    // A server's certificate was good without forgiveness, or there would be no connection.
    const verdict = this.peers.judge(peer, entry.legacy);
    if (!verdict.ok) {
      // A certificate that is good, of nobody we federate with any more: the last words still go.
      if (verdict.reason === "unknown-name") connection.close(verdict.reason);
      else connection.drop("closed-here", verdict.reason);
      return;
    }
    const dialled = verdict.partners.includes(entry.partner) ? [entry.partner] : [];
    const partners = [...new Set([...dialled, ...verdict.partners])];
    const { id, remote } = connection;
    this.around.feed({ kind: "opened", connection: id, direction, partners, name: verdict.name, remote });
  }

  private handshake(
    outcome: HandshakeStory["outcome"],
    direction: Direction,
    remote: string,
    partner: string,
    detail: string,
  ): void {
    tellHandshake({ outcome, direction, remote, partner, detail }, (told) => this.around.observe(told));
  }

  private noteConnection(
    { connection, partner, direction, peer: { protocol } }: Entry,
    state: "opened" | "closed",
    why: string,
  ): void {
    const remote = connection.remote.host;
    const story = { state, partner, direction, remote, why, protocol };
    this.around.observe(connectionObservation(story));
  }
}

function failure(why: "dns" | "refused", detail: string): FailedDial {
  return { ok: false, why, detail };
}
