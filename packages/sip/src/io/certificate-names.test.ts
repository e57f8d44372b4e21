import { describe, expect, it } from "vitest";
import { certificateNames } from "./certificate-names.ts";

describe("the SIP identities of a certificate", () => {
  it.each([
    ["DNS names", "DNS:sip.contoso.example, DNS:CONTOSO.example", ["sip.contoso.example", "contoso.example"]],
    ["sip URIs and no DNS names beside them", "DNS:a.example, URI:sip:contoso.example", ["contoso.example"]],
    ["no URI with a user part", "URI:sip:bob@contoso.example, DNS:a.example", ["a.example"]],
    ["no URI of another scheme", "URI:https://contoso.example, DNS:a.example", ["a.example"]],
    ["no addresses", "IP Address:192.0.2.1", []],
    ["nothing that is quoted", 'DNS:"evil.example, DNS:sip.contoso.example", DNS:b.example', ["b.example"]],
    ["nothing of what can't be read", "DNS", []],
  ])("%s", (_, subjectAltName, names) => {
    expect(certificateNames({ subjectAltName, subject: "CN=cn.example" }, true)).toEqual(names);
  });

  it("the common name only where there is no other, and only where it is asked for", () => {
    const certificate = { subjectAltName: undefined, subject: "C=DE\nCN=Sip.contoso.example" };
    expect(certificateNames(certificate, true)).toEqual(["sip.contoso.example"]);
    expect(certificateNames(certificate)).toEqual([]);
  });
});
