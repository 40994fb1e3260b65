// Cleaning, measuring and cutting.
import assert from "node:assert/strict";
import { test } from "node:test";
import { byteLength, clean, cleanLines, cutHtml, cutText, withoutTail } from "./text.ts";
import { processorTime } from "../../../tests/kit.ts";

test("clean() takes out what XML forbids and mends lone surrogates", () => {
  assert.equal(clean("a\0b\u0007c\td\u001be\ufffff"), "abc\tdef");
  assert.equal(clean("x\ud800y"), "x\ufffdy");
  assert.equal(clean("\u{1f600}"), "\u{1f600}");
});

test("cleanLines() makes every line end CRLF", () => {
  assert.equal(cleanLines("a\nb\r\nc\rd"), "a\r\nb\r\nc\r\nd");
});

test("cutText() counts UTF-8 bytes and splits no character", () => {
  assert.equal(cutText("Grüße", 5), "Grü");
  assert.equal(cutText("Grüße", 4), "Grü");
  assert.equal(cutText("Grüße", 3), "Gr");
  assert.equal(cutText("a\u{1f600}b", 4), "a");
  assert.equal(cutText("a\u{1f600}b", 5), "a\u{1f600}");
  assert.equal(cutText("日本語", 7), "日本");
  assert.equal(cutText("abc", 0), "");
  assert.equal(cutText("abc", 3), "abc");
  assert.equal(cutText("abc", Number.MAX_SAFE_INTEGER), "abc");
});

test("cutText() does not part CR from LF", () => {
  assert.equal(cutText("ab\r\ncd", 3), "ab");
  assert.equal(cutText("ab\r\ncd", 4), "ab\r\n");
});

test("cutHtml() does not end inside a tag, an attribute, a comment or an entity", () => {
  assert.equal(cutHtml("<p>Hello <b>you</b></p>", 11), "<p>Hello ");
  assert.equal(cutHtml('<p>x<a title="a > b" href="c">y</a>', 17), "<p>x");
  assert.equal(cutHtml("a<!-- > - -->b", 8), "a");
  assert.equal(cutHtml("Fish &amp; chips", 8), "Fish ");
  assert.equal(cutHtml("Fish &#8364; chips", 9), "Fish ");
  assert.equal(cutHtml("Fish &amp; chips", 10), "Fish &amp;");
  assert.equal(cutHtml("1 < 2 and 3", 9), "1 < 2 and");
  assert.equal(cutHtml("<p>short</p>", 100), "<p>short</p>");
});

test("withoutTail() mends a piece that was cut elsewhere", () => {
  assert.equal(withoutTail("<p>Hi</"), "<p>Hi");
  assert.equal(withoutTail("<p>Hi<"), "<p>Hi");
  assert.equal(withoutTail("<p>Hi</p>"), "<p>Hi</p>");
});

test("cutting a huge text costs what is kept", async () => {
  const huge = "é".repeat(20_000_000);
  const took = await processorTime(() => {
    for (let i = 0; i < 1000; i++) assert.equal(byteLength(cutText(huge, 500)), 500);
  });
  assert.ok(took < 2000);
});

test("cutHtml() is linear in unclosed tags and quotes", async () => {
  const took = await processorTime(() => {
    cutHtml("<a ".repeat(300_000), 800_000);
    cutHtml(`<a b="`.repeat(200_000), 800_000);
    cutHtml("<!--".repeat(200_000), 700_000);
    cutHtml("<".repeat(800_000), 700_000);
    cutHtml("&".repeat(800_000), 700_000);
  });
  assert.ok(took < 2000);
});
