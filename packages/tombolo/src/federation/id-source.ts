import { randomFillSync } from "node:crypto";
import type { IdSource } from "@tombolo/sip";

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
const LENGTH = 20;
const POOL_BYTES = 4096;

/** Unguessable tokens of 20 letters and digits (more than 100 bits); random bytes are drawn by the pool, not per token. */
export function randomIds(): IdSource {
  const pool = new Uint8Array(POOL_BYTES);
  let at = POOL_BYTES;
  const byte = (): number => {
    if (at === POOL_BYTES) {
      randomFillSync(pool);
      at = 0;
    }
    return pool[at++]!;
  };
  const id = Buffer.alloc(LENGTH);
  return () => {
    for (let i = 0; i < LENGTH; ) {
      // 252 = 7 * 36: bytes above would make some letters likelier than others.
      const value = byte();
      if (value < 252) id[i++] = ALPHABET.charCodeAt(value % 36);
    }
    return id.toString("latin1");
  };
}
