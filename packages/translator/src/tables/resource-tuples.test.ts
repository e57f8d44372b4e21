import { readPidf, summarise, writePidf } from "@tombolo/sip";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ResourceState, resourceTuples } from "./resource-tuples.ts";
import { MAX_TUPLE_ID_LENGTH, tupleId, tupleResource } from "./tuple-id.ts";
import { contactPriority, xmppPriority } from "./xmpp-priority.ts";

describe("priority", () => {
  it("has a value of its own for each of 0 to 127, and each comes back", () => {
    const all = Array.from({ length: 128 }, (_, priority) => priority);
    const there = all.map((priority) => contactPriority(priority)!);
    expect(there.map(xmppPriority)).toEqual(all);
    expect(new Set(there).size).toBe(128);
    expect([0, 1, 2, 126, 127].map((priority) => there[priority])).toEqual([0, 0.007, 0.015, 0.992, 1]);
    expect(there.filter((value) => !/^(?:0|1|0\.\d{1,3})$/.test(String(value)))).toEqual([]);
    expect(there).toEqual([...there].sort((a, b) => a - b));
  });

  it("is not mapped below 0, and stays in range", () => {
    expect([-128, -1].map(contactPriority)).toEqual([undefined, undefined]);
    expect(contactPriority(500)).toBe(1);
    expect([-0.1, 0, 0.0001, 1, 1.5].map(xmppPriority)).toEqual([0, 0, 1, 127, 127]);
  });
});

describe("tuple ids", () => {
  it.each([
    ["balcony", "ID-balcony"],
    ["Psi.2-x", "ID-Psi.2-x"],
    ["a b/\u00fc@:", "ID-a_20_b_2f__fc__40__3a_"],
    ["a_b", "ID-a_5f_b"],
    ["\u{1f600}", "ID-_1f600_"],
    ["", "ID-"],
  ])("%j is %s and comes back", (resource, id) => {
    expect(tupleId(resource)).toBe(id);
    expect(tupleResource(id)).toBe(resource);
  });

  it("are xs:IDs, bounded and different for different resources; those not cut come back", () => {
    const resource = fc.string({ unit: "binary", maxLength: 80 });
    fc.assert(
      fc.property(resource, resource, (one, other) => {
        const id = tupleId(one);
        expect(id).toMatch(/^[A-Za-z_][A-Za-z0-9._-]*$/);
        expect(id.length).toBeLessThanOrEqual(MAX_TUPLE_ID_LENGTH);
        expect(id === tupleId(other)).toBe(one === other);
        if (!/_h[0-9a-f]{16}$/.test(id)) expect(tupleResource(id)).toBe(one);
      }),
    );
    const longest = "x".repeat(MAX_TUPLE_ID_LENGTH - 3);
    expect(tupleId(longest)).toBe(`ID-${longest}`);
    expect(tupleId(`${longest}x`)).toMatch(/^ID-x{43}_h[0-9a-f]{16}$/);
    expect(tupleId(`${longest}x`)).toHaveLength(MAX_TUPLE_ID_LENGTH);
    expect(tupleId(`${longest}x`)).not.toBe(tupleId(`${longest}y`));
  });

  it.each(["t1", "ID-a_b", "ID-_ffffff_", "ID-\u00fc", `ID-x_h${"0".repeat(16)}`])(
    "%s of others is itself",
    (id) => {
      expect(tupleResource(id)).toBe(id);
    },
  );
});

describe("one tuple per resource", () => {
  const rules = {
    dialect: "rpid",
    contact: "sip:alice@example.com",
    timestamp: "2024-01-02T03:04:05.000Z",
  } as const;
  const document = (...resources: ResourceState[]) =>
    writePidf({
      dialect: "rpid",
      entity: "pres:alice@example.com",
      tuples: resourceTuples(resources, rules),
    });

  it("is the whole state, the most important resource first", () => {
    const text = document(
      { resource: "balcony", state: "Extended Away", note: "Praha <3", priority: -1 },
      { resource: "desk", state: "Do Not Disturb", note: "", priority: 2 },
      { resource: "old phone", state: "Offline", priority: 0 },
    );
    const rest = "<timestamp>2024-01-02T03:04:05.000Z</timestamp></tuple>";
    expect(text.split("\n").slice(2, 6)).toEqual([
      `<tuple id="ID-desk"><status><basic>open</basic><show xmlns="jabber:client">dnd</show></status><contact priority="0.015">sip:alice@example.com</contact>${rest}`,
      `<tuple id="ID-old_20_phone"><status><basic>closed</basic></status><contact priority="0">sip:alice@example.com</contact>${rest}`,
      `<tuple id="ID-balcony"><status><basic>open</basic><show xmlns="jabber:client">xa</show></status><contact>sip:alice@example.com</contact><note>Praha &lt;3</note>${rest}`,
      '<dm:person id="person"><rpid:activities><rpid:busy/></rpid:activities></dm:person>',
    ]);
  });

  it("without resources is one closed tuple", () => {
    expect(document()).toContain('<tuple id="ID-none"><status><basic>closed</basic></status>');
  });

  it("reads back as the resource with the highest priority that is there", () => {
    const reading = readPidf(
      new TextEncoder().encode(
        document(
          { resource: "a", state: "Available", priority: 0 },
          { resource: "b", state: "Away", priority: 5 },
        ),
      ),
    );
    if (!reading.ok) throw new Error(reading.why);
    expect(summarise(reading.document)).toMatchObject({ basic: "open", show: "away" });
    expect(
      reading.document.tuples.map(({ id, priority }) => [tupleResource(id), xmppPriority(priority!)]),
    ).toEqual([
      ["b", 5],
      ["a", 0],
    ]);
  });
});
