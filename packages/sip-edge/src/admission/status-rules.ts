/** What a response of an inside node becomes before a partner sees it. */
import { reasonPhrase, type StartLine } from "@tombolo/sip";

interface StatusRule {
  readonly status: number;
  /** Left out: for every method. */
  readonly method?: "not-invite";
  readonly becomes: number;
  readonly ref: string;
}

const STATUS_RULES: readonly StatusRule[] = [
  { status: 401, becomes: 403, ref: "a challenge throws the other side's users out of their own session" },
  { status: 407, becomes: 403, ref: "as 401" },
  { status: 408, method: "not-invite", becomes: 504, ref: "RFC 4320 4.2" },
  { status: 503, becomes: 500, ref: "RFC 3261 16.7 step 6: it would take the whole edge out of service" },
  { status: 600, becomes: 486, ref: "it would end the call everywhere" },
];

/** The start line of a response on its way out. */
export function outboundStart(start: StartLine, method: string): StartLine {
  if (start.kind !== "response" || start.status < 400) return start;
  for (const rule of STATUS_RULES) {
    if (rule.status !== start.status || (rule.method === "not-invite" && method === "INVITE")) continue;
    return { kind: "response", status: rule.becomes, reason: reasonPhrase(rule.becomes) };
  }
  return start;
}
