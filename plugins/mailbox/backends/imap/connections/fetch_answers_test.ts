// FETCH answers are read as RFC 9051 has them, and as the library reads them; anything else is left alone.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { seededRandom } from "../../../../../tests/kit.ts";
import { readFetch, type Told } from "./fetch_answers.ts";
import type { Token } from "./raw.ts";

const read = (text: string, ...literals: string[]) =>
  readFetch({ text, literals: literals.map((each) => Buffer.from(each)) });

/** As plain values; bytes as `bytes of …`. */
function plain(told: Told | undefined) {
  assert.ok(told);
  const { sections, flags, length: _, ...others } = told;
  return {
    ...others,
    ...(flags && { flags: [...flags] }),
    ...(others.structure !== undefined && { structure: plainToken(others.structure) }),
    ...Object.fromEntries(
      [...sections].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
    ),
  };
}

function plainToken(token: Token): unknown {
  if (token instanceof Uint8Array) return `bytes of ${Buffer.from(token)}`;
  return Array.isArray(token) ? token.map(plainToken) : token;
}

test("items come by name, sections by where they are and where they begin", () => {
  assert.deepEqual(
    plain(read(
      "* 12 FETCH (UID 7 flags (\\Seen $Forwarded) RFC822.SIZE 4711 MODSEQ (9) " +
        'INTERNALDATE " 1-Mar-2026 09:15:00 +0100" ' +
        "BODY[HEADER.FIELDS (DATE SUBJECT)]<0> {4}\r\n BODY[1.2]<300> {0}\r\n BODY[] NIL " +
        'BODY[1.mime] "x")',
      "A: b",
      "",
    )),
    {
      uid: 7,
      flags: ["\\Seen", "$Forwarded"],
      size: 4711,
      modseq: 9n,
      date: Date.UTC(2026, 2, 1, 8, 15),
      "HEADER.FIELDS<0>": "A: b",
      "1.2<300>": "",
      "": "",
      "1.MIME": "x",
    },
  );
});

test("a structure has lists in lists, quotes in quotes, literals and bytes beyond ASCII", () => {
  const structure =
    '(("text" "plain" ("charset" "utf-8" "name" "a \\"b\\\\c\\".txt") NIL nil "7bit" 10 1)' +
    '("image" "png" ("name" {7}\r\n "x" "ÄÖ") "<one@x>" NIL "base64" 100) "mixed" ("boundary" "(b"))';
  assert.deepEqual(plain(read(`* 1 FETCH (BODYSTRUCTURE ${structure} UID 1)`, 'a"b(\r\nc')), {
    structure: [
      [
        "text",
        "plain",
        ["charset", "utf-8", "name", 'a "b\\c".txt'],
        null,
        null,
        "7bit",
        "10",
        "1",
      ],
      [
        "image",
        "png",
        ["name", 'bytes of a"b(\r\nc', "x", "ÄÖ"],
        "<one@x>",
        null,
        "base64",
        "100",
      ],
      "mixed",
      ["boundary", "(b"],
    ],
    uid: 1,
  });
});

test("a message nests as deep as it likes", () => {
  const depth = 100_000;
  const answer = read(`* 1 FETCH (BODYSTRUCTURE ${"(".repeat(depth)}${")".repeat(depth)} UID 5)`);
  assert.equal(answer?.uid, 5);
});

test("what is no FETCH answer, or broken, is not read", () => {
  const whole = '* 1 FETCH (UID 7 X ("a\\"b" {2}\r\n) BODY[1]<0> "c")';
  assert.ok(read(whole, "xy"));
  for (let end = 0; end < whole.length; end++) {
    assert.equal(read(whole.slice(0, end), "xy"), undefined, whole.slice(0, end));
  }
  for (
    const [line, ...literals] of [
      [whole],
      [whole, "x"],
      ["* 1 EXISTS"],
      ["A1 OK FETCH done"],
      ["+ go on"],
      ["* FETCH (UID 1)"],
      ["* 1 FETCH UID 1"],
      ["* 1 FETCH (UID))"],
      ["* 1 FETCH (UID )"],
      ["* 1 FETCH ((UID 1))"],
    ] as [string, ...string[]][]
  ) assert.equal(read(line, ...literals), undefined, line);
});

test("whatever comes is read or left, and at once", () => {
  const random = seededRandom(5);
  const pieces = ["(", ")", '"', "\\", " ", "UID", "7", "NIL", "BODY[", "]", "<0>", "{1}\r\n", "é"];
  for (let round = 0; round < 5000; round++) {
    const length = Math.floor(random() * 20);
    const some = Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]);
    assert.doesNotThrow(() => read(`* 1 FETCH (${some.join("")}`, "a", "b"), some.join(""));
  }
});
