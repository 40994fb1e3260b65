// Places in base64 are told only where its lines are all alike.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { base64Lines, type Lines, placeInLines, SEEN } from "./base64_lines.ts";

function linesOf(text: string): Lines | undefined {
  const bytes = Buffer.from(text);
  return base64Lines(bytes.length, bytes.subarray(0, SEEN), bytes.subarray(-SEEN));
}

const encoded = (size: number, length: number, eol = "\r\n") =>
  Buffer.alloc(size, "some bytes ").toString("base64")
    .replace(new RegExp(`.{${length}}(?=.)`, "g"), `$&${eol}`);

test("base64Lines() knows the exact size of regular lines, of any length and end", () => {
  for (const length of [4, 60, 64, 72, 76, 996]) {
    for (const eol of ["\r\n", "\n"]) {
      for (let size = 1; size < 5000; size += 37) {
        for (const end of ["", eol, eol + eol]) {
          const lines = linesOf(encoded(size, length, eol) + end);
          assert.equal(lines?.size, size, `${size} in ${length} ${JSON.stringify(eol + end)}`);
        }
      }
    }
  }
  assert.equal(linesOf(encoded(3_000_000, 76))?.size, 3_000_000);
  assert.equal(linesOf(Buffer.alloc(5000).toString("base64"))?.size, 5000, "without any line end");
});

test("base64Lines() says nothing of lines that are not alike, or not base64", () => {
  const regular = encoded(6000, 76);
  const at = (place: number, text: string) => regular.slice(0, place) + text + regular.slice(place);
  const odd = [
    "QUJDRA",
    at(100, "\r\n"),
    at(3000, "\r\n"),
    at(3000, "QUJD"),
    at(3000, "\r\nQUI=\r\n"),
    at(200, " "),
    at(regular.length - 100, "=="),
    at(regular.length - 5, "\r\n"),
    regular + "\r\n--\r\nadded by a list",
    encoded(6000, 75),
    encoded(6000, 76).replaceAll("\r\n", "\r\n "),
    `begin${regular.slice(5, 40)}!`,
  ];
  for (const text of odd) {
    assert.equal(linesOf(text), undefined, JSON.stringify(text.slice(0, 200)));
  }
});

test("placeInLines() finds the line of every byte", () => {
  const bytes = Buffer.from(Array.from({ length: 2000 }, (_, n) => n * 7 % 256));
  const text = bytes.toString("base64").replace(/.{76}/g, "$&\r\n");
  const lines = linesOf(text)!;
  for (let from = 0; from < 2000; from += 13) {
    const { at, skip } = placeInLines(lines, from);
    const rest = Buffer.from(text.slice(at), "base64");
    assert.ok(rest.subarray(skip).equals(bytes.subarray(from)), `${from}`);
  }
});
