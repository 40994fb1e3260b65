// What a server sends is cut into the same answers, however the network cuts it.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { seededRandom } from "../../../../../tests/kit.ts";
import { AnswerBytes } from "./answer_bytes.ts";

const answers = [
  "* 1 FETCH (UID 7 BODY[1] {5}\r\na\r\n{3 BODY[2] {0}\r\n FLAGS ())\r\n",
  "* 2 EXPUNGE\r\n",
  "+ go on\n",
  '* 3 FETCH (BODYSTRUCTURE ("text" "{9}") BODY[] {12+}\r\nA1 OK done\r\n)\r\n',
  `* 4 FETCH (BODY[TEXT]<0> ~{300}\r\n${"x\r\n".repeat(100)})\r\n`,
  "* OK é {7} is no literal\r\n",
  "A1 OK done\r\n",
];

/** The answers and what was left of them, when bytes come in pieces of these lengths. */
function cut(text: string, lengths: () => number) {
  const bytes = new AnswerBytes();
  const taken: string[] = [];
  const left: Uint8Array[] = [];
  const all = Buffer.from(text);
  for (let at = 0, length = 0; at < all.length; at += length) {
    length = Math.max(1, lengths());
    const piece = all.subarray(at, at + length);
    left.push(...bytes.push(piece, ({ text, literals }) => {
      if (!text.includes("FETCH")) return false;
      taken.push([text, ...literals.map((each) => Buffer.from(each).toString())].join("|"));
      return true;
    }));
  }
  return {
    taken,
    left: Buffer.concat(left).toString(),
    rest: Buffer.concat(bytes.rest()).toString(),
  };
}

const expected = {
  taken: [
    "* 1 FETCH (UID 7 BODY[1] {5}\r\n BODY[2] {0}\r\n FLAGS ())\r\n|a\r\n{3|",
    '* 3 FETCH (BODYSTRUCTURE ("text" "{9}") BODY[] {12+}\r\n)\r\n|A1 OK done\r\n',
    `* 4 FETCH (BODY[TEXT]<0> ~{300}\r\n)\r\n|${"x\r\n".repeat(100)}`,
  ],
  left: "* 2 EXPUNGE\r\n+ go on\n* OK é {7} is no literal\r\nA1 OK done\r\n",
};

test("answers come whole, and what is not taken comes as it was", () => {
  assert.deepEqual(cut(answers.join(""), () => 10_000), { ...expected, rest: "" });
});

test("it does not matter where the bytes are cut", () => {
  const random = seededRandom(3);
  assert.deepEqual(cut(answers.join(""), () => 1), { ...expected, rest: "" });
  for (let round = 0; round < 300; round++) {
    const most = 1 + Math.floor(random() * 200);
    const lengths = () => Math.floor(random() * most);
    assert.deepEqual(cut(answers.join(""), lengths), { ...expected, rest: "" });
  }
});

test("what has begun and does not end is kept as it is", () => {
  for (const beginning of ["* 5 FETCH (BODY[1] {9}\r\nabc", "* 5 FETCH (", "A2 NO {1"]) {
    assert.equal(cut(answers.join("") + beginning, () => 7).rest, beginning);
  }
});

test("an answer without an end is given up", () => {
  const bytes = new AnswerBytes();
  const piece = new Uint8Array(16 << 20);
  assert.throws(() => {
    for (let n = 0; n < 9; n++) bytes.push(piece, () => false);
  }, RangeError);
});
