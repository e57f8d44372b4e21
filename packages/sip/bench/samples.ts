/** Three messages of the sizes and shapes that cross a federation link all day. */

const notify = [
  "NOTIFY sip:sip.northwind.example:5061;transport=tls SIP/2.0",
  'Via: SIP/2.0/TLS 192.0.2.10:53211;branch=z9hG4bK6E1C0A77.5B2F9D1E0C3A4B58;branched=FALSE;ms-internal-info="bcXo3l"',
  "Via: SIP/2.0/TLS 10.1.2.20:49822;branch=z9hG4bK2DA3892F.D0429AA1;branched=FALSE;ms-received-port=49822",
  "Max-Forwards: 68",
  "FROM: <sip:bob@contoso.example>;tag=0F3C5A1B2D4E6F700F3C5A1B2D4E6F70",
  'TO: "Alice"<sip:alice@northwind.example>;tag=6c1b0e9c3f;epid=01ab23cd45',
  "CALL-ID: 2f0f3f6f9d5f4c0c8d1b7f2f64b7d3aa",
  "CSEQ: 2 NOTIFY",
  "CONTACT: <sip:pool01.corp.contoso.example:5061;transport=tls>",
  "EVENT: presence",
  "subscription-state: active;expires=7104",
  "ms-user-data: ms-publiccloud=true;ms-federation=true",
  "P-Asserted-Identity: <sip:bob@contoso.example>",
  "User-Agent: RTC/3.5",
  "CONTENT-TYPE: application/pidf+xml",
];

const pidf = [
  '<?xml version="1.0" encoding="UTF-8"?>',
  '<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:ep="urn:ietf:params:xml:ns:pidf:status:rpid-status"',
  ' xmlns:ci="urn:ietf:params:xml:ns:pidf:cipid" entity="sip:bob@contoso.example">',
  '<tuple id="0"><status><basic>open</basic><ep:activities><ep:activity>busy</ep:activity></ep:activities>',
  "</status><contact>sip:bob@contoso.example</contact><timestamp>2010-03-04T05:06:07Z</timestamp></tuple>",
  "<ci:display-name>Bob Example of Contoso</ci:display-name><note>In a meeting until four</note></presence>",
];

const invite = [
  "INVITE sip:bob@northwind.example SIP/2.0",
  'Via: SIP/2.0/TLS 192.0.2.10:53211;branch=z9hG4bKB1D2.77AA;branched=FALSE;ms-internal-info="dfQ9"',
  "Record-Route: <sip:sip.fabrikam.example:5061;transport=tls;lr;ms-key-info=AAEAAbcd;ms-route-sig=ia71Q2JXo0bVn1s8TtQ3>;tag=55F0A1B2",
  "Via: SIP/2.0/TLS 10.1.4.77:50122;ms-received-port=50122;ms-received-cid=3E8A00",
  "Max-Forwards: 68",
  'From: "Alice"<sip:alice@fabrikam.example>;tag=c8f1d2a7e0;epid=01ab23cd45',
  "To: <sip:bob@northwind.example>",
  "Call-ID: 0b7f51c1b6114f6f9c3a3a1a7e6d9e01",
  "CSeq: 1 INVITE",
  "Contact: <sip:alice@fabrikam.example;opaque=user:epid:Vm9kZW1vRXBpZDAx;gruu>",
  "User-Agent: UCCAPI/15.0.4420.1017 OC/15.0.4420.1017",
  "ms-text-format: text/plain; charset=UTF-8; ms-body=SGkgQm9iLCBnb3QgYSBtaW51dGU/",
  "Supported: ms-embedded-first-message",
  "Supported: timer",
  "Supported: ms-delayed-accept",
  "Ms-Conversation-ID: AdKjW0o1b2n8Qm3ySxG7pZ4c1d2e3f==",
  "EndPoints: <sip:alice@fabrikam.example>, <sip:bob@northwind.example>",
  "Allow: INVITE, BYE, ACK, CANCEL, INFO, MESSAGE, UPDATE",
  "Content-Type: application/sdp",
];

const sdp = [
  "v=0",
  "o=- 0 0 IN IP4 10.1.4.77",
  "s=session",
  "c=IN IP4 10.1.4.77",
  "t=0 0",
  "m=message 5060 sip null",
  "a=accept-types:text/plain multipart/alternative image/gif text/rtf text/html application/x-ms-ink application/ms-imdn+xml",
  "",
];

const ok = [
  "SIP/2.0 200 OK",
  "Via: SIP/2.0/TLS sip.northwind.example:5061;branch=z9hG4bKgw000041c8f1d2a7;received=198.51.100.20",
  "Via: SIP/2.0/TLS 10.9.0.4:5062;branch=z9hG4bKin7717d2a7e0;rport=49822;received=10.9.0.4;ms-received-port=49822;ms-received-cid=1F00",
  "From: <sip:bob@northwind.example>;tag=gw5b1e77c8f1d2a7e0",
  'To: "Alice"<sip:alice@fabrikam.example>;tag=6c1b0e9c3f;epid=01ab23cd45',
  "Call-ID: 2f0f3f6f9d5f4c0c8d1b7f2f64b7d3aa",
  "CSeq: 41 NOTIFY",
];

export const SAMPLES = {
  NOTIFY: wire(notify, pidf.join("\r\n")),
  INVITE: wire(invite, sdp.join("\r\n")),
  "200": wire(ok, ""),
} as const satisfies Record<string, Buffer>;

export type SampleName = keyof typeof SAMPLES;

function wire(head: readonly string[], body: string): Buffer {
  return Buffer.from(`${head.join("\r\n")}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
