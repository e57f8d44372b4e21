import { describe, expect, it } from "vitest";
import type { EdgePartner } from "../settings.ts";
import { judgeClient } from "./judgement.ts";

const contoso: EdgePartner = { domain: "contoso.example", names: ["sip.contoso.example"], purpose: "strict" };
const lenient: EdgePartner = {
  domain: "aol.example",
  names: ["sip.aol.example"],
  purpose: "server-auth-as-client",
};
const wild: EdgePartner = { domain: "wild.example", names: ["*.wild.example"], purpose: "strict" };
const hosted: EdgePartner = {
  domain: "icq.example",
  names: ["sip.aol.example", "sip.icq.example"],
  purpose: "strict",
};
const PARTNERS = [contoso, lenient, wild, hosted];

function peer(names: readonly string[], problem?: string, serverPurpose = true) {
  return { names, problem, serverPurpose };
}

describe("who may speak for whom", () => {
  it.each([
    ["its name", ["sip.contoso.example"], ["contoso.example"]],
    ["one of several names", ["other.example", "sip.contoso.example"], ["contoso.example"]],
    ["a name that two partners list", ["sip.aol.example"], ["aol.example", "icq.example"]],
    ["a wildcard that is listed as such", ["*.wild.example"], ["wild.example"]],
  ])("%s", (_, names, partners) => {
    expect(judgeClient(peer(names), PARTNERS)).toMatchObject({ ok: true, partners });
  });

  it.each([
    ["no name", []],
    ["the bare domain, where only the host is listed", ["contoso.example"]],
    ["a longer name", ["evilsip.contoso.example"]],
    ["a name below", ["x.sip.contoso.example"]],
    ["a wildcard over the name", ["*.contoso.example"]],
    ["a name under a listed wildcard", ["sip.wild.example"]],
  ])("nobody: %s", (_, names) => {
    expect(judgeClient(peer(names), PARTNERS)).toEqual({ ok: false, reason: "unknown-name" });
  });

  it("forgives a missing client purpose, and only that, and only where it is allowed", () => {
    const aol = ["sip.aol.example"];
    expect(judgeClient(peer(aol, "purpose"), PARTNERS)).toMatchObject({
      ok: true,
      partners: ["aol.example"],
    });
    expect(judgeClient(peer(aol, "purpose", false), PARTNERS)).toEqual({ ok: false, reason: "purpose" });
    expect(judgeClient(peer(["sip.contoso.example"], "purpose"), PARTNERS)).toEqual({
      ok: false,
      reason: "purpose",
    });
    for (const problem of ["unknown-ca", "expired", "no-certificate", "bad-certificate"]) {
      expect(judgeClient(peer(aol, problem), PARTNERS)).toEqual({ ok: false, reason: problem });
    }
  });
});
