export type { BackoffSettings } from "./backoff.ts";
export { PING_LIMIT } from "./barrier.ts";
export { DOMAIN_FEATURES } from "./discovery.ts";
export { Link, type LinkSources } from "./link.ts";
export type { LinkCounters, LinkInput, LinkOutput, LossReason } from "./link-events.ts";
export type { LinkState } from "./link-steps.ts";
export type { Deadline, IdSource, Machine, Millis } from "./machine.ts";
export { type ContactKind, type Contacts, LINK_DEFAULTS, type LinkSettings } from "./settings.ts";
