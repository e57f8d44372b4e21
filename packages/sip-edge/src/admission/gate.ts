import type { HeaderFields } from "@tombolo/sip";

/** One question put to a request; the answers of a table of them are looked for in order. */
export interface Gate<Request> {
  /** The word a refusal is counted and logged under. */
  readonly reason: string;
  /** What the sender is told. */
  readonly status: number;
  readonly ref: string;
  /** Headers that the answer needs. */
  readonly headers?: (request: Request) => HeaderFields;
  refuses(request: Request): boolean;
}

/** The first gate that refuses, or undefined. */
export function firstRefusal<Request>(
  gates: readonly Gate<Request>[],
  request: Request,
): Gate<Request> | undefined {
  for (const gate of gates) if (gate.refuses(request)) return gate;
  return undefined;
}
