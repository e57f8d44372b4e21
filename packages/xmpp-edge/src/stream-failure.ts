import type { Pace } from "./backoff.ts";

/** What a stream error means for the next try, and what an administrator should read about it. */
interface StreamFailure {
  readonly pace: Pace;
  readonly says: string;
  readonly ref: string;
}

/** Stream errors that a component meets for a reason which waiting alone rarely cures. */
const STREAM_FAILURES: Readonly<Record<string, StreamFailure>> = {
  conflict: {
    pace: "cap",
    says: "another connection already serves this component domain",
    ref: "RFC 6120 4.9.3.3",
  },
  "not-authorized": {
    pace: "grow",
    says: "the XMPP server refused the component's secret",
    ref: "XEP-0114 3",
  },
  "host-unknown": {
    pace: "grow",
    says: "the XMPP server has no component of this domain in its configuration",
    ref: "RFC 6120 4.9.3.6",
  },
  "invalid-namespace": {
    pace: "cap",
    says: "the port does not take component connections",
    ref: "RFC 6120 4.9.3.10",
  },
};

/** The pace of the next try and the sentence for people. `condition` is the stream error's, where there was one. */
export function judgeFailure(reason: string, condition?: string): { pace: Pace; reason: string } {
  const failure =
    condition !== undefined && Object.hasOwn(STREAM_FAILURES, condition)
      ? STREAM_FAILURES[condition]
      : undefined;
  if (failure === undefined) return { pace: "grow", reason };
  return { pace: failure.pace, reason: `${failure.says} (${condition})` };
}
