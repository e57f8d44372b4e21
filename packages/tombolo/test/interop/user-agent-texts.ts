/** What SIPp says as a user agent of a plain presence server. */

/** Answers the last request. */
export const OK = `<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`;

/** Head of a document about `{{user}}`; a body below and `</presence>` make it whole. */
export const PIDF = `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:{{user}}">
`;
export const OPEN = '<tuple id="t1"><status><basic>open</basic></status><note>in the garden</note></tuple>';
export const AWAY = `<tuple id="t1"><status><basic>open</basic></status></tuple>
<dm:person id="p1"><rpid:activities><rpid:away/></rpid:activities></dm:person>`;
