import type { SipMessage } from "@tombolo/sip";

/** Requests that wait for a connection, at most `max`. */
export class Backlog {
  private readonly max: number;
  private requests: SipMessage[] = [];

  constructor(max: number) {
    this.max = max;
  }

  /** @returns the request where there is no room for it */
  add(request: SipMessage): SipMessage | undefined {
    if (this.requests.length >= this.max) return request;
    this.requests.push(request);
    return undefined;
  }

  /** All that wait, oldest first; none wait afterwards. */
  take(): SipMessage[] {
    const taken = this.requests;
    this.requests = [];
    return taken;
  }
}
