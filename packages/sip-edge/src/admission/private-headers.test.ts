import { expect, it } from "vitest";
import { HeaderFilter, MAX_REMEMBERED } from "./private-headers.ts";

it("knows private headers in any spelling", () => {
  const filter = new HeaderFilter("in");
  expect(
    ["P-Asserted-Identity", "MS-Edge-Proxy-Message-Trust", "X-TOMBOLO-Verified"].every((n) =>
      filter.drops(n),
    ),
  ).toBe(true);
  expect(["ms-user-data", "From", "WWW-Authenticate"].some((name) => filter.drops(name))).toBe(false);
  expect(new HeaderFilter("out").drops("WWW-Authenticate")).toBe(true);
});

it("answers rightly past what it remembers", () => {
  const filter = new HeaderFilter("in");
  for (let i = 0; i <= MAX_REMEMBERED; i++) filter.drops(`X-${i}`);
  expect(filter.drops("ms-DIAGNOSTICS")).toBe(true);
  expect(filter.drops("X-1")).toBe(false);
});
