/** The program's log: one JSON line per event on stdout, `{"level":"info","time":...,"event":"ready",...}`. */
import { type DestinationStream, destination, pino } from "pino";
import type { LogLevel } from "../config/config.ts";
import { type Pseudonym, pseudonyms } from "./pseudonym.ts";

/** Values of one event. Never a message body. Addresses of people are hidden above debug by the log itself. */
type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  fatal(event: string, fields?: Fields): void;
  /** Written at whatever level is set: `ready` and `stopped`, which other programs wait for. Shows as info. */
  notice(event: string, fields?: Fields): void;
  /** True when lines of this level are written; spares the hot path the making of fields. */
  isOn(level: LogLevel): boolean;
  /** Takes effect at once, for a reload. */
  setLevel(level: LogLevel): void;
  /** The name under which a person appears in lines above debug. */
  readonly pseudonym: Pseudonym;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** This node's name, in every line. */
  readonly node: string;
  /** The install's key for pseudonyms. */
  readonly key: Uint8Array;
  /** Where lines go; stdout where left out. */
  readonly stream?: DestinationStream;
}

/** Something with an @ between a user part and a host, a scheme in front included. */
const ADDRESS = /(?:\b(?:sips?|pres|im|xmpp):)?[^\s"'<>(),;:/@[\]\\]+@[A-Za-z0-9][A-Za-z0-9.-]*/gi;
const MAX_DEPTH = 5;

/** A copy of `value` in which addresses of people are replaced by their pseudonyms (law 7). */
function withoutPeople(value: unknown, pseudonym: Pseudonym, depth = 0): unknown {
  if (typeof value === "string") {
    return value.includes("@") ? value.replace(ADDRESS, (address) => pseudonym(address)) : value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "(too deep)";
  if (value instanceof Error) {
    return withoutPeople({ name: value.name, message: value.message, stack: value.stack }, pseudonym, depth);
  }
  if (Array.isArray(value)) return value.map((item) => withoutPeople(item, pseudonym, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    copy[withoutPeople(key, pseudonym, depth) as string] = withoutPeople(item, pseudonym, depth + 1);
  }
  return copy;
}

export function createLog(options: LogOptions): Log {
  const stream = options.stream ?? destination({ dest: 1, sync: true });
  const logger = pino(
    {
      level: options.level,
      base: { node: options.node },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    stream,
  );
  const notices = logger.child({}, { level: "info" });
  const pseudonym = pseudonyms(options.key);
  const line = (event: string, fields: Fields | undefined): object => {
    if (fields === undefined) return { event };
    return Object.assign({ event }, withoutPeople(fields, pseudonym), { event });
  };
  return {
    debug: (event, fields) => {
      if (logger.isLevelEnabled("debug")) logger.debug(Object.assign({ event }, fields, { event }));
    },
    info: (event, fields) => logger.info(line(event, fields)),
    warn: (event, fields) => logger.warn(line(event, fields)),
    error: (event, fields) => logger.error(line(event, fields)),
    fatal: (event, fields) => logger.fatal(line(event, fields)),
    notice: (event, fields) => notices.info(line(event, fields)),
    isOn: (level) => logger.isLevelEnabled(level),
    setLevel: (level) => {
      logger.level = level;
    },
    pseudonym,
  };
}
