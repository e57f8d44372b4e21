import { type AddressInfo, createServer, type Socket } from "node:net";
import { connect } from "node:tls";
import {
  headerOf,
  headersOf,
  isResponse,
  methodOf,
  uriOf,
  type WireMessage,
  WireReader,
  writeWire,
} from "./access-edge/wire.ts";
import type { Credentials } from "./pki.ts";

export interface OcsHomeOptions {
  /** The domain whose users sign in here. */
  readonly domain: string;
  /** What it shows our edge. */
  readonly credentials: Credentials;
  /** Root of both sides, PEM. */
  readonly ca: string;
  /** Our edge. */
  readonly edge: { readonly port: number; readonly servername: string };
}

/** A home server for one client that is not ours, with the way out to our edge. */
export interface OcsHome {
  /** Where the client signs in, plain TCP on 127.0.0.1. */
  readonly port: number;
  /** Everything that went to and came from our edge, oldest first. */
  readonly seen: readonly WireMessage[];
  /** Settles when a client has signed in. */
  readonly signedIn: Promise<void>;
  stop(): Promise<void>;
}

/** What a client may ask its own server for, all of it answered with 200 and nothing: it asks for no password either. */
const AT_HOME = new Set(["REGISTER", "SUBSCRIBE", "SERVICE", "PUBLISH", "OPTIONS", "BENOTIFY", "NOTIFY"]);

/**
 * The least that Communicator-like clients take for their OCS server: it lets them sign in unasked, and forwards what
 * goes to other domains as an edge does, on one TLS connection that it opens.
 */
export async function startOcsHome(options: OcsHomeOptions): Promise<OcsHome> {
  const { domain, credentials, ca, edge } = options;
  const host = `sip.${domain}`;
  const seen: WireMessage[] = [];
  let client: Socket | undefined;
  let signIn = () => {};
  const signedIn = new Promise<void>((resolve) => {
    signIn = resolve;
  });

  const out = connect({
    port: edge.port,
    host: "127.0.0.1",
    servername: edge.servername,
    cert: credentials.cert,
    key: credentials.key,
    ca,
  });
  out.setNoDelay(true);
  out.on("error", () => {});
  await new Promise((resolve, reject) => {
    out.once("secureConnect", resolve);
    out.once("error", reject);
  });
  const toEdge = (message: WireMessage) => {
    seen.push(message);
    out.write(writeWire(message));
  };
  let branches = 0;
  const via = (transport: string) =>
    `SIP/2.0/${transport} ${host}:5061;branch=z9hG4bKhome${++branches};branched=FALSE`;
  const recordRoute = `<sip:${host}:5061;transport=tls;lr;ms-route-sig=aa0Yd>;tag=0F3C5A1B`;

  read(out, (message) => {
    seen.push(message);
    if (client === undefined) return;
    if (isResponse(message)) client.write(writeWire(withoutTopVia(message)));
    else client.write(writeWire(forwarded(message, via("TLS"), recordRoute)));
  });

  const server = createServer((socket) => {
    client = socket;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    read(socket, (message) => {
      if (isResponse(message)) toEdge(withoutTopVia(message));
      else if (isAtHome(message, domain)) {
        socket.write(writeWire(answerAtHome(message, domain)));
        if (methodOf(message) === "REGISTER") signIn();
      } else toEdge(forwarded(message, via("TLS"), recordRoute));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    signedIn,
    async stop() {
      client?.destroy();
      out.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function read(socket: Socket, take: (message: WireMessage) => void): void {
  const reader = new WireReader();
  socket.on("data", (bytes) => {
    for (const message of reader.push(bytes)) take(message);
  });
}

function isAtHome(message: WireMessage, domain: string): boolean {
  return AT_HOME.has(methodOf(message)) && uriOf(headerOf(message, "To") ?? "").includes(`@${domain}`);
}

function answerAtHome(message: WireMessage, domain: string): WireMessage {
  const copied = ["Via", "From", "Call-ID", "CSeq"].flatMap((name) =>
    headersOf(message, name).map((value) => [name, value] as const),
  );
  const to = headerOf(message, "To") ?? "";
  const contact = headerOf(message, "Contact");
  return {
    start: "SIP/2.0 200 OK",
    headers: [
      ...copied,
      ["To", to.includes("tag=") ? to : `${to};tag=home1`],
      ...(contact === undefined ? [] : [["Contact", `${contact};expires=7200`] as const]),
      ["Expires", "7200"],
      ["Server", "RTC/3.5"],
      ["Supported", "msrtc-event-categories"],
      [
        "Allow-Events",
        "vnd-microsoft-provisioning,vnd-microsoft-roaming-contacts,vnd-microsoft-roaming-ACL,presence,presence.wpending,vnd-microsoft-roaming-self,vnd-microsoft-provisioning-v2",
      ],
      ["P-Asserted-Identity", `<sip:bob@${domain}>`],
    ],
    body: "",
  };
}

/** One hop further: our Via on top, the Route that named us gone, ours recorded where a dialog may begin. */
function forwarded(message: WireMessage, via: string, recordRoute: string): WireMessage {
  const records = ["INVITE", "SUBSCRIBE"].includes(methodOf(message));
  const rest = message.headers.filter(([name]) => name.toLowerCase() !== "route");
  return {
    ...message,
    headers: [["Via", via], ...(records ? [["Record-Route", recordRoute] as const] : []), ...rest],
  };
}

/** Several Vias may share a line. */
function withoutTopVia(message: WireMessage): WireMessage {
  const at = message.headers.findIndex(([name]) => /^(via|v)$/i.test(name));
  const [name, value] = message.headers[at]!;
  const left = value.slice(value.indexOf(",") + 1).trim();
  const kept = value.includes(",") ? [[name, left] as const] : [];
  return { ...message, headers: message.headers.toSpliced(at, 1, ...kept) };
}
