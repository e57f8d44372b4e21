import { Journal, type WaitOptions } from "../journal.ts";
import type { PeerDialog } from "./dialog.ts";
import { Refused } from "./exchange.ts";
import type { Link } from "./link.ts";
import type { Outside, RequestInDialog } from "./outside.ts";
import {
  type LyncState,
  presenceBody,
  readPresence,
  type SeenPresence,
  type ShownState,
} from "./presence-body.ts";
import { addressOfRecord, type HeaderList } from "./stamps.ts";
import { addressOf, headerOf, listOf, paramOf, statusOf, type WireMessage } from "./wire.ts";

/** One NOTIFY as bob's client understood it. */
export interface SeenNotify {
  readonly state: string;
  readonly reason: string | undefined;
  /** s. */
  readonly expires: number | undefined;
  readonly presence: SeenPresence | undefined;
  readonly message: WireMessage;
}

function describeNotify({ state, reason, presence }: SeenNotify): string {
  const why = reason === undefined ? "" : `;reason=${reason}`;
  return `NOTIFY ${state}${why} ${presence === undefined ? "without document" : `showing ${presence.shown}`}`;
}

const WATCH_HEADERS: HeaderList = [
  ["Event", "presence"],
  [
    "Accept",
    "application/msrtc-event-categories+xml, application/xpidf+xml, text/xml+msrtc.pidf, application/pidf+xml, application/rlmi+xml, multipart/related",
  ],
  ["Supported", "com.microsoft.autoextend"],
  ["Supported", "ms-benotify"],
  ["Proxy-Require", "ms-benotify"],
  ["Supported", "ms-piggyback-first-notify"],
];

/** Bob watches someone on the partner's side: one SUBSCRIBE dialog and the NOTIFYs in it. */
export class Watching {
  /** `sip:user@host` of whom bob watches. */
  readonly target: string;
  readonly dialog: PeerDialog;
  readonly notifies: Journal<SeenNotify> = new Journal(describeNotify);
  /** Granted seconds of the last 2xx. */
  expires = 0;
  active = true;
  readonly #outside: Outside;
  #tupleId: string | undefined;

  constructor(target: string, dialog: PeerDialog, outside: Outside) {
    this.target = target;
    this.dialog = dialog;
    this.#outside = outside;
  }

  /** What bob's contact list shows now; undefined before the first document. */
  get shown(): ShownState | undefined {
    return this.notifies.entries.findLast((notify) => notify.presence !== undefined)?.presence?.shown;
  }

  /** The next NOTIFY that no other wait took and `accepts` takes (default any). */
  waitForNotify(
    accepts: (notify: SeenNotify) => boolean = () => true,
    options: Partial<WaitOptions> = {},
  ): Promise<SeenNotify> {
    const what = options.what ?? `a NOTIFY about ${this.target}`;
    return this.notifies.waitFor(accepts, { what, timeoutMs: options.timeoutMs });
  }

  /** The next NOTIFY that makes bob's client show `state`. */
  waitForState(state: ShownState, timeoutMs?: number): Promise<SeenNotify> {
    const what = `a NOTIFY with ${this.target} as ${state}`;
    return this.waitForNotify((notify) => notify.presence?.shown === state, { what, timeoutMs });
  }

  /** Sends SUBSCRIBE in the dialog; resolves with the 2xx, rejects with Refused. */
  async refresh(expires = 7200): Promise<WireMessage> {
    const headers: HeaderList = [...WATCH_HEADERS, ["Expires", String(expires)]];
    const response = await this.#outside.ask(this.dialog, { method: "SUBSCRIBE", headers });
    if (statusOf(response) >= 300) throw new Refused(response, response);
    this.granted(response);
    return response;
  }

  /** Resolves when the 2xx and the final NOTIFY are there. */
  async unsubscribe(): Promise<SeenNotify> {
    await this.refresh(0);
    return this.waitForNotify((notify) => notify.state === "terminated", { what: "the final NOTIFY" });
  }

