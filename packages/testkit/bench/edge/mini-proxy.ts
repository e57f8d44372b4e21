/**
 * The least that could be called an edge, to measure against: frames, looks From up in an allow list bound to the
 * certificate, counts Max-Forwards down, pushes and pops Via. No transactions, no checks of form. A process of its own.
 */
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, createServer, type TLSSocket } from "node:tls";
import { SipStream } from "./sip-stream.ts";

export interface ProxyOrder {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly target: { readonly port: number; readonly transport: "tcp" | "tls" };
  readonly allowed: readonly { readonly domain: string; readonly name: string }[];
}

const VIA = "Via: SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bKmini";
const RECORD_ROUTE = "Record-Route: <sip:sip.example.com:5061;transport=tls;lr>\r\n";

let serial = 0;

function forwarded(
  head: string,
  body: string,
  connection: number,
  mayBe: (domain: string) => boolean,
): string {
  const lines = head.split("\r\n");
  const names: string[] = [];
  const values: string[] = [];
  let domain = "";
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    let value = line.slice(colon + 1).trim();
    if (name === "from") domain = /sips?:[^@>]*@([^;>]+)/.exec(value)?.[1]?.toLowerCase() ?? "";
    else if (name === "max-forwards") value = String(Number(value) - 1);
    else if (name === "route") continue;
    names.push(line.slice(0, colon));
    values.push(value);
  }
  if (!mayBe(domain)) return "";
  let out = `${lines[0]}\r\n${VIA}${connection}.${serial++}\r\n`;
  if (head.startsWith("INVITE") || head.startsWith("SUBSCRIBE")) out += RECORD_ROUTE;
  for (let i = 0; i < names.length; i++) out += `${names[i]}: ${values[i]}\r\n`;
  return `${out}\r\n${body}`;
}

function serve({ cert, key, ca, target, allowed }: ProxyOrder): void {
  const names = new Map(allowed.map(({ domain, name }) => [domain, name]));
  const partners = new Map<number, { readonly socket: Socket; out: string }>();
  let toInside = "";
  const credentials = { cert, key, ca };
  const { port } = target;
  const inside =
    target.transport === "tcp"
      ? connectTcp({ port, host: "127.0.0.1", noDelay: true })
      : connectTls({ ...credentials, port, host: "127.0.0.1", servername: "sip.example.com" });
  inside.setNoDelay(true);
  const answers = new SipStream();
  inside.on("data", (chunk: Buffer) => {
    answers.push(chunk, (head, body) => {
      const start = head.indexOf(VIA);
      const end = head.indexOf("\r\n", start);
      const id = Number.parseInt(head.slice(start + VIA.length, start + VIA.length + 10), 10);
      const partner = partners.get(id);
      if (partner) partner.out += `${head.slice(0, start)}${head.slice(end + 2)}\r\n\r\n${body}`;
    });
    for (const partner of partners.values()) {
      if (partner.out === "") continue;
      partner.socket.write(partner.out, "latin1");
      partner.out = "";
    }
  });
  let nextId = 0;
  const server = createServer(
    { ...credentials, requestCert: true, rejectUnauthorized: true },
    (socket: TLSSocket) => {
      const id = nextId++;
      const shown = socket.getPeerCertificate().subjectaltname ?? "";
      const mayBe = (domain: string) => {
        const name = names.get(domain);
        return name !== undefined && shown.includes(name);
      };
      partners.set(id, { socket, out: "" });
      const stream = new SipStream();
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => partners.delete(id));
      socket.on("data", (chunk: Buffer) => {
        stream.push(chunk, (head, body) => {
          toInside += forwarded(head, body, id, mayBe);
        });
        inside.write(toInside, "latin1");
        toInside = "";
      });
    },
  );
  server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
}

process.once("message", (order: ProxyOrder) => serve(order));
process.once("disconnect", () => process.exit(0));
