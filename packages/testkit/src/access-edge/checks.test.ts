import { describe, expect, it } from "vitest";
import { checkAck, checkRequest, checkResponse, checkSdp } from "./checks.ts";
import { PeerDialog } from "./dialog.ts";
import type { Blame, FaultId } from "./faults.ts";
import { readPresence } from "./presence-body.ts";
import {
  listOf,
  splitValues,
  tagOf,
  uriOf,
  WireFault,
  type WireMessage,
  WireReader,
  writeWire,
} from "./wire.ts";

function message(text: string): WireMessage {
  const [head = "", body = ""] = text.split("\n\n");
  const [start = "", ...lines] = head.split("\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { start, headers, body };
}

function faultsOf(check: (blame: Blame) => void): FaultId[] {
  const found = new Set<FaultId>();
  check((fault) => found.add(fault));
  return [...found];
}

const EDGE = "<sip:sip.contoso.example:5061;transport=tls;lr;ms-route-sig=a,b>;tag=0F";
const POOL = "<sip:pool01.corp.contoso.example:5061;transport=tls;lr;ms-route-sig=c>;ms-rrsig=d;tag=7A";
const GRUU = "sip:bob@contoso.example;opaque=user:epid:x;gruu";
const OUR_SUBSCRIBE = `SUBSCRIBE sip:bob@contoso.example SIP/2.0
Via: SIP/2.0/TLS sip.example.com:5061;branch=z9hG4bK1
Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
Max-Forwards: 70
From: <sip:alice@example.com>;tag=a1
To: <sip:bob@contoso.example>
Call-ID: c1
CSeq: 1 SUBSCRIBE
Contact: <sip:sip.example.com:5061;transport=tls>
Event: presence
Expires: 7200`;

describe("checkRequest", () => {
  it("finds nothing in a good request", () => {
    expect(faultsOf((blame) => checkRequest(message(OUR_SUBSCRIBE), blame))).toEqual([]);
  });

  it.each<[string, string, FaultId]>([
    ["Via: SIP/2.0/TLS sip.example.com:5061", "Via: SIP/2.0/TLS 192.0.2.1:5061", "via"],
    ["branch=z9hG4bK1", "branch=1", "via"],
    ["Max-Forwards: 70\n", "", "max-forwards"],
    [";tag=a1", "", "tags"],
    [
      "Contact: <sip:sip.example.com:5061;transport=tls>",
      "Contact: <sip:192.0.2.1;transport=tls>",
      "contact",
    ],
    [
      "Contact: <sip:sip.example.com:5061;transport=tls>",
      "Contact: <sip:sip.example.com>;transport=tls",
      "contact",
    ],
    ["\nContact: <sip:sip.example.com:5061;transport=tls>", "", "contact"],
    [";transport=tls;lr", ";transport=tls", "record-route"],
    ["<sip:sip.example.com:5061;transport=tls;lr>", "<sip:10.0.0.1;transport=tls;lr>", "record-route"],
    ["Max-Forwards", `Route: ${EDGE}\nMax-Forwards`, "route-set"],
    ["Event", "ms-edge-proxy-message-trust: x\nEvent", "private-header"],
    ["Event", "Supported: foo, ms-benotify\nEvent", "ms-extension"],
    ["SUBSCRIBE", "MESSAGE", "message-contact"],
  ])("%s -> %s is a fault", (good, bad, fault) => {
    const request = message(OUR_SUBSCRIBE.replaceAll(good, bad));
    expect(faultsOf((blame) => checkRequest(request, blame))).toEqual([fault]);
  });
});

const THEIR_INVITE = `INVITE sip:alice@example.com SIP/2.0
Via: SIP/2.0/TLS 192.0.2.10:1;branch=z9hG4bKa;ms-internal-info="x,y"
Record-Route: ${EDGE}
Via: SIP/2.0/tls 10.1.4.77:50122;ms-received-port=50122
Record-Route: ${POOL}
From: "Bob"<sip:bob@contoso.example>;tag=b1;epid=01ab
To: <sip:alice@example.com>
Call-ID: c2
CSeq: 1 INVITE
Expires: 100`;
const OUR_OK = `SIP/2.0 200 OK
Via: SIP/2.0/TLS 192.0.2.10:1;branch=z9hG4bKa;ms-internal-info="x,y";received=127.0.0.1
Via: SIP/2.0/tls 10.1.4.77:50122;ms-received-port=50122
Record-Route: <sip:sip.example.com:5061;transport=tls;lr>
Record-Route: ${EDGE}
Record-Route: ${POOL}
From: "Bob"<sip:bob@contoso.example>;tag=b1;epid=01ab
To: <sip:alice@example.com>;tag=a2
Call-ID: c2
CSeq: 1 INVITE
Contact: <sip:sip.example.com:5061;transport=tls>`;

describe("checkResponse", () => {
  it("finds nothing in a good response", () => {
    expect(faultsOf((blame) => checkResponse(message(THEIR_INVITE), message(OUR_OK), blame))).toEqual([]);
  });

  it.each<[string, string, FaultId]>([
    ["Via: SIP/2.0/tls", "Via: SIP/2.0/TLS", "response-via"],
    [';ms-internal-info="x,y"', "", "response-via"],
    [";ms-received-port=50122", ";ms-received-port=50122;received=10.0.0.1", "response-via"],
    [";tag=0F", "", "response-record-route"],
    [`${EDGE}\nRecord-Route: ${POOL}`, `${POOL}\nRecord-Route: ${EDGE}`, "response-record-route"],
    ["<sip:sip.example.com:5061;transport=tls;lr>", "<sip:sip.example.com:5061;lr>", "record-route"],
    ['"Bob"<', '"Bob" <', "response-identity"],
    [";epid=01ab", "", "response-identity"],
    ["CSeq: 1", "CSeq: 2", "response-identity"],
    [";tag=a2", "", "tags"],
    ["200 OK", "401 Unauthorized", "forbidden-status"],
    ["200 OK", "503 Service Unavailable", "forbidden-status"],
    ["200 OK", "600 Busy Everywhere", "forbidden-status"],
    [":5061;transport=tls>", ":5061>", "contact"],
    ["Contact:", "Supported: ms-piggyback-first-notify\nContact:", "ms-extension"],
  ])("%s -> %s is a fault", (good, bad, fault) => {
    const response = message(OUR_OK.replace(good, bad));
    expect(faultsOf((blame) => checkResponse(message(THEIR_INVITE), response, blame))).toEqual([fault]);
  });

  it.each<[string, string, string, FaultId[]]>([
    ["INVITE", "408 Request Timeout", "", []],
    ["MESSAGE", "408 Request Timeout", "", ["non-invite-408"]],
    // Over TCP it is even asked for when the answer takes long.
    ["MESSAGE", "100 Trying", "", []],
    ["MESSAGE", "180 Ringing", "", ["non-invite-1xx"]],
    ["MESSAGE", "200 OK", "", ["message-contact"]],
    ["SUBSCRIBE", "200 OK", "", ["expires"]],
    ["SUBSCRIBE", "200 OK", "Expires: 100\n", []],
    ["SUBSCRIBE", "200 OK", "Expires: 101\n", ["expires"]],
  ])("%s answered %s %s", (method, status, header, faults) => {
    const request = message(THEIR_INVITE.replaceAll("INVITE", method));
    const text = OUR_OK.replaceAll("INVITE", method)
      .replace("200 OK", status)
      .replace("Contact", `${header}Contact`);
    expect(faultsOf((blame) => checkResponse(request, message(text), blame))).toEqual(faults);
  });
});

const OUR_NOTIFY = `NOTIFY ${GRUU} SIP/2.0
Route: ${EDGE}
Route: ${POOL}
From: <sip:alice@example.com>;tag=a1
To: "Bob"<sip:bob@contoso.example>;epid=01ab;tag=b1
Call-ID: c1
CSeq: 1 NOTIFY`;

function dialog(): PeerDialog {
  return new PeerDialog({
    callId: "c1",
    local: `"Bob"<sip:bob@contoso.example>;tag=b1;epid=01ab`,
    remote: "<sip:alice@example.com>;tag=a1",
    gruu: GRUU,
    signed: [EDGE, POOL],
    localCSeq: 1,
  });
}

describe("PeerDialog.check", () => {
  it("serves good requests, the Route on one line or two", () => {
    const held = dialog();
    const faults = faultsOf((blame) => {
      expect(held.check(message(OUR_NOTIFY), blame)).toBeUndefined();
      held.answered("NOTIFY");
      const joined = OUR_NOTIFY.replace("\nRoute: <sip:pool", ", <sip:pool").replace("1 NOTIFY", "2 NOTIFY");
      expect(held.check(message(joined), blame)).toBeUndefined();
    });
    expect(faults).toEqual([]);
  });

  it.each<[string, string, FaultId, number | undefined]>([
    [";tag=0F", "", "route-set", 400],
    [";ms-rrsig=d;tag=7A", ";tag=7A;ms-rrsig=d", "route-set", 400],
    [`Route: ${POOL}\n`, "", "route-set", 400],
    [";gruu SIP/2.0", " SIP/2.0", "request-uri", 404],
    [";tag=a1", ";tag=a9", "tags", 481],
    ["<sip:alice@example.com>;tag=a1", "<sip:eve@example.com>;tag=a1", "addresses", undefined],
    [";epid=01ab", "", "addresses", undefined],
    ["CSeq: 1 ", "CSeq: 0 ", "cseq", 500],
  ])("%s -> %s is a fault", (good, bad, fault, status) => {
    const faults = faultsOf((blame) => {
      expect(dialog().check(message(OUR_NOTIFY.replace(good, bad)), blame)?.status).toBe(status);
    });
    expect(faults).toEqual([fault]);
  });

  it("finds a repeated CSeq and a NOTIFY that does not wait for the answer to the one before", () => {
    const held = dialog();
    expect(faultsOf((blame) => held.check(message(OUR_NOTIFY), blame))).toEqual([]);
    expect(faultsOf((blame) => held.check(message(OUR_NOTIFY), blame))).toEqual(["cseq"]);
    const next = message(OUR_NOTIFY.replace("1 NOTIFY", "2 NOTIFY"));
    expect(faultsOf((blame) => held.check(next, blame))).toEqual(["overlap"]);
  });
});

const PIDF = `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:ep="urn:ietf:params:xml:ns:pidf:status:rpid-status" entity="sip:alice@example.com"><tuple id="0"><status><basic>open</basic><ep:activities><ep:activity>busy</ep:activity></ep:activities></status></tuple></presence>`;

describe("readPresence", () => {
  const read = (body: string) => {
    const details: string[] = [];
    const presence = readPresence(body, "sip:alice@example.com", (detail) => details.push(detail));
    return { shown: presence?.shown, details };
  };

  it("shows the four states", () => {
    expect(read(PIDF)).toEqual({ shown: "Busy", details: [] });
    expect(read(PIDF.replace("busy", "away")).shown).toBe("Away");
    const bare = PIDF.replace(/<ep:activities>.*<\/ep:activities>/, "");
    expect(read(bare)).toEqual({ shown: "Available", details: [] });
    expect(read(bare.replace("open", "closed"))).toEqual({ shown: "Offline", details: [] });
  });

  it.each([
    ["sip:alice@", "alice@", "entity is"],
    ["open", "closed", "closed, but with activities"],
    ["busy", "dnd", 'unknown activity "dnd"'],
    ["pidf:status:rpid-status", "pidf:rpid", "not in status in the draft's namespace"],
    ["</tuple>", "</tuple><tuple id='1'><status><basic>open</basic></status></tuple>", "2 tuples"],
    ["<presence", "<!DOCTYPE presence><presence", "DOCTYPE"],
    ["</presence>", "", "not XML"],
    ["<basic>open</basic>", "", 'basic is ""'],
  ])("%s -> %s is a fault", (good, bad, detail) => {
    expect(read(PIDF.replace(good, bad)).details.join()).toContain(detail);
  });
});

describe("checkSdp and checkAck", () => {
  const offer = message(
    "INVITE x SIP/2.0\nContent-Type: application/sdp\nCSeq: 1 INVITE\n\nm=message 5060 sip null\na=accept-types:text/plain",
  );
  const role = (invite: WireMessage, as: "offer" | "answer") =>
    faultsOf((blame) => checkSdp(invite, as, blame));

  it("tells offer from answer", () => {
    expect(role(offer, "offer")).toEqual([]);
    expect(role(offer, "answer")).toEqual(["sdp"]);
    const answer = { ...offer, body: offer.body.replace("null", "sip:alice@example.com") };
    expect(role(answer, "answer")).toEqual([]);
    expect(role({ ...offer, body: offer.body.replace("message", "audio") }, "offer")).toEqual(["sdp"]);
    expect(role({ ...offer, body: "m=message 5060 sip null" }, "offer")).toEqual(["sdp"]);
  });

  it("wants the INVITE's number in the ACK", () => {
    const ack = (cseq: string) => message(`ACK x SIP/2.0\nCSeq: ${cseq} ACK`);
    expect(faultsOf((blame) => checkAck(ack("1"), offer, blame))).toEqual([]);
    expect(faultsOf((blame) => checkAck(ack("2"), offer, blame))).toEqual(["cseq"]);
  });
});

describe("wire", () => {
  it("reads what it writes, cut anywhere", () => {
    const written = {
      start: "MESSAGE sip:a@b.example SIP/2.0",
      headers: [["To", "<sip:a@b.example>"]],
      body: "h\u00e9llo",
    } as const;
    const bytes = Buffer.concat([Buffer.from("\r\n\r\n"), writeWire(written), writeWire(written)]);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new WireReader();
      const read = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
      expect(read.map(({ body }) => body)).toEqual(["h\u00e9llo", "h\u00e9llo"]);
      expect(reader.keepAlives).toBe(2);
    }
  });

  it("tells a Content-Length that is too small, no number, or missing", () => {
    const ok = "OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";
    expect(() => new WireReader().push(Buffer.from(`${ok}rest${ok}`))).toThrow(WireFault);
    expect(() => new WireReader().push(Buffer.from(ok.replace(": 0", ": x")))).toThrow(
      "not a Content-Length: x",
    );
    const missing: string[] = [];
    const reader = new WireReader(({ start }) => missing.push(start));
    expect(reader.push(Buffer.from(ok.replace("Content-Length: 0\r\n", "X: y\r\n")))).toHaveLength(1);
    expect(missing).toEqual(["OPTIONS sip:a SIP/2.0"]);
  });

  it("splits lists and finds URIs and tags despite commas, quotes and parameters", () => {
    expect(splitValues('"A, B"<sip:a;x=1,2>;q=1, <sip:b>')).toEqual(['"A, B"<sip:a;x=1,2>;q=1', "<sip:b>"]);
    expect(uriOf('"x <y>" <sip:a@b;lr>;tag=1')).toBe("sip:a@b;lr");
    expect(tagOf("sip:a@b;tag=7")).toBe("7");
    expect(tagOf("<sip:a@b;tag=no>;epid=1;tag=7")).toBe("7");
    expect(listOf(message("x\nv: a, b\nVia: c"), "Via")).toEqual(["a", "b", "c"]);
  });
});
