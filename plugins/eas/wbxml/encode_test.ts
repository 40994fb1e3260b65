// Writing finite trees: exact bytes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decode, el, Element, encode, Flow, Leaf, type Tag } from "./mod.ts";

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
/** The encoded text of a leaf, as it comes back. */
function sent(text: string): string | undefined {
  return decode(encode(el("AirSync:Sync", el("Email:Subject", text)))).textOf("Email:Subject");
}

describe("encode()", () => {
  test("writes the header, a switch of page only on change, and END", () => {
    const tree = el(
      "AirSync:Sync",
      el("AirSync:Status", 1),
      el("Email:Subject", "a"),
      el("Email:Read", true),
      el("AirSync:MoreAvailable"),
    );
    assert.equal(
      hex(encode(tree)),
      "03 01 6a 00 45 4e 03 31 00 01 00 02 54 03 61 00 01 55 03 31 00 01 00 00 14 01",
    );
  });

  test("starts on page 0, so that a first element of another page is preceded by a switch", () => {
    assert.equal(
      hex(encode(el("Ping:Ping", el("Ping:Status", 1)))),
      "03 01 6a 00 00 0d 45 47 03 31 00 01 01",
    );
  });

  test("writes an empty element without content: no text, no bytes, no children", () => {
    const empty = "03 01 6a 00 0b";
    const values = [undefined, "", new Uint8Array(), []];
    for (const value of values) {
      assert.equal(hex(encode(new Element("AirSync:SyncKey", value))), empty);
    }
  });

  test("writes OPAQUE for bytes, and for text where the specification wants a byte array", () => {
    assert.equal(
      hex(encode(el("AirSync:SyncKey", Uint8Array.of(0, 9)))),
      "03 01 6a 00 4b c3 02 00 09 01",
    );
    assert.equal(
      hex(encode(el("Email2:ConversationId", "ä"))),
      "03 01 6a 00 00 16 49 c3 02 c3 a4 01",
    );
  });

  for (
    const [length, prefix] of [[1, "01"], [127, "7f"], [128, "81 00"], [16_383, "ff 7f"], [
      16_384,
      "81 80 00",
    ], [2_097_152, "81 80 80 00"]] as const
  ) {
    test(`writes an OPAQUE of ${length} bytes with the length ${prefix}`, () => {
      const document = encode(el("AirSync:SyncKey", new Uint8Array(length).fill(7)));
      assert.equal(hex(document.subarray(5, 6 + prefix.split(" ").length)), `c3 ${prefix}`);
      assert.equal(decode(document).bytes.length, length);
    });
  }

  test("leaves out what XML 1.0 forbids, keeps CRLF and tab, mends lone surrogates", () => {
    const filler = "x".repeat(100); // the same for short and for long texts
    for (const around of ["", filler]) {
      assert.equal(sent(`${around}a\0b\x01c\x1fd\ufffee\uffff`), `${around}abcde`);
      assert.equal(sent(`${around}a\r\n\tb\x7f\x85`), `${around}a\r\n\tb\x7f\x85`);
      assert.equal(sent(`${around}a\ud800b\udc00`), `${around}a\ufffdb\ufffd`);
      assert.equal(sent(`${around}\ufeff€😀`), `${around}\ufeff€😀`);
    }
  });

  test("writes a text that is nothing but forbidden characters as an empty one", () => {
    assert.equal(sent("\0\x01"), "");
  });

  test("grows for large texts and many elements", () => {
    const text = "€".repeat(100_000);
    assert.equal(sent(text), text);
    const many = Array.from({ length: 20_000 }, (_, n) => el("AirSync:ServerId", n));
    assert.deepEqual(decode(encode(el("AirSync:Sync", ...many))).children, many);
  });

  test("refuses what comes piece by piece, and tags that no page has", () => {
    const nothing = (async function* () {})();
    assert.throws(() => encode(el("AirSync:Commands", new Flow(nothing))), TypeError);
    assert.throws(() => encode(el("AirSyncBase:Data", new Leaf(nothing))), TypeError);
    assert.throws(() => encode(el("AirSync:Nonsense" as Tag)), /no code page has AirSync:Nonsense/);
  });
});
