/** Names for people in logs: the same person always has the same one, and it tells nothing about them (law 7). */
import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StoreConfig } from "../config/config.ts";

/** Key length in bytes; shorter keys in a file are not used. */
export const KEY_BYTES = 32;
const PSEUDONYM_DIGITS = 12;
const KEY_FILE_MODE = 0o600;

/** Gives an address its pseudonym: `anon-3f9a1c2b4d5e`. */
export type Pseudonym = (address: string) => string;

/**
 * Pseudonyms keyed with `key`. Addresses that name the same user give the same one: `sip:`, `sips:`, `pres:`, `im:` and
 * `xmpp:` in front, a resource or parameters behind and the letters' case make no difference.
 */
export function pseudonyms(key: Uint8Array): Pseudonym {
  return (address) => {
    const [, scheme, rest] = /^(?:(sips?|pres|im|xmpp):)?(.*)$/s.exec(address.toLowerCase())!;
    // A slash begins a JID's resource, and is an ordinary character of a SIP user (RFC 3261 25.1).
    const bare = scheme?.startsWith("sip") ? rest! : rest!.split("/", 1)[0]!;
    const at = bare.lastIndexOf("@");
    const end = bare.slice(at + 1).search(/[/;?>:]/);
    const user = end < 0 ? bare : bare.slice(0, at + 1 + end);
    return `anon-${createHmac("sha256", key).update(user).digest("hex").slice(0, PSEUDONYM_DIGITS)}`;
  };
}

/** Where an installation keeps its key: beside the store, or in `var` beside the configuration. */
export function keyFileFor(store: StoreConfig, configFile: string): string {
  const folder = store.kind === "sqlite" ? dirname(store.path) : join(dirname(configFile), "var");
  return join(folder, "log-key");
}

export interface InstallKey {
  readonly key: Uint8Array;
  /** Why the key lasts for this run only; undefined when it is kept in the file. */
  readonly trouble: string | undefined;
}

/**
 * The key in `file`, made at the first run. When it can neither be read nor made, a key for this run: logging goes on,
 * and the pseudonyms of the next run are others.
 */
export function installKey(file: string): InstallKey {
  const fresh = randomBytes(KEY_BYTES);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${fresh.toString("hex")}\n`, { flag: "wx", mode: KEY_FILE_MODE });
    return { key: fresh, trouble: undefined };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") return { key: fresh, trouble: reason(error) };
  }
  try {
    const key = Buffer.from(readFileSync(file, "latin1").trim(), "hex");
    if (key.length >= KEY_BYTES) return { key, trouble: undefined };
    return { key: fresh, trouble: `${file} holds no key` };
  } catch (error) {
    return { key: fresh, trouble: reason(error) };
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
