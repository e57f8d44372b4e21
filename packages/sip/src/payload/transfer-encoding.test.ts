import fc from "fast-check";
import { expect, it } from "vitest";
import { decodeTransfer } from "./transfer-encoding.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const decode = (encoding: string | undefined, text: string) => {
  const decoded = decodeTransfer(encoding, bytes(text));
  return decoded && new TextDecoder().decode(decoded);
};

it.each([
  [undefined, "a=3D", "a=3D"],
  [" 8Bit", "a=3D", "a=3D"],
  ["base64", "R3LDvMOf\r\nZQ==\r\n", "Grüße"],
  ["Quoted-Printable", "Gr=C3=BC=c3=9Fe", "Grüße"],
  ["quoted-printable", "one line=\r\n goes on=  \r\nhere  \r\nnext \t", "one line goes onhere\r\nnext"],
  ["quoted-printable", "ends soft=", "ends soft"],
  ["quoted-printable", "=2", undefined],
  ["quoted-printable", "=XY", undefined],
  ["quoted-printable", "lone =\rCR", undefined],
  ["base64", "not*base64", undefined],
  ["gzip", "x", undefined],
])("%s of %j is %j", (encoding, text, result) => {
  expect(decode(encoding, text)).toBe(result);
});

it("gives back any bytes that were quoted", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (plain) => {
      const quoted = Array.from(plain, (byte) => `=${byte.toString(16).padStart(2, "0")}`);
      const decoded = decodeTransfer("quoted-printable", bytes(quoted.join("=\r\n")));
      expect([...decoded!]).toEqual([...plain]);
    }),
  );
});
