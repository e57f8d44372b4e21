import { buildRequest, buildResponse } from "@tombolo/sip";
import { expect, it } from "vitest";
import { MAX_DIAGNOSTIC_REASON, readDiagnostics } from "./diagnostics.ts";

const read = (name: string, value: string) =>
  readDiagnostics(
    buildResponse(buildRequest("MESSAGE", "sip:x", [["CSeq", "1 MESSAGE"]]), 400, {
      headers: [[name, value]],
    }),
  );

it.each([
  [
    "ms-diagnostics",
    '1004;reason="Route set is no longer valid";source="sip.contoso.example"',
    1004,
    "Route set is no longer valid",
  ],
  ["Ms-Diagnostics-Public", '1003; Reason="User does not exist"', 1003, "User does not exist"],
  ["ms-client-diagnostics", "52031", 52031, ""],
  [
    "ms-diagnostics",
    '4005;reason="Unknown sip:bob@contoso.example or bob@x"',
    4005,
    "Unknown (address) or (address)",
  ],
  ["ms-diagnostics", `1;reason="${"x".repeat(500)}"`, 1, "x".repeat(MAX_DIAGNOSTIC_REASON)],
])("%s: %s", (name, value, id, reason) => {
  expect(read(name, value)).toEqual({ id, reason });
});

it.each(["", "x", ';reason="y"', "12345678;reason=x"])("is not %j", (value) => {
  expect(read("ms-diagnostics", value)).toBeUndefined();
});
