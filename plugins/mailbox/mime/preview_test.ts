// The preview line: what the sender wrote, on one line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { preview } from "./preview.ts";

test("a preview is one line of the text, of 255 characters at most", () => {
  assert.equal(
    preview("Dear Ana,\r\n\r\n  the   keys are\there.\r\n", undefined),
    "Dear Ana, the keys are here.",
  );
  assert.equal(preview("word ".repeat(100), undefined).length, 255);
  assert.equal(preview("😀".repeat(200), undefined), "😀".repeat(127));
  assert.equal(preview(undefined, undefined), "");
  assert.equal(preview(" \r\n ", undefined), "");
});

test("quotations and what introduces them are left out, where anything else is left", () => {
  const answer = "Yes, gladly.\r\n\r\nOn Sunday Tom wrote:\r\n> Shall we?\r\n> Tom\r\n";
  assert.equal(preview(answer, undefined), "Yes, gladly.");
  const outlook = "Fine with me.\r\n\r\n-----Original Message-----\r\nFrom: Tom\r\n";
  assert.equal(preview(outlook, undefined), "Fine with me.");
  assert.equal(
    preview("Tom wrote:\r\n> old\r\nnew words", undefined),
    "new words",
  );
  assert.equal(preview("> only quoted", undefined), "> only quoted");
});

test("the signature below its dashes is left out", () => {
  assert.equal(preview("See you.\r\n-- \r\nTom, Acme Ltd", undefined), "See you.");
});

test("HTML is read as a person reads it", () => {
  const html = "<html><head><style>p{color:red}</style><title>x</title></head><body>" +
    "<p>Hello&nbsp;<b>Ana</b>,</p><script>alert(1)</script><img src='cid:1' alt='logo'>" +
    "<div>caf&eacute; &amp; cake</div></body></html>";
  assert.equal(preview(undefined, html), "Hello Ana, café & cake");
  assert.equal(preview("  ", html), "Hello Ana, café & cake");
});

test("long links are shortened to their host, rules and invisible fillers go", () => {
  const text = "Track it: https://track.example.com/very/long/path?with=parameters&more=1 now";
  assert.equal(preview(text, undefined), "Track it: track.example.com… now");
  assert.equal(
    preview("See https://example.com today", undefined),
    "See https://example.com today",
  );
  assert.equal(preview("News\r\n==========\r\n[image: Logo]\r\nToday", undefined), "News Today");
  assert.equal(preview("Sale\u200c \u200c \u034f\u200b\u00ad today", undefined), "Sale today");
});

test("joiners inside words and emoji stay", () => {
  assert.equal(preview("می\u200cخواهم 👩\u200d🔧", undefined), "می\u200cخواهم 👩\u200d🔧");
});

test("a hostile text takes no time", () => {
  const started = performance.now();
  for (
    const filling of ["http://a", "[image:", "-", " ", ">", "<div>", "<!--", "&", "a:\n>", "=-"]
  ) {
    preview(filling.repeat(200_000), undefined);
    preview(undefined, filling.repeat(200_000));
  }
  assert.ok(performance.now() - started < 15_000);
});
