import type { HeaderList } from "./stamps.ts";

/** How one incoming request is answered instead of as usual; "silence" never answers it. */
export type ScriptedAnswer =
  | {
      readonly code: number;
      readonly reason?: string;
      readonly headers?: HeaderList;
      readonly delayMs?: number;
    }
  | "silence";

/** What happens to an INVITE that asks for an IM session. */
export type InvitePolicy =
  | {
      readonly kind: "accept";
      /** Between the provisional answers and the 200, ms: a client with several endpoints waits about 10 s. */
      readonly delayMs?: number;
      readonly provisional?: readonly number[];
      /** Says `Supported: ms-text-format` and takes the text in the INVITE for delivered. */
      readonly consumeFirstText?: boolean;
      /** How long the 200 waits for its ACK before it is a fault, ms; default 5000. */
      readonly ackPatienceMs?: number;
    }
  | {
      readonly kind: "decline";
      readonly code: number;
      readonly reason?: string;
      readonly headers?: HeaderList;
      readonly delayMs?: number;
      readonly provisional?: readonly number[];
    }
  /** Rings until it is cancelled. */
  | { readonly kind: "ring"; readonly provisional?: readonly number[] };

const REASONS: Readonly<Record<number, string>> = {
  100: "Trying",
  101: "Progress Report",
  180: "Ringing",
  183: "Session Progress",
  200: "OK",
  202: "Accepted",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  415: "Unsupported Media Type",
  480: "Temporarily Unavailable",
  481: "Call Leg/Transaction Does Not Exist",
  486: "Busy Here",
  487: "Request Terminated",
  488: "Not Acceptable Here",
  489: "Bad Event",
  500: "Server Internal Error",
  503: "Service Unavailable",
  504: "Server time-out",
  603: "Decline",
  606: "Not Acceptable",
};

export function reasonOf(code: number): string {
  return REASONS[code] ?? "Unspecified";
}

/** Answers to come, by method; each is used once, in order. */
export class AnswerScript {
  readonly #answers = new Map<string, ScriptedAnswer[]>();

  add(method: string, answers: readonly ScriptedAnswer[]): void {
    this.#answers.set(method, [...(this.#answers.get(method) ?? []), ...answers]);
  }

  next(method: string): ScriptedAnswer | undefined {
    return this.#answers.get(method)?.shift();
  }
}
