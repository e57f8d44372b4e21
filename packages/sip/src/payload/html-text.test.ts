import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { htmlToText, MAX_HTML_CHARS, MAX_HTML_DEPTH } from "./html-text.ts";

describe("HTML as plain text", () => {
  it.each([
    ["what a client writes", '<DIV style="font-size:10pt">Hi <B>Bob</B> &amp; co</DIV>', "Hi Bob & co"],
    ["stray line ends of old clients", "<FONT\r\n face=x>one\r\ntwo</FONT>\r\n", "one two"],
    ["line breaks", "a<br>b<BR/>c<br /><br>d", "a\nb\nc\n\nd"],
    ["lines in elements", "<div>a</div><div><br></div><div>b</div>", "a\n\nb"],
    ["paragraphs", "<p>one</p>\n<p>two</p><p></p><p>three", "one\n\ntwo\n\nthree"],
    ["words across inline elements", "un<b>break</b>able <i>and</i> not", "unbreakable and not"],
    ["a list", "<ul><li>a</li><li>b</li></ul>after", "- a\n- b\nafter"],
    ["a list without end tags", "<ul><li>a<li>b</ul>", "- a\n- b"],
    ["a list in a list", "<ol><li>a<ul><li>x</ul><li>b</ol>", "1. a\n  - x\n2. b"],
    ["a table", "<table><tr><td>1</td><td>2</td></tr><tr><td>3<td>4</table>", "1\t2\n3\t4"],
    ["preformatted text", "<pre>a\r\n  b</pre>c", "a\n  b\n\nc"],
    ["a quotation and a rule", "x<blockquote>y</blockquote>z<hr>", "x\n\ny\n\nz\n---"],
    ["a picture", '<img src="x.gif" alt=":-)"> hi', ":-) hi"],
    ["no scripts, styles, comments", "<style>p{}</style>a<script>if (1<2) x()</script><!-- <b> -->b", "ab"],
    ["a whole document", "<!DOCTYPE html><html><head><title>t</title></head><body>x</body></html>", "x"],
    ["a conditional comment", "<![if !mso]>x<![endif]>", "x"],
    ["no-break spaces", "a&nbsp;&nbsp;b&#160;c", "a  b c"],
    [
      "references",
      "&lt;b&gt; &#x1F600;&#128512; &eacute;&Omega;&hellip;&euro;&#147;x&#148; &rlm;",
      "<b> \u{1f600}\u{1f600} \u00e9\u03a9\u2026\u20ac\u201cx\u201d \u200f",
    ],
    ["what is no reference", "AT&T &unknown; a&b &#xD800; ?a=1&lt=2", "AT&T &unknown; a&b \ufffd ?a=1&lt=2"],
    ["what is no tag", "a < b > c <3 a<b", "a < b > c <3 a<b"],
    [
      "an attribute with a bracket",
      '<a title="x > y" href="http://x.example/p">z</a>',
      "z (http://x.example/p)",
    ],
    ["a quote that never ends", '<b title="x>y</b> z', "y z"],
    ["what never ends hides nothing", "a <!-- b <script> c", "a <!-- b c"],
    ["right-to-left marks", "\u200f\u05e9\u05dc\u05d5\u05dd\u200f", "\u200f\u05e9\u05dc\u05d5\u05dd\u200f"],
    ["nothing", "", ""],
  ])("%s", (_, html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  it.each([
    ['<a href="https://x.example/a?b=1&amp;c=2">here</a>', "here (https://x.example/a?b=1&c=2)"],
    ["<a href=http://x.example/>x.example</a>", "x.example"],
    ["<a href='HTTP://x.example/'>http://x.example</a>", "http://x.example"],
    ["<a href='mailto:bob@x.example'>bob@x.example</a>", "bob@x.example"],
    ["<a href='https://x.example/'><img src=y></a>", "https://x.example/"],
    ["<a href='javascript:alert(1)'>a</a><a href='#top'>b</a><a name=c>c</a>", "abc"],
    ["<a href='https://x.example/'>open", "open (https://x.example/)"],
  ])("a link: %s", (html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  it("is read up to its bound", () => {
    expect(htmlToText("x".repeat(MAX_HTML_CHARS))).toHaveLength(MAX_HTML_CHARS);
    expect(htmlToText("x".repeat(MAX_HTML_CHARS + 1))).toBeUndefined();
  });

  it("keeps lists in a bounded depth", () => {
    const nested = (depth: number) =>
      htmlToText(`${"<ul><li>".repeat(depth)}x`)!
        .split("\n")
        .at(-1)!
        .indexOf("x");
    expect(nested(MAX_HTML_DEPTH)).toBe(2 * MAX_HTML_DEPTH);
    expect(nested(MAX_HTML_DEPTH + 1)).toBe(2 * MAX_HTML_DEPTH);
  });

  it.each([
    "<a<",
    "<!--",
    "<script>",
    "<a '>'",
    "<a href='",
    "<a href=x>",
    "<a href=x>y</a>",
    "<ul>",
    "&",
    "<x:y ",
  ])("takes time in proportion to its length: %s", (piece) => {
    const time = (length: number) => {
      const html = piece.repeat(Math.floor(length / piece.length));
      const start = performance.now();
      htmlToText(html);
      return performance.now() - start;
    };
    time(30_000);
    // Quadratic work over this length takes seconds.
    expect(time(MAX_HTML_CHARS)).toBeLessThan(3000);
  });

  it("never throws", () => {
    const words = [
      "<",
      ">",
      "</",
      "a",
      "<a href=",
      '"',
      "'",
      "&",
      "#",
      ";",
      "<li>",
      "<ol>",
      "</ol>",
      "\r\n",
      "<pre>",
      "\u0130",
      "<!--",
      "-->",
    ];
    const soup = fc.array(fc.constantFrom(...words)).map((list) => list.join(""));
    fc.assert(fc.property(fc.oneof(soup, fc.string()), (html) => void htmlToText(html)));
  });

  it("keeps every word of the text", () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    const tag = fc.constantFrom(
      "<b>",
      "</b>",
      "<br>",
      "<p>",
      "<div>",
      "</div>",
      "<li>",
      "<ul>",
      "</ul>",
      "<x y='z'>",
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(word, tag)), (pairs) => {
        const text = htmlToText(pairs.map(([own, markup]) => `${own} ${markup}`).join(""))!;
        expect(text.match(/[a-z]+/g) ?? []).toEqual(pairs.map(([own]) => own));
      }),
    );
  });
});
