/** SIPp scenarios: XML files with `{{name}}` for what a test says and for what many of them say alike. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Values of `{{name}}`; they go before the parts below. */
export type ScenarioValues = Readonly<Record<string, string>>;

/**
 * A scenario of `scenarios/`, ready for SIPp. XML's escapes are the file's business.
 * @throws Error where it asks for something that nobody says
 */
export function scenario(name: string, values: ScenarioValues): string {
  const known: ScenarioValues = { ...PARTS, ...values };
  const fill = (text: string): string =>
    text.replace(/\{\{([\w-]+)\}\}/g, (_, key: string) => {
      const value = known[key];
      if (value === undefined) throw new Error(`scenario ${name} asks for {{${key}}}`);
      return fill(value);
    });
  return fill(readFileSync(join(import.meta.dirname, "scenarios", `${name}.xml`), "utf8"));
}

/** The Vias of a client and two servers; only the top one has a branch of its own, the client's has none. */
const VIAS = `Via: SIP/2.0/TLS 192.0.2.10:53211;branch=[branch];branched=FALSE;ms-internal-info="bcXo3l"
Via: SIP/2.0/TLS 10.1.2.20:49822;branch=z9hG4bK2DA3892F.D0429AA14DA5C5DB;branched=FALSE;ms-received-port=49822;ms-received-cid=1F00
Via: SIP/2.0/tls 10.1.4.77:50122;ms-received-port=50122;ms-received-cid=3E8A00`;

/** How Microsoft's servers and clients write; for scenarios that play the partner's edge with all behind it. */
const PARTS: ScenarioValues = {
  "edge-route":
    "<sip:sip.{{domain}}:5061;transport=tls;lr;ms-key-info=AAEAAbcd;ms-route-sig=gx7LbQ12>;tag=0F3C5A1B2D4E6F70",
  "pool-route":
    "<sip:pool01.corp.{{domain}}:5061;transport=tls;ms-fe=fe02.corp.{{domain}};opaque=state:T:F:Ci.R40d600;lr;ms-route-sig=ab0c>;ms-rrsig=abW0;tag=7AA90011",
  gruu: "<sip:{{from}};opaque=user:epid:Vm9kZW1vRXBpZDAx;gruu>",
  vias: VIAS,
  /** A request outside of dialogs, after its first line and without CSeq: capitals, and Vias between routes. */
  first: `${VIAS.replace(
    "\n",
    "\nRECORD-ROUTE: {{edge-route}}\nMAX-FORWARDS: 68\nms-user-data: ms-publiccloud=true;ms-federation=true\nRECORD-ROUTE: {{pool-route}}\n",
  )}
FROM: "Ångström, Carol"<sip:{{from}}>;epid=01ab23cd45;tag=[call_number]c1
TO: <sip:{{to}}>
CALL-ID: [call_id]
CONTACT: {{gruu}};text;audio;video
USER-AGENT: UCCAPI/3.5.6907.0 OC/3.5.6907.0 (Microsoft Office Communicator 2007 R2)`,
  /** A request in the dialog that `first` began. */
  inside: `{{vias}}
Max-Forwards: 68
Route: <sip:{{edge}};transport=tls;lr>
From: "Ångström, Carol"<sip:{{from}}>;epid=01ab23cd45;tag=[call_number]c1
To: <sip:{{to}}>[peer_tag_param]
Call-ID: [call_id]`,
  /** A request in a dialog that our side began; `$tag` is `;tag=...` of it. */
  "from-called": `{{vias}}
Max-Forwards: 68
Route: <sip:{{edge}};transport=tls;lr>
From: <sip:{{from}}>;tag=[call_number]c1;epid=01ab23cd45
To: <sip:{{to}}>[$tag]
Call-ID: [call_id]`,
  /** 200 to a request in a dialog. */
  answer: `<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
SERVER: RTC/3.5
Content-Length: 0

]]></send>`,
  /** Of an answer to `first`: its Vias and Record-Routes as they were sent, in order, and nothing that it offered. */
  "check-answer": `<ereg regexp="bcXo3l.*{{second-via}}.*SIP/2.0/tls 10.1.4.77:50122;ms-received-port=50122;ms-received-cid=3E8A00" search_in="msg" check_it="true" assign_to="seen"/>
      <ereg regexp="Supported:" search_in="msg" check_it_inverse="true" assign_to="seen"/>`,
  "second-via":
    "10.1.2.20:49822;branch=z9hG4bK2DA3892F.D0429AA14DA5C5DB;branched=FALSE;ms-received-port=49822;ms-received-cid=1F00",
  "check-record-route": `<ereg regexp="Record-Route: &lt;sip:{{edge}};transport=tls;lr>.*{{edge-route-escaped}}.*{{pool-route-escaped}}" search_in="msg" check_it="true" assign_to="seen"/>`,
  /** Of a request in the dialog that `first` began: the routes whole and in order, to the client's Contact. */
  "check-routes": `<ereg regexp="^[A-Z]+ sip:{{from}};opaque=user:epid:Vm9kZW1vRXBpZDAx;gruu SIP/2.0.*Route: {{edge-route-escaped}}.*{{pool-route-escaped}}" search_in="msg" check_it="true" assign_to="seen"/>
      <ereg regexp=";epid=01ab23cd45" search_in="hdr" header="To:" check_it="true" assign_to="seen"/>`,
  "edge-route-escaped":
    "&lt;sip:sip.{{domain}}:5061;transport=tls;lr;ms-key-info=AAEAAbcd;ms-route-sig=gx7LbQ12>;tag=0F3C5A1B2D4E6F70",
  "pool-route-escaped":
    "&lt;sip:pool01.corp.{{domain}}:5061;transport=tls;ms-fe=fe02.corp.{{domain}};opaque=state:T:F:Ci.R40d600;lr;ms-route-sig=ab0c>;ms-rrsig=abW0;tag=7AA90011",
  "accept-presence":
    "application/msrtc-event-categories+xml, application/xpidf+xml, text/xml+msrtc.pidf, application/pidf+xml, application/rlmi+xml, multipart/related",
  "batch-body": `<batchSub xmlns="http://schemas.microsoft.com/2006/01/sip/batch-subscribe" uri="sip:{{from}}" name="">
<action name="subscribe" id="63792024"><adhocList><resource uri="sip:{{to}}"/></adhocList>
<categoryList xmlns="http://schemas.microsoft.com/2006/09/sip/categorylist"><category name="state"/><category name="note"/></categoryList></action>
</batchSub>`,
  "message-sdp": `v=0
o=- 0 0 IN IP4 10.1.4.77
s=session
c=IN IP4 10.1.4.77
t=0 0
m=message 5060 sip null
a=accept-types:text/plain multipart/alternative image/gif text/rtf text/html application/x-ms-ink application/ms-imdn+xml text/x-msmsgsinvite `,
  /** The rest of an INVITE's headers from Communicator and Lync. */
  "session-headers": `Supported: ms-dialog-route-set-update
Supported: ms-embedded-first-message
Supported: ms-delayed-accept
Ms-Conversation-ID: AdKjW0o1b2n8Qm3ySxG7pZ4c1d2e3f==
Supported: timer
Supported: histinfo
Supported: ms-sender
Roster-Manager: sip:{{from}}
EndPoints: <sip:{{from}}>, <sip:{{to}}>
Supported: com.microsoft.rtc-multiparty
ms-keep-alive: UAC;hop-hop=yes
Allow: INVITE, BYE, ACK, CANCEL, INFO, MESSAGE, UPDATE, REFER, NOTIFY, BENOTIFY
Supported: ms-conf-invite`,
};
