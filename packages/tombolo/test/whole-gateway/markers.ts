/** Whose presence a marker stands for. */
export interface Marker {
  /** `p`: of the XMPP user x, for s. `q`: of the SIP user s, for x. `u`: published by s, for all whom s lets in. */
  readonly kind: "p" | "q" | "u";
  readonly s: number;
  readonly x: number;
}

const MARKER = /([pqu])([0-9])\.([0-9])\.[0-9]+\b/g;

/** Words in the note of each state that a user shows, unlike those of any other pair and any other state. */
export class Mint {
  private serial = 0;

  next(kind: Marker["kind"], s: number, x: number): string {
    this.serial += 1;
    return `${kind}${s}.${x}.${this.serial}`;
  }
}

/** All markers in a text. */
export function markersIn(text: string): string[] {
  return text.match(MARKER) ?? [];
}

export function readMarker(marker: string): Marker {
  const [, kind, s, x] = /^([pqu])([0-9])\.([0-9])\./.exec(marker)!;
  return { kind: kind as Marker["kind"], s: Number(s), x: Number(x) };
}

/** What a watcher was told: whether somebody is there, and the markers in the words. */
export interface Told {
  readonly isOpen: boolean;
  readonly markers: readonly string[];
}

export const NOBODY: Told = { isOpen: false, markers: [] };

/** What a presence document says. */
export function toldIn(document: string): Told {
  return { isOpen: document.includes("<basic>open</basic>"), markers: markersIn(document) };
}

export function sayTold(told: Told | undefined): string {
  if (!told) return "nothing";
  return told.isOpen ? `there, ${told.markers.join(" ") || "without words"}` : "nobody";
}
