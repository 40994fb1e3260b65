// The scanner: where parts lie, however the message is cut into pieces and however broken it is.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { seededRandom } from "../../../tests/kit.ts";
import type { Part } from "./part.ts";
import { leaves, scanBytes, StructureScanner } from "./structure.ts";

/** A message from lines that are joined by CRLF. */
const lines = (...all: string[]) => Buffer.from(all.join("\r\n"), "latin1");

/** What was found, as `number type "body"`. */
function outline(mime: Buffer, root = scanBytes(mime)): string[] {
  return leaves(root).map(({ number, type, start, end }) =>
    `${number} ${type} ${JSON.stringify(mime.toString("latin1", start, end))}`
  );
}

function scanInPieces(mime: Buffer, sizes: readonly number[]): Part {
  const scanner = new StructureScanner();
  for (let at = 0, turn = 0; at < mime.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    scanner.push(Uint8Array.from(mime.subarray(at, at + size)));
    at += size;
  }
  return scanner.end();
}

const nested = lines(
  "Subject: nested",
  'Content-Type: multipart/mixed; boundary="out er"',
  "",
  "This is a multi-part message in MIME format.",
  "--out er",
  "Content-Type: multipart/alternative; boundary=inner",
  "",
  "--inner",
  "",
  "plain",
  "--inner",
  "Content-Type: text/html",
  "",
  "<b>rich</b>",
  "",
  "--inner--",
  "an epilogue --inner",
  "--inner",
  "--out er   ",
  "Content-Type: message/rfc822",
  "",
  "Subject: inside",
  "Content-Type: multipart/mixed; boundary=deep",
  "",
  "--deep",
  "",
  "not a part of ours",
  "--deep--",
  "--out er--",
  "--out er",
  "after the end",
);

test("parts are found with their numbers, their bytes without the line end before a delimiter", () => {
  assert.deepEqual(outline(nested), [
    '1.1 text/plain "plain"',
    '1.2 text/html "<b>rich</b>\\r\\n"',
    '2 message/rfc822 "Subject: inside\\r\\nContent-Type: multipart/mixed; boundary=deep\\r\\n\\r\\n' +
    '--deep\\r\\n\\r\\nnot a part of ours\\r\\n--deep--"',
  ]);
});