  granted(response: WireMessage): void {
    this.expires = Number(headerOf(response, "Expires") ?? 0);
    this.dialog.refresh(response);
  }

  /** Takes a NOTIFY that passed the dialog's checks. */
  notified(message: WireMessage): void {
    const value = headerOf(message, "Subscription-State") ?? "";
    const state = value.split(";")[0]!.trim().toLowerCase();
    const expires = paramOf(value, "expires");
    const blame = (detail: string) => this.#outside.blame("notify-body", detail, message);
    if (!/^(active|pending|terminated)$/.test(state)) {
      this.#outside.blame("subscription-state", `"${value}"`, message);
    } else if (state !== "terminated" && !/^\d+$/.test(expires ?? "")) {
      this.#outside.blame("subscription-state", `"${value}" lacks expires`, message);
    }
    if ((headerOf(message, "Event") ?? "").split(";")[0] !== "presence") blame("Event is not presence");
    const presence = this.#document(message, state, blame);
    if (state === "terminated") {
      this.active = false;
      this.dialog.open = false;
    }
    const reason = paramOf(value, "reason");
    const seconds = expires === undefined ? undefined : Number(expires);
    this.notifies.add({ state, reason, expires: seconds, presence, message });
  }

  #document(message: WireMessage, state: string, blame: (detail: string) => void): SeenPresence | undefined {
    if (message.body === "") {
      if (state === "active") blame("no document although active");
      return undefined;
    }
    const type = headerOf(message, "Content-Type") ?? "";
    if (!/^application\/pidf\+xml/i.test(type)) blame(`Content-Type is ${type}`);
    const presence = readPresence(message.body, this.target, blame);
    if (presence !== undefined) {
      if (this.#tupleId !== undefined && presence.tupleId !== this.#tupleId) {
        blame(`tuple id was ${this.#tupleId}, is ${presence.tupleId}`);
      }
      this.#tupleId = presence.tupleId;
    }
    return presence;
  }
}

/** Sends the first SUBSCRIBE; `began` gets the watching before any NOTIFY can come. Rejects with Refused. */
export async function startWatching(
  outside: Outside,
  target: string,
  options: { expires?: number | undefined; timeoutMs?: number | undefined },
  began: (watching: Watching) => void,
): Promise<Watching> {
  let watching: Watching | undefined;
  const { dialog, request, response } = await outside.open({
    method: "SUBSCRIBE",
    to: target,
    headers: [...WATCH_HEADERS, ["Expires", String(options.expires ?? 7200)]],
    timeoutMs: options.timeoutMs,
    began: (started) => {
      watching = new Watching(target, started, outside);
      began(watching);
    },
  });
  if (statusOf(response) >= 300) {
    dialog.open = false;
    throw new Refused(request, response);
  }
  watching!.granted(response);
  return watching!;
}

/** Someone on the partner's side watches bob. */
export class Watcher {
  /** `sip:user@host`. */
  readonly watcher: string;
  readonly dialog: PeerDialog;
  /** s, as last granted. */
  expires: number;
  active = true;
  readonly #outside: Outside;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(dialog: PeerDialog, expires: number, outside: Outside) {
    this.watcher = dialog.peer;
    this.dialog = dialog;
    this.expires = expires;
    this.#outside = outside;
  }

  /** Tells the watcher a state, in the old PIDF dialect. Resolves with the status of its answer. */
  tell(state: LyncState): Promise<number> {
    const { home } = this.#outside;
    const body = presenceBody(addressOfRecord(home), home.displayName, state);
    return this.notify({ contentType: "application/pidf+xml", body });
  }

  /** One NOTIFY after the other; resolves with the status of its answer, for BENOTIFY with 0 at once. */
  notify(content: {
    readonly contentType?: string;
    readonly body?: string;
    /** Default `active;expires=...`, or `terminated;reason=timeout` after the end. */
    readonly state?: string;
    readonly method?: "NOTIFY" | "BENOTIFY";
  }): Promise<number> {
    const state =
      content.state ?? (this.active ? `active;expires=${this.expires}` : "terminated;reason=timeout");
    const length = Buffer.byteLength(content.body ?? "");
    const headers: HeaderList = [
      // Early, as Microsoft servers write it, and a NOTIFY of theirs has no Contact.
      ["Content-Length", String(length)],
      ...(content.contentType === undefined ? [] : ([["Content-Type", content.contentType]] as const)),
      ["Event", "presence"],
      ["subscription-state", state],
    ];
    const request: RequestInDialog = {
      method: content.method ?? "NOTIFY",
      headers,
      body: content.body ?? "",
    };
    if (state.startsWith("terminated")) this.active = false;
    if (request.method === "BENOTIFY") {
      this.#outside.tell(this.dialog, request);
      return Promise.resolve(0);
    }
    const answered = this.#queue.then(async () => statusOf(await this.#outside.ask(this.dialog, request)));
    this.#queue = answered.catch(() => {});
    return answered.then((status) => {
      if (status === 481) this.active = false;
      return status;
    });
  }

  /** Ends the subscription from this side (RFC 6665 4.1.3): `deactivated`, `rejected`, `noresource`... */
  end(reason: string): Promise<number> {
    return this.notify({ state: `terminated;reason=${reason}` });
  }
}

