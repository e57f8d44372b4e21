import { hash32 } from "../routing/hash.ts";

/**
 * Call-IDs of inside nodes that have their address in them (`4f2c@10.0.0.7`). Outside it becomes a word that leads
 * back to it without any memory, so that dialogs live on when the edge restarts.
 */

export class CallIdMask {
  private readonly toWord = new Map<string, string>();
  private readonly toHost = new Map<string, string>();
  private readonly suffix: string;

  /** @param hosts what `insideHosts` gives. */
  constructor(hosts: readonly string[], publicHost: string) {
    this.suffix = `.${publicHost}`;
    for (const host of hosts) {
      if (host === publicHost) continue;
      for (const form of formsOf(host)) {
        const word = `n${hash(form)}${this.suffix}`;
        this.toWord.set(form, word);
        this.toHost.set(word, form);
      }
    }
  }

  /** As the outside sees it. */
  masked(callId: string): string {
    const at = callId.lastIndexOf("@");
    const word = at < 0 ? undefined : this.toWord.get(callId.slice(at + 1));
    return word === undefined ? callId : callId.slice(0, at + 1) + word;
  }

  /** As the node wrote it; others come back as they are. */
  opened(callId: string): string {
    if (!callId.endsWith(this.suffix)) return callId;
    const at = callId.lastIndexOf("@");
    const host = at < 0 ? undefined : this.toHost.get(callId.slice(at + 1));
    return host === undefined ? callId : callId.slice(0, at + 1) + host;
  }
}

/** Spellings that are told apart: a Call-ID is compared byte for byte (RFC 3261 20.8). */
function formsOf(host: string): ReadonlySet<string> {
  const bare = [host, host.toUpperCase()];
  return new Set(host.includes(":") ? bare.flatMap((form) => [form, `[${form}]`]) : bare);
}

function hash(text: string): string {
  return hash32(text).toString(16).padStart(8, "0");
}
