// Quoting: what stands above what, in text and in HTML.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Quoted, withOriginal } from "./quote.ts";
import { processorTime } from "../../../tests/kit.ts";

const whole = (content: string) => ({ content, size: content.length, truncated: false });
const mail = (more: Partial<Quoted> = {}): Quoted => ({
  from: [{ name: "Ben Bell", address: "ben@example.com" }],
  to: [{ name: "", address: "anna@example.org" }],
  cc: [],
  sent: Date.UTC(2026, 2, 1, 9, 5, 30),
  subject: "Lunch & more",
  text: whole("Hello Anna,\r\n> older\r\n\r\nBen\r\n"),
  html: undefined,
  ...more,
});
const text = (content: string) => ({ text: content, html: undefined });

test("an answer to text stays text: attribution, and each line with its mark", () => {
  assert.deepEqual(withOriginal(text("Yes.\n\n"), mail(), "reply"), {
    text: "Yes.\r\n\r\nOn Sun, 01 Mar 2026 09:05 UTC, Ben Bell <ben@example.com> wrote:\r\n" +
      "> Hello Anna,\r\n>> older\r\n>\r\n> Ben\r\n",
    html: undefined,
  });
});

test("forwarded text is not marked, and says from whom to whom it was", () => {
  const { text: forwarded, html } = withOriginal(text("See below"), mail(), "forward");
  assert.equal(html, undefined);
  assert.equal(
    forwarded,
    "See below\r\n\r\n---------- Forwarded message ----------\r\n" +
      "From: Ben Bell <ben@example.com>\r\nDate: Sun, 01 Mar 2026 09:05 UTC\r\n" +
      "Subject: Lunch & more\r\nTo: anna@example.org\r\n\r\n" +
      "Hello Anna,\r\n> older\r\n\r\nBen\r\n",
  );
});

test("text above HTML becomes HTML, with the original's styles and colours, and text beside it", () => {
  const page = "<html><head><title>T</title><style>p{color:red}</style></head>" +
    '<body bgcolor="black" style="margin:0"><p>Dear <b>all</b></p></body></html>';
  const original = mail({ text: undefined, html: whole(page) });
  const { text: plain, html } = withOriginal(text("1 < 2"), original, "reply");
  assert.equal(
    plain,
    "1 < 2\r\n\r\nOn Sun, 01 Mar 2026 09:05 UTC, Ben Bell <ben@example.com> wrote:\r\n> Dear all\r\n",
  );
  assert.match(html!, /^<html><body>1 &lt; 2<br>/);
  assert.match(html!, /Ben Bell &lt;ben@example\.com&gt; wrote:/);
  assert.match(
    html!,
    /<blockquote [^>]*><style>p\{color:red\}<\/style><div style="background-color:black;margin:0"><p>Dear <b>all<\/b><\/p><\/div><\/blockquote>/,
  );
  assert.ok(!html!.includes("<title>"));
  assert.match(html!, /<\/body><\/html>$/);
});

test("HTML above text: the text is escaped, and stands inside the new page", () => {
  const own = { text: undefined, html: "<html><body><p>Hi</p></body></html>" };
  const original = mail({ text: whole("a < b\r\n") });
  const { text: plain, html } = withOriginal(own, original, "forward");
  assert.match(plain!, /^Hi\r\n\r\n-+ Forwarded/);
  assert.match(
    html!,
    /^<html><body><p>Hi<\/p><br>[^]*Subject: Lunch &amp; more[^]*a &lt; b[^]*<\/body><\/html>$/,
  );
});

test("a page without body, an empty letter, a mail without sender or date", () => {
  const own = { text: undefined, html: "<p>Hi" };
  assert.match(withOriginal(own, mail(), "reply").html!, /^<p>Hi<br>[^]*Hello Anna/);
  const bare = mail({ from: [], sent: undefined, text: undefined });
  assert.deepEqual(withOriginal({ text: undefined, html: undefined }, bare, "reply"), {
    text: "\r\n\r\nsomebody wrote:\r\n>\r\n",
    html: undefined,
  });
});

test("what was cut says so", () => {
  const long = mail({ text: { content: "begin", size: 9_000_000, truncated: true } });
  assert.match(withOriginal(text("ok"), long, "reply").text!, /> begin\r\n> \[…\]\r\n$/);
  const page = { content: "<p>begin</p><a href='x", size: 9_000_000, truncated: true };
  const { html } = withOriginal(text("ok"), mail({ text: undefined, html: page }), "reply");
  assert.match(html!, /<p>begin<\/p><div>\[…\]<\/div><\/blockquote>/);
});

test("hostile pages cost no more than long ones", async () => {
  for (const piece of ["<body ", "<style ", "<style>", "</body", "<body style='", "İ<body>"]) {
    const page = whole(piece.repeat(100_000));
    const took = await processorTime(() => {
      const { html } = withOriginal(text("ok"), mail({ text: undefined, html: page }), "reply");
      assert.ok(html!.includes("ok"));
    });
    assert.ok(took < 5000, piece);
  }
});
