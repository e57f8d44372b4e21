/** A listener that could not be opened, said in one sentence. */

import { formatHostPort, type HostPort } from "./config/addresses.ts";
import { StartError } from "./start-error.ts";

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program uses this port; stop it or choose another port",
  EACCES: "this user may not open this port; choose one above 1023 or grant CAP_NET_BIND_SERVICE",
  EADDRNOTAVAIL: "this machine has no such address; write one of its own, or 0.0.0.0",
  ENOTFOUND: "this name has no address; write an IP address",
};

export class ListenError extends StartError {
  override readonly name = "ListenError";
  /** Configuration key of the listener: `edge.outside.listen`. */
  readonly key: string;

  constructor(key: string, place: HostPort, cause: NodeJS.ErrnoException) {
    const reason = REASONS[cause.code ?? ""] ?? cause.message;
    super(`cannot listen on ${formatHostPort(place)} (${key}): ${reason}`, { cause });
    this.key = key;
  }
}
