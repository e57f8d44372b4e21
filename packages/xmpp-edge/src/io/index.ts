export { CONGESTION_BYTES } from "./component-stream.ts";
export { type LinkDown, LinkDriver, type LinkDriverOptions } from "./link-driver.ts";
export { MAX_STANZA_CHARS, MAX_STANZA_DEPTH } from "./stream-parser.ts";
