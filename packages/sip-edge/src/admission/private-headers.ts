/** Headers that mean something only inside one organisation: they neither come in nor go out. */

interface PrivateHeader {
  /** Small letters. */
  readonly name: string;
  readonly ref: string;
  readonly crosses: "neither" | "in-only";
}

const PRIVATE_HEADERS: readonly PrivateHeader[] = [
  {
    name: "p-asserted-identity",
    ref: "RFC 3325 5: federation is outside any trust domain",
    crosses: "neither",
  },
  { name: "p-preferred-identity", ref: "RFC 3325 5", crosses: "neither" },
  { name: "ms-edge-proxy-message-trust", ref: "MS-SIPRE 2.2.15: added inward only", crosses: "neither" },
  { name: "ms-split-domain-info", ref: "one organisation's split domain", crosses: "neither" },
  { name: "ms-diagnostics", ref: "MS-OCER: the public form is ms-diagnostics-public", crosses: "neither" },
  { name: "ms-client-diagnostics", ref: "MS-OCER: client to its own server", crosses: "neither" },
  { name: "x-tombolo-verified", ref: "what the edge alone may say of a sender", crosses: "neither" },
  { name: "x-tombolo-partner-back", ref: "what the edge alone may say of a partner", crosses: "neither" },
  { name: "x-tombolo-unsent", ref: "what the edge alone may say of a request", crosses: "neither" },
  { name: "www-authenticate", ref: "no challenge of ours goes out", crosses: "in-only" },
  { name: "proxy-authenticate", ref: "no challenge of ours goes out", crosses: "in-only" },
];

/** Spellings of unknown headers that a filter remembers. */
export const MAX_REMEMBERED = 512;
const LONGEST_REMEMBERED = 64;

/** Decides by header name, in any spelling; remembers its answers, since the same names come again and again. */
export class HeaderFilter {
  private readonly dropped: ReadonlySet<string>;
  private readonly known = new Map<string, boolean>();
  /** 1 for the letters that names of private headers begin with, by character code. */
  private readonly initials = new Uint8Array(128);

  constructor(direction: "in" | "out") {
    const dropped = PRIVATE_HEADERS.filter((row) => row.crosses === "neither" || direction === "out");
    this.dropped = new Set(dropped.map((row) => row.name));
    for (const { name } of dropped) {
      this.initials[name.charCodeAt(0)] = 1;
      this.initials[name.toUpperCase().charCodeAt(0)] = 1;
    }
  }

  drops(name: string): boolean {
    if (this.initials[name.charCodeAt(0)] !== 1) return false;
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const drops = this.dropped.has(name.toLowerCase());
    if (this.known.size < MAX_REMEMBERED && name.length <= LONGEST_REMEMBERED) this.known.set(name, drops);
    return drops;
  }
}
