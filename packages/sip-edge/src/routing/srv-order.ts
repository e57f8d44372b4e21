/** A service record (RFC 2782). */
export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** True for the records of a domain that says it has no such service: its only target is the root (RFC 2782). */
export function saysNoService(records: readonly SrvRecord[]): boolean {
  return records.length > 0 && records.every(({ name }) => name === "" || name === ".");
}

/**
 * The order in which to try: by priority, and within one priority drawn by weight (RFC 2782).
 *
 * @param random [0, 1), asked once for each record
 */
export function orderRecords(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const rest = records.filter(({ name }) => name !== "" && name !== ".");
  // Weight 0 first, so that it is drawn only when the dice show 0.
  rest.sort((one, other) => one.priority - other.priority || one.weight - other.weight);
  const ordered: SrvRecord[] = [];
  while (rest.length > 0) {
    const { priority } = rest[0]!;
    const behind = rest.findIndex((record) => record.priority !== priority);
    const size = behind < 0 ? rest.length : behind;
    ordered.push(...rest.splice(drawn(rest, size, random), 1));
  }
  return ordered;
}

/** The index of the record that is drawn among the first `size`. */
function drawn(records: readonly SrvRecord[], size: number, random: () => number): number {
  let total = 0;
  for (let at = 0; at < size; at++) total += records[at]!.weight;
  let left = Math.floor(random() * (total + 1));
  for (let at = 0; at < size; at++) {
    left -= records[at]!.weight;
    if (left <= 0) return at;
  }
  return size - 1;
}
