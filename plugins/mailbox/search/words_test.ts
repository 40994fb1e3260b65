// What counts as a word.
import assert from "node:assert/strict";
import { test } from "node:test";
import { growing, words } from "./words.ts";

const cases: readonly (readonly [string, string])[] = [
  ["Hello, World! don't a_b", "hello world don t a b"],
  ["anna.berg@example.org", "anna berg example org"],
  ["Crème BRÛLÉE naïve Ångström", "creme brulee naive angstrom"],
  ["cre\u0300me", "creme"],
  ["Straße Æther Łódź smørrebrød", "strasse aether lodz smorrebrod"],
  ["İstanbul ISPARTA ışık", "istanbul isparta isik"],
  ["Ёлка Ελλάδα", "елка ελλαδα"],
  ["ﬁnance ｆｕｌｌ ① H₂O", "finance full 1 h2o"],
  ["co\u00adop in\u200bvisible", "coop invisible"],
  ["東京タワー abc会議12", "東 京 タ ワ ー abc 会 議 12"],
  ["だが ｶﾞ", "だ が ガ"],
  ["회의록", "회 의 록"],
  ["שָׁלוֹם مَرْحَبًا", "שלום مرحبا"],
  ["हिन्दी में", "हिन्दी में"],
  ["🎉 — “” \u0000", ""],
];

for (const [text, expected] of cases) {
  test(`words() of ${JSON.stringify(text)}`, () => {
    assert.equal(words(text).join(" "), expected);
  });
}

test("words() takes Unicode in either normal form alike", () => {
  for (const [text] of cases) {
    assert.deepEqual(words(text.normalize("NFD")), words(text.normalize("NFC")), text);
  }
});

test("words() cuts what is too long for a word, and takes its time by length only", () => {
  assert.deepEqual(words("x".repeat(5000)), ["x".repeat(40)]);
  assert.equal(words("é".repeat(500_000)).length, 1);
  assert.equal(words("会議".repeat(200_000)).length, 400_000);
});

test("growing() holds for words that people type the beginning of", () => {
  assert.deepEqual(["me", "m", "会", "会議", "12"].map(growing), [true, false, false, false, true]);
});
