import type { Millis } from "@tombolo/sip";

/** A connection of ours that ends so soon, with nothing heard on it, was refused: TLS 1.3 tells it only then. */
export const STILLBORN_MS: Millis = 5_000;
