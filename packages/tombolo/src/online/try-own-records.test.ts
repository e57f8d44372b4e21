import type { NameService } from "@tombolo/sip-edge/io";
import { expect, test } from "vitest";
import type { EdgeConfig } from "../config/config.ts";
import { tryOwnRecords } from "./try-own-records.ts";

const EDGE = {
  outside: {
    advertise: { host: "sip.example.com", port: 5061 },
    tls: { names: ["sip.example.com", "sip.other.example"] },
  },
} as unknown as EdgeConfig;

const srv = (name: string, port = 5061) => ({ name, port, priority: 0, weight: 0 });

function dns(records: ReturnType<typeof srv>[] | undefined): NameService {
  return {
    srv: (name) =>
      records && name === "_sipfederationtls._tcp.example.com"
        ? Promise.resolve(records)
        : Promise.reject(new Error("ENOTFOUND")),
    naptr: () => Promise.resolve([]),
    addresses: () => Promise.resolve([]),
  };
}

test.each([
  ["none", undefined, []],
  ["one that fits", [srv("SIP.example.com.")], []],
  [
    "two",
    [srv("sip.example.com"), srv("sip2.example.com")],
    [/2 targets .*; publish one target/, /sip2.*does not name/],
  ],
  [
    "one that is not in the certificate",
    [srv("edge.example.com")],
    [/edge\.example\.com, which our certificate does not name; publish sip\.example\.com/],
  ],
  ["one of another domain", [srv("sip.other.example")], [/outside example\.com: .*; publish a name below/]],
  [
    "one with another port",
    [srv("sip.example.com", 5062)],
    [/port 5062, and edge\.outside\.advertise says 5061; make/],
  ],
])("a record of ours: %s", async (_name, records, says) => {
  const troubles = await tryOwnRecords("example.com", EDGE, dns(records));
  expect(troubles.map(({ message, cure }) => `${message}; ${cure}`)).toEqual(
    says.map((pattern) => expect.stringMatching(pattern)),
  );
});
