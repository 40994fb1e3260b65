// The words of HTML, and nothing of its layout.
import assert from "node:assert/strict";
import { test } from "node:test";
import { htmlWords } from "./html_words.ts";

const text = (html: string) => htmlWords(html).replace(/\s+/g, " ").trim();

const cases: readonly (readonly [string, string])[] = [
  ["<p>one</p><p>two<br>three</p>", "one two three"],
  ["w<b>or</b>d <a href='x'>li</a>nk", "word link"],
  ["<td>a</td><td>b</td>", "a b"],
  ["<style>p { color: red }</style>a<SCRIPT>var x = '<p>';</SCRIPT >b", "a b"],
  ["<!-- a > b -->c<!-- open", "c"],
  ["f&uuml;r &#233; &#xE9; &eacute &amp;&lt;&nbsp;x &hellip;y", "für é é é x y"],
  ["AT&T R&D &nosuch x", "AT&T R&D &nosuch x"],
  ["1 < 2 <3", "1 2 3"],
  ["cut <p", "cut"],
  ["&#0;&#99999999;&#x110000;z", "z"],
  ["<style>never ends", ""],
];

for (const [html, expected] of cases) {
  test(`htmlWords() of ${html}`, () => assert.equal(text(html), expected));
}

test("htmlWords() takes linear time for what looks like many tags", () => {
  for (const piece of ["<", "<p ", "<!--", "<style>", "&#", "</style"]) {
    const begun = performance.now();
    htmlWords(piece.repeat(300_000));
    assert.ok(performance.now() - begun < 3000, piece);
  }
});
