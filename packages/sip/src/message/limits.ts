/**
 * Bounds of one SIP message, in force before any parsing work is spent on it. Signed Record-Route values make
 * heads of some peers long (8 KiB and more were seen), so the head may be large; the count of headers may not.
 */
export interface MessageLimits {
  /** Request or status line, bytes. */
  readonly startLine: number;
  /** Start line and header block together, bytes. */
  readonly head: number;
  /** Header lines. */
  readonly headers: number;
  /** Body, bytes. */
  readonly body: number;
}

export const DEFAULT_MESSAGE_LIMITS: MessageLimits = {
  startLine: 8 * 1024,
  head: 64 * 1024,
  headers: 256,
  body: 1024 * 1024,
};
