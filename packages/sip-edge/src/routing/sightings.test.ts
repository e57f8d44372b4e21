import { expect, it } from "vitest";
import { MAX_STATUSES, Sightings } from "./sightings.ts";

it("counts one thing in one place, and a bounded number of statuses apart", () => {
  const seen = new Sightings("a.example", "in", "outside");
  expect(seen.request("MESSAGE")).toBe(seen.request("MESSAGE"));
  expect(seen.request("X-ONE")).toBe(seen.request("X-TWO"));
  for (let i = 0; i < MAX_STATUSES; i++)
    expect(seen.response("MESSAGE", 400 + i).observation).toMatchObject({
      method: "MESSAGE",
      status: 400 + i,
    });
  expect(seen.response("MESSAGE", 400 + MAX_STATUSES).observation).toMatchObject({ status: 400 });
  expect(seen.response("MESSAGE", 599)).toBe(seen.response("MESSAGE", 598));
  expect(seen.response("INVITE", 599).observation).toMatchObject({ method: "INVITE", status: 599 });
});