test("the same parts are found in whatever pieces the message comes", () => {
  const bare = Buffer.from(nested.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
  for (const mime of [nested, bare]) {
    const wanted = outline(mime);
    for (const sizes of [[1], [2], [3, 1], [7], [64], [mime.length - 1]]) {
      assert.deepEqual(outline(mime, scanInPieces(mime, sizes)), wanted, `pieces of ${sizes}`);
    }
  }
});

test("any message gives the same parts in any pieces", () => {
  const random = seededRandom(3);
  const bits = ["--a", "--b", "--a--", "--b--", "\r\n", "\n", "\r", "-", "--", " ", "text", "x:y"]
    .concat(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
      "Content-Type: multipart/mixed; boundary=a\n\n",
      "-".repeat(100),
    );
  for (let round = 0; round < 500; round++) {
    const mime = Buffer.from(
      "Content-Type: multipart/mixed; boundary=a\r\n\r\n" +
        Array.from({ length: 25 }, () => bits[Math.floor(random() * bits.length)]).join(""),
    );
    const wanted = outline(mime);
    for (const sizes of [[1], [5, 2], [40]]) {
      assert.deepEqual(outline(mime, scanInPieces(mime, sizes)), wanted, JSON.stringify(`${mime}`));
    }
  }
});

test("a message without parts is one part", () => {
  assert.deepEqual(outline(lines("Subject: x", "", "body", "")), ['1 text/plain "body\\r\\n"']);
  assert.deepEqual(outline(lines("Subject: x", "")), ['1 text/plain ""']);
  assert.deepEqual(outline(lines("Subject: x")), ['1 text/plain ""']);
  assert.deepEqual(outline(lines("")), ['1 text/plain ""']);
  assert.deepEqual(outline(lines("", "only a body")), ['1 text/plain "only a body"']);
});

test("a part that is only a header, or nothing at all, is an empty part", () => {
  const mime = lines(
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "Content-Type: image/png",
    "--b",
    "--b",
    "",
    "--b--",
  );
  assert.deepEqual(outline(mime), ['1 image/png ""', '2 text/plain ""', '3 text/plain ""']);
});

test("a multipart that never ends has its last part to the end of the message", () => {
  const mime = lines(
    "Content-Type: multipart/mixed; boundary=out",
    "",
    "--out",
    "Content-Type: multipart/mixed; boundary=in",
    "",
    "--in",
    "",
    "one",
    "--out",
    "",
    "two",
  );
  assert.deepEqual(outline(mime), ['1.1 text/plain "one"', '2 text/plain "two"']);
});

test("a multipart without its boundary, or with one that never comes, is shown as text", () => {
  const missing = lines("Content-Type: multipart/mixed", "", "--x", "words");
  assert.deepEqual(outline(missing), ['1 text/plain "--x\\r\\nwords"']);
  const other = lines("Content-Type: multipart/mixed; boundary=y", "", "--x", "", "words");
  assert.deepEqual(outline(other), ['1 text/plain "--x\\r\\n\\r\\nwords"']);
});

test("a line that only begins like a delimiter is text", () => {
  const mime = lines(
    "Content-Type: multipart/mixed; boundary=ab",
    "",
    "--ab",
    "",
    "--abc",
    " --ab",
    "--a",
    "--ab-",
    "x--ab",
    "--",
    "-- ",
    "--ab",
    "",
    "two",
    "--ab--",
  );
  assert.deepEqual(outline(mime), [
    '1 text/plain "--abc\\r\\n --ab\\r\\n--a\\r\\n--ab-\\r\\nx--ab\\r\\n--\\r\\n-- "',
    '2 text/plain "two"',
  ]);
});

test("a boundary that is the beginning of another one, and one that ends in dashes", () => {
  const mime = lines(
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    'Content-Type: multipart/mixed; boundary="b--"',
    "",
    "--b--",
    "",
    "inner",
    "--b----",
    "--b--",
  );
  assert.deepEqual(outline(mime), ['1.1 text/plain "inner"']);
});

test("the parts of a digest are messages unless they say otherwise", () => {
  const mime = lines(
    "Content-Type: multipart/digest; boundary=b",
    "",
    "--b",
    "",
    "Subject: one",
    "--b",
    "Content-Type: text/plain",
    "",
    "two",
    "--b--",
  );
  assert.deepEqual(outline(mime), ['1 message/rfc822 "Subject: one"', '2 text/plain "two"']);
});

test("no message is too deep, has too many parts, or too long a header or line", () => {
  const deep = Array.from(
    { length: 500 },
    (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
  );
  assert.equal(leaves(scanBytes(Buffer.from(deep.join("") + "\r\nend"))).length, 1);

  const many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
    "--b\r\n\r\nx\r\n".repeat(50_000);
  const parts = leaves(scanBytes(Buffer.from(many)));
  assert.ok(parts.length >= 1000 && parts.length < 50_000);

  const long = Buffer.concat([
    Buffer.from("Subject: first\r\nX-Long: "),
    Buffer.alloc(3_000_000, "a "),
    Buffer.from("\r\nX-Later: lost\r\n\r\n"),
    Buffer.alloc(3_000_000, "-"),
  ]);
  const root = scanInPieces(long, [65_536]);
  assert.equal(root.header.get("subject"), "first");
  assert.equal(root.end - root.start, 3_000_000);
});

test("a hostile message takes no more than linear time", () => {
  const size = 3_000_000;
  const start = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n";
  const started = performance.now();
  for (
    const filling of [
      "--b",
      "--",
      "\n--",
      "\n-",
      "\r",
      "\n",
      "--b\r\n",
      "--c\r\n",
      "a:\r\n",
      " ",
      "\0",
    ]
  ) {
    for (const head of ["", start]) {
      const mime = Buffer.concat([Buffer.from(head), Buffer.alloc(size, filling)]);
      scanInPieces(mime, [262_144]);
    }
  }
  assert.ok(performance.now() - started < 30_000);
});
