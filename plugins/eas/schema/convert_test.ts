// HTML to text and back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHtml, toText } from "./convert.ts";
import { processorTime } from "../../../tests/kit.ts";

test("toText() keeps what a reader sees", () => {
  const html = `<html><head><title>T</title><style>p{}</style></head><body><h1>News</h1>
    <p>Dear&nbsp;Ann,<br>fish &amp; chips</p><ul><li>one</li><li>two</li></ul>
    <script>alert(1)</script></body></html>`;
  assert.equal(toText(html), "News\n\nDear\u00a0Ann,\nfish & chips\n\n * one\n * two");
});

test("toText() shows where a link goes, but not in a preview, and never an image's address", () => {
  const html = `<p><img src="cid:1" alt="logo"><a href="https://example.com/x">Read</a></p>`;
  assert.equal(toText(html), "Read <https://example.com/x>");
  assert.equal(toText(html, true), "Read");
  assert.equal(toText(`<a href="https://e.org">https://e.org</a>`), "https://e.org");
});

test("toText() of markup too long or too deep to lay out still brings the words", () => {
  const long = `<style>x{}</style><p>Hi &#8364;&#x20AC; &lt;b&gt; &unknown;</p>${
    "<b></b>".repeat(200_000)
  }`;
  assert.equal(toText(long), "Hi €€ <b> &unknown;");
  assert.match(toText(`${"<div>".repeat(50_000)}deep`), /^(deep)?/);
});

test("toHtml() escapes everything and keeps lines and spaces", () => {
  assert.equal(
    toHtml(`<script>"&'\r\n  two`),
    `<html><body>&lt;script&gt;&quot;&amp;'<br>\r\n&nbsp; two</body></html>`,
  );
});

test("toHtml() makes links of addresses and of nothing else", () => {
  assert.equal(
    toHtml("See https://example.com/a?b=1&c=2, or mail ann@example.org."),
    `<html><body>See <a href="https://example.com/a?b=1&amp;c=2">https://example.com/a?b=1&amp;c=2</a>` +
      `, or mail <a href="mailto:ann@example.org">ann@example.org</a>.</body></html>`,
  );
  assert.equal(
    toHtml(`javascript:alert(1) https://x.y/"onload="z`),
    `<html><body>javascript:alert(1) <a href="https://x.y/">https://x.y/</a>&quot;onload=&quot;z</body></html>`,
  );
});

test("conversion is linear in hostile input", async () => {
  const took = await processorTime(() => {
    toHtml("a@".repeat(100_000));
    toHtml("a.".repeat(200_000) + "@");
    toHtml("https://".repeat(50_000));
    toHtml(" ".repeat(500_000));
    toText("<style>".repeat(300_000));
    toText("<".repeat(2_000_000));
    toText(`${"<p ".repeat(600_000)}`);
    toText("\n \n".repeat(600_000));
    toText(" ".repeat(2_000_000) + "x");
  });
  assert.ok(took < 5000);
});
