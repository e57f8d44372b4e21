/** A SIP server of our own behind the edge, played by SIPp, publishes for a user of ours: the gateway in the same process takes it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ALICE,
  createAuthority,
  freePorts,
  type RealProcess,
  startServer,
  startSipp,
  writePki,
} from "@tombolo/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ROOT } from "../real/real-lab.ts";
import { scenario } from "./scenario.ts";

const PIDF = `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:{{user}}">
`;
const tuple = (basic: string) => `<tuple id="t1"><status><basic>${basic}</basic></status></tuple>`;

let program: RealProcess;
let inside: number;

beforeAll(async () => {
  const authority = createAuthority({ name: "interop" });
  const [outside, insidePort, node, admin, nobody] = (await freePorts(5)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  inside = insidePort;
  const started = await startServer("tombolo", 0, (dir) => {
    writePki(dir, authority, {
      edge: authority.issue({ commonName: "sip.example.com", dns: ["sip.example.com"] }),
    });
    const config = join(dir, "tombolo.yaml");
    writeFileSync(
      config,
      `node: gw1
edge:
  outside: { listen: "127.0.0.1:${outside}", advertise: "sip.example.com:${outside}", cert: edge.crt, key: edge.key, ca: ca.crt }
  inside: { listen: "tcp://127.0.0.1:${inside}" }
  nodes:
    - { name: gw1, target: local, routing: true }
    - { name: pbx, target: "tcp://127.0.0.1:${node}" }
  health: { everySeconds: 0 }
gateway:
  domains: [example.com]
  xmpp: { server: "xmpp://127.0.0.1:${nobody}", secret: not-needed-here }
partners: [{ domain: contoso.example, profile: simple, route: "tls://127.0.0.1:${nobody}" }]
admin: { listen: "127.0.0.1:${admin}" }
store: { kind: sqlite, path: tombolo.db }
`,
    );
    return { program: join(ROOT, "scripts/tombolo"), args: ["run", "-c", config], awaited: [inside] };
  });
  program = started.process;
});
afterAll(() => program?.stop());

test("created, modified under its tag and removed", async () => {
  const text = scenario("publisher", {
    user: ALICE,
    head: PIDF,
    first: tuple("open"),
    second: tuple("closed"),
    pause: "100",
  });
  const { ok, errors, messages } = await (await startSipp({ scenario: text, target: inside })).result;
  expect(ok, `${errors}\n${messages}\n${program.output()}`).toBe(true);
  expect(messages.match(/SIP-ETag: /g)).toHaveLength(3);
}, 20_000);