/** How SUBSCRIBEs for bob are served. */
export interface WatcherService {
  /** Granted instead of what was asked for, s. */
  grantExpires: number | undefined;
  /** Sends the first NOTIFY before the 200. */
  notifyFirst: boolean;
  state: LyncState;
}

/** Serves a SUBSCRIBE that makes a dialog; undefined when it was refused. */
export function serveSubscribe(
  request: WireMessage,
  link: Link,
  outside: Outside,
  service: WatcherService,
): Watcher | undefined {
  const refuse = (code: number, headers: HeaderList = []) =>
    outside.respond(request, link, { code, headers });
  if ((headerOf(request, "Event") ?? "").split(";")[0] !== "presence") {
    refuse(489, [["Allow-Events", "presence"]]);
    return undefined;
  }
  const accept = listOf(request, "Accept");
  if (accept.length > 0 && !accept.includes("application/pidf+xml")) {
    refuse(406);
    return undefined;
  }
  const asked = Number(headerOf(request, "Expires") ?? 3600);
  const dialog = outside.accept(request);
  // Some servers spend the first number on a NOTIFY that went with the 200: theirs begin at 2.
  dialog.localCSeq = 1;
  const watcher = new Watcher(dialog, asked === 0 ? 0 : (service.grantExpires ?? asked), outside);
  if (asked === 0) watcher.active = false;
  answerSubscribe(request, link, watcher, outside, service);
  return watcher;
}

/** A SUBSCRIBE in the dialog: refresh, or the end with `Expires: 0`. */
export function serveResubscribe(
  request: WireMessage,
  link: Link,
  watcher: Watcher,
  outside: Outside,
  service: WatcherService,
): void {
  const asked = Number(headerOf(request, "Expires") ?? 3600);
  watcher.expires = asked === 0 ? 0 : (service.grantExpires ?? asked);
  if (asked === 0) watcher.active = false;
  watcher.dialog.refresh(request);
  answerSubscribe(request, link, watcher, outside, service);
}

function answerSubscribe(
  request: WireMessage,
  link: Link,
  watcher: Watcher,
  outside: Outside,
  service: WatcherService,
): void {
  const answer = () =>
    outside.respond(
      request,
      link,
      {
        code: 200,
        headers: [
          ["Expires", String(watcher.expires)],
          ["Event", "presence"],
        ],
      },
      watcher.dialog,
    );
  if (!service.notifyFirst) answer();
  // An unanswered NOTIFY shows in the transcript and in the waits of the test.
  watcher.tell(service.state).catch(() => {});
  if (service.notifyFirst) outside.later(30, answer);
}

/** Whether a SUBSCRIBE is for the user of this home. */
export function isForHome(request: WireMessage, outside: Outside): boolean {
  return addressOf(headerOf(request, "To") ?? "") === addressOfRecord(outside.home).toLowerCase();
}
