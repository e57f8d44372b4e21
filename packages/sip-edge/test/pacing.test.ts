import { afterEach, expect, it } from "vitest";
import { contoso, messageFromAlice, WireRig } from "./wire-rig.ts";

let rig: WireRig;
afterEach(() => rig.end());

it("requests that are held back go when it is their turn, not at the driver's next tick", async () => {
  const pacing = { messagesPerSecond: 20, targets: undefined };
  rig = await new WireRig({ partner: { pacing }, tickMs: 2_000 }).start();
  expect(rig.observed).toContainEqual(expect.objectContaining({ kind: "pacing", budget: 20 }));
  const peer = await rig.connect(contoso());
  const arrived = () => peer.received.split("\r\nCall-ID: ").length - 1;
  await rig.until(() => rig.driver.connections.length === 1, "a connection");
  const from = performance.now();
  for (let i = 0; i < 24; i++) rig.driver.fromNode(messageFromAlice(`m${i}`));
  await rig.until(() => arrived() === 24, "all of them");
  const took = performance.now() - from;
  expect(took).toBeGreaterThan(195);
  expect(took).toBeLessThan(1_500);
});
