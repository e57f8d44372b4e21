import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { LinkDriver, type LinkDriverOptions } from "../src/io/index.ts";
import { SETTINGS } from "./link-rig.ts";

const WAIT_MS = 15_000;

/** A driver whose callbacks are kept as lines; `until` waits for one. */
export class DriverRig {
  readonly driver: LinkDriver;
  readonly lines: string[] = [];
  #waiting: (() => void)[] = [];

  constructor(port: number, secret: string, settings: Partial<LinkDriverOptions["settings"]> = {}) {
    this.driver = new LinkDriver({
      settings: { ...SETTINGS, backoff: { baseMs: 50, capMs: 200 }, ...settings },
      server: { host: "127.0.0.1", port },
      secret,
      now: () => performance.now(),
      ids: () => randomBytes(9).toString("hex"),
      random: Math.random,
      onStanza: (stanza) => this.#saw(`< ${stanza}`),
      onTaken: (track) => this.#saw(`taken ${track}`),
      onLost: (track, why) => this.#saw(`lost ${track} ${why}`),
      onUp: () => this.#saw("up"),
      onDown: ({ reason }) => this.#saw(`down: ${reason}`),
    });
  }

  #saw(line: string): void {
    this.lines.push(line);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** The first line from `from` on that fits (a text: starts so); throws after 15 s with what came instead. */
  async until(wanted: string | RegExp, from = 0): Promise<string> {
    const fits = (line: string) => (typeof wanted === "string" ? line.startsWith(wanted) : wanted.test(line));
    const end = performance.now() + WAIT_MS;
    for (;;) {
      const found = this.lines.slice(from).find(fits);
      if (found !== undefined) return found;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`no ${wanted} in:\n${this.lines.slice(from).join("\n")}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}
