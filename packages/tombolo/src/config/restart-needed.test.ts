import { expect, test } from "vitest";
import type { Config } from "./config.ts";
import { restartNeeded } from "./restart-needed.ts";

const running = {
  node: "gw1",
  edge: {
    outside: {
      listen: { host: "127.0.0.1", port: 5061 },
      advertise: { host: "sip.example.com", port: 5061 },
    },
    dns: [],
  },
  gateway: { domains: ["example.com"] },
  partners: [{ domain: "contoso.example" }],
  store: { kind: "sqlite", path: "/var/tombolo.db" },
  admin: { listen: { host: "127.0.0.1", port: 8280 }, token: undefined },
} as unknown as Config;

test("partners, domains and tokens are taken over as it runs", () => {
  const wanted = {
    ...running,
    partners: [],
    gateway: { domains: ["example.com", "example.org"] },
    admin: { ...running.admin, token: "new" },
  } as unknown as Config;
  expect(restartNeeded(running, wanted)).toEqual([]);
});

test("listeners, roles and the store are named where they differ", () => {
  const wanted = {
    ...running,
    gateway: undefined,
    store: { kind: "sqlite", path: "/srv/tombolo.db" },
    admin: { listen: { host: "127.0.0.1", port: 8281 }, token: undefined },
  } as unknown as Config;
  expect(restartNeeded(running, wanted)).toEqual(["gateway", "store", "admin.listen"]);
});
