import { X509Certificate } from "node:crypto";
import { isRevoked, MAX_LISTS, RevocationListError, readRevocationLists } from "@tombolo/sip/io";
import { createRevocationList, type RevocationListOptions } from "@tombolo/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONTOSO_CA, contoso, OTHER_CA } from "./wire-rig.ts";

const good = contoso();
const bad = contoso();
const middle = CONTOSO_CA.intermediate({ name: "Tombolo test intermediate" });
const below = contoso({}, middle);

const path = (...pems: string[]) => pems.map((pem) => new X509Certificate(pem));
const read = (pem: string) => readRevocationLists(Buffer.from(pem));
const derOf = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----|\n/g, ""), "base64");
/** Object identifiers in DER: 2.5.29.28, 2.5.29.27. */
const distributionPoint = Buffer.from("551d1c", "hex");
const deltaIndicator = Buffer.from("551d1b", "hex");

const critical = (oid: Buffer, value: string): RevocationListOptions => ({
  criticalExtensions: [[oid, Buffer.from(value, "hex")]],
});

describe("a revocation list", () => {
  it("revokes what is on it, in PEM and in DER, one or several in a file", () => {
    const pem = createRevocationList(CONTOSO_CA, [bad.cert]);
    const empty = createRevocationList(middle, []);
    for (const lists of [read(pem), readRevocationLists(derOf(pem)), read(`text\n${empty}\n${pem}`)]) {
      expect(isRevoked(path(bad.cert, CONTOSO_CA.cert), lists)).toBe(true);
      expect(isRevoked(path(good.cert, CONTOSO_CA.cert), lists)).toBe(false);
    }
  });

  it("counts for every certificate of the path but the root", () => {
    const chain = path(below.cert, middle.cert, CONTOSO_CA.cert);
    expect(isRevoked(chain, read(createRevocationList(CONTOSO_CA, [middle.cert])))).toBe(true);
    expect(isRevoked(chain, read(createRevocationList(middle, [below.cert])))).toBe(true);
    expect(isRevoked(chain, read(createRevocationList(CONTOSO_CA, [CONTOSO_CA.cert])))).toBe(false);
    // Another's list may hold the same number.
    expect(isRevoked(chain, read(createRevocationList(CONTOSO_CA, [below.cert])))).toBe(false);
  });

  it("counts only when the issuer has signed it", () => {
    const forged = createRevocationList({ cert: CONTOSO_CA.cert, key: OTHER_CA.key }, [bad.cert]);
    expect(isRevoked(path(bad.cert, CONTOSO_CA.cert), read(forged))).toBe(false);
    const der = derOf(createRevocationList(CONTOSO_CA, [bad.cert]));
    const [list] = readRevocationLists(der);
    expect(list!.isSignedBy(path(CONTOSO_CA.cert)[0]!.publicKey)).toBe(true);
  });

  it("says when the next is due, and counts after that", () => {
    const late = new Date("2021-03-04T05:06:07Z");
    const [list] = read(createRevocationList(CONTOSO_CA, [bad.cert], { nextUpdate: late }));
    expect(list!.nextUpdate).toBe(late.getTime());
    expect(isRevoked(path(bad.cert, CONTOSO_CA.cert), [list!])).toBe(true);
    expect(read(createRevocationList(CONTOSO_CA, [], { nextUpdate: "none" }))[0]!.nextUpdate).toBeUndefined();
  });

  it.each([
    // distributionPoint [0]; onlyContainsUserCerts [1] TRUE; indirectCRL [4] TRUE; base 1
    ["of a part of an issuer's certificates is used", critical(distributionPoint, "3003810101ff"), undefined],
    ["of others' certificates is not", critical(distributionPoint, "30038401ff"), /indirect/],
    ["of changes is not", critical(deltaIndicator, "020101"), /not supported/],
    [
      "with anything else that is critical is not",
      critical(Buffer.from("2a03", "hex"), "0500"),
      /not supported/,
    ],
  ])("%s", (_, options, fault) => {
    const file = createRevocationList(CONTOSO_CA, [bad.cert], options);
    if (fault) expect(() => read(file)).toThrow(fault);
    else expect(isRevoked(path(bad.cert, CONTOSO_CA.cert), read(file))).toBe(true);
  });

  it("is one of so many in a file", () => {
    const one = createRevocationList(CONTOSO_CA, []);
    expect(read(one.repeat(MAX_LISTS))).toHaveLength(MAX_LISTS);
    expect(() => read(one.repeat(MAX_LISTS + 1))).toThrow(RevocationListError);
  });

  it("that is damaged is refused, or its signature fails, wherever the damage is", () => {
    const der = derOf(createRevocationList(CONTOSO_CA, [bad.cert]));
    const key = path(CONTOSO_CA.cert)[0]!.publicKey;
    /** What it lists where its signature is good. */
    const judge = (bytes: Uint8Array): "refused" | "unsigned" | readonly string[] => {
      try {
        const [list] = readRevocationLists(bytes);
        return list!.isSignedBy(key) ? [list!.issuer, ...list!.serials] : "unsigned";
      } catch (error) {
        if (error instanceof RevocationListError) return "refused";
        throw error;
      }
    };
    const whole = judge(der);
    expect(whole).toHaveLength(2);
    for (let end = 0; end < der.length; end++) expect(judge(der.subarray(0, end))).toBe("refused");
    const damage = fc.tuple(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(damage, ([at, flip]) => {
        const bytes = Buffer.from(der);
        bytes[at]! ^= flip;
        // Where the algorithm is named a second time a byte may change without a meaning.
        expect(["refused", "unsigned", whole]).toContainEqual(judge(bytes));
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => judge(bytes) === "refused"));
  });
});
