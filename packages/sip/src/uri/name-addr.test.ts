import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { param } from "../header/params.ts";
import { formatNameAddr, parseNameAddr, tagIn, tagOf } from "./name-addr.ts";

const URI = "sip:a@x.example";

function partsOf(text: string) {
  const address = parseNameAddr(text);
  return address && { display: address.display, uri: address.uri, params: address.params };
}

describe("an address", () => {
  test.each([
    [`<${URI}>`, undefined, URI, []],
    [`  <  ${URI}\t> `, undefined, URI, []],
    [`"Doe, \\"J\\""<${URI}>;tag=1`, 'Doe, "J"', URI, [["tag", "1"]]],
    [`""<${URI}>`, "", URI, []],
    [`Bell, Alexander <${URI}>`, "Bell, Alexander", URI, []],
    [`\xc3\xa0 <${URI}>`, "\xc3\xa0", URI, []],
    [`a@x.example <${URI}>`, "a@x.example", URI, []],
    [
      `<${URI};lr;t=>;text;Q = "a;b" ;;`,
      undefined,
      `${URI};lr;t=`,
      [
        ["text", undefined],
        ["q", '"a;b"'],
      ],
    ],
    [`${URI};tag=1`, undefined, URI, [["tag", "1"]]],
    [`${URI} ; tag = 1`, undefined, URI, [["tag", "1"]]],
    ["tel:+1-201", undefined, "tel:+1-201", []],
    ["<sip:a,b;c?d@x.example>", undefined, "sip:a,b;c?d@x.example", []],
  ])("%s", (text, display, uri, params) => {
    expect(partsOf(text)).toEqual({ display, uri, params });
  });

  test.each([
    "",
    " ",
    "<>",
    "< >",
    `<${URI}`,
    `"a <${URI}>`,
    `"a" b <${URI}>`,
    `"a"`,
    `<${URI}> x`,
    `<${URI}>, <${URI}>`,
    `<${URI}>;x="y`,
    `<sip:a b@x>`,
    `<sip:a\x00b@x>`,
    `sip:a,b@x`,
    `sip:a@x?b=c`,
    `sip:a b`,
    // Two readers, two addresses.
    `sip:victim@x;y=<${URI}>`,
    `a "b <sip:victim@x>" <${URI}>`,
    `<sip:victim@x>;y="<${URI}>"`,
    `<sip:victim@x><${URI}>`,
    `a\\ <${URI}>`,
  ])("%j is none", (text) => {
    expect(parseNameAddr(text)).toBeUndefined();
  });

  test("written with any display name is read with it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (name) => {
        const clean = name.replace(/[\x00-\x1f\x7f]/g, "");
        const text = `${formatNameAddr(URI, name)};tag=7`;
        expect(text).not.toMatch(/[\r\n]/);
        expect(partsOf(text)).toEqual({
          display: name === "" ? undefined : clean,
          uri: URI,
          params: [["tag", "7"]],
        });
      }),
    );
  });
});

describe("a tag", () => {
  test.each([
    [`<${URI}>;tag=a`, "a"],
    [`<${URI};tag=no>`, undefined],
    [`<${URI}>;epid=1;TAG = a ;x`, "a"],
    [`"x>;tag=no" <${URI}>;tag=a`, "a"],
    [`<${URI}>;x=";tag=no";tag=a`, "a"],
    [`<${URI}>;tagline=no;tag=a`, "a"],
    [`<${URI}>;x=tag;tag=a`, "a"],
    [`<${URI}>;tag`, undefined],
    [`<${URI}>;tag=`, undefined],
    [`<${URI}>;tag=""`, undefined],
    [`<${URI}>;tag="a"`, "a"],
    [`${URI};tag=a`, "a"],
    [`<${URI}>;=x;tag=a`, "a"],
    [`<${URI}>;;tag=a`, "a"],
    [`<${URI}>;tag=a;tag=b`, "a"],
  ])("%s", (text, tag) => {
    expect(tagIn(text)).toBe(tag);
  });

  test("found in haste is the one found at leisure", () => {
    const piece = fc.constantFrom(
      ";",
      "=",
      "tag",
      "TAG",
      "x",
      " ",
      "\t",
      '"',
      "\\",
      ">",
      "<",
      ";tag=",
      "a",
      ",",
      "\xa0",
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 14 }),
        fc.constantFrom(`<${URI}>`, `"q;tag=n>" <${URI}>`, URI, ""),
        (tail, head) => {
          const text = head + tail.join("");
          const address = parseNameAddr(text);
          if (address) expect(tagIn(text)).toBe(tagOf(address));
        },
      ),
      { numRuns: 3000 },
    );
  });
});

test("param gives the first, without quotes, and tells absent from empty", () => {
  const params = parseNameAddr(`<${URI}>;a="x\\"y";b;a=2`)?.params ?? [];
  expect([param(params, "a"), param(params, "b"), param(params, "c")]).toEqual(['x"y', "", undefined]);
});
