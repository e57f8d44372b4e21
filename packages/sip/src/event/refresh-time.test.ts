import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MIN_REFRESH_MS, REFRESH_MARGIN_MS, refreshRetryTime, refreshTime } from "./refresh-time.ts";
import { MAX_EXPIRES_S } from "./subscriber.ts";

describe("refresh times", () => {
  it("lie between 75 and 85 %, and the margin before expiry", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_EXPIRES_S }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (s, random) => {
          const life = s * 1000;
          const at = refreshTime(0, life, random);
          expect(at).toBeGreaterThanOrEqual(MIN_REFRESH_MS);
          if (life > 2 * REFRESH_MARGIN_MS) {
            expect(at).toBeLessThanOrEqual(Math.min(life * 0.85, life - REFRESH_MARGIN_MS) + 1e-6);
            expect(at).toBeGreaterThanOrEqual(Math.min(life * 0.75, life - REFRESH_MARGIN_MS) - 1e-6);
          } else if (life > 2 * MIN_REFRESH_MS) expect(at).toBe(life / 2);
        },
      ),
    );
  });

  it("of another try come before expiry, or not at all", () => {
    fc.assert(
      fc.property(fc.nat(1e8), fc.nat(2000), fc.nat(1e8), (left, failures, retryAfterMs) => {
        const at = refreshRetryTime(0, left, failures, retryAfterMs);
        if (at === undefined) expect(left).toBeLessThanOrEqual(Math.max(retryAfterMs, MIN_REFRESH_MS));
        else {
          expect(at).toBeLessThan(left);
          expect(at).toBeGreaterThanOrEqual(Math.max(retryAfterMs, MIN_REFRESH_MS));
        }
      }),
    );
  });
});
