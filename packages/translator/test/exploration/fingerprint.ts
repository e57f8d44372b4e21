/** Beyond this a number is a time: clocks of explored worlds start at twice this. */
const TIMES_FROM = 500_000_000;

/**
 * What a graph of objects holds, as a text that does not depend on when it was made: ids count in the order of their
 * appearance, and times in their order among each other and `now`. Two machines with the same text may still differ in
 * how long a timer has to go, not in which one comes first.
 */
export class Fingerprint {
  private readonly skipped: ReadonlySet<string>;
  private readonly isId: RegExp;
  private readonly parts: (string | { readonly time: number })[] = [];
  private readonly ids = new Map<string, number>();
  private readonly met = new Map<object, number>();
  private readonly times = new Set<number>();
  private readonly now: number;

  /** @param skipped names of properties that are left out; @param isId texts that are made-up names. */
  constructor(now: number, skipped: ReadonlySet<string>, isId: RegExp) {
    this.now = now;
    this.skipped = skipped;
    this.isId = isId;
    this.times.add(now);
  }

  add(value: unknown): this {
    this.write(value);
    return this;
  }

  toString(): string {
    const ranks = new Map([...this.times].sort((a, b) => a - b).map((time, at) => [time, at]));
    const zero = ranks.get(this.now)!;
    return this.parts
      .map((part) => (typeof part === "string" ? part : `@${ranks.get(part.time)! - zero}`))
      .join(" ");
  }

  private write(value: unknown): void {
    const { parts } = this;
    if (typeof value === "number" && Number.isFinite(value) && Math.abs(value) >= TIMES_FROM) {
      this.times.add(value);
      parts.push({ time: value });
    } else if (typeof value === "string" && this.isId.test(value)) {
      if (!this.ids.has(value)) this.ids.set(value, this.ids.size);
      parts.push(`#${this.ids.get(value)}`);
    } else if (typeof value === "function") parts.push("f");
    else if (typeof value !== "object" || value === null) parts.push(String(value));
    else this.writeObject(value);
  }

  private writeObject(value: object): void {
    const { parts, met } = this;
    const number = met.get(value);
    if (number !== undefined) {
      parts.push(`^${number}`);
      return;
    }
    met.set(value, met.size);
    if (Array.isArray(value) || value instanceof Set) {
      parts.push("[");
      for (const item of value) this.write(item);
      parts.push("]");
    } else if (value instanceof Map) {
      parts.push("<");
      for (const [key, item] of value) {
        this.write(key);
        this.write(item);
      }
      parts.push(">");
    } else {
      parts.push("{");
      for (const [name, item] of Object.entries(value)) {
        if (this.skipped.has(name) || item === undefined || item === false) continue;
        parts.push(name);
        this.write(item);
      }
      parts.push("}");
    }
  }
}
