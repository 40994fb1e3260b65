// Charsets: declared rightly, wrongly, in old names, or not at all.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { decodeText, utf8OrWindows1252 } from "./charset.ts";

const hex = (bytes: string) => Buffer.from(bytes.replaceAll(" ", ""), "hex");

test("text in the charsets of the world is read", () => {
  const samples: [string, string, string][] = [
    ["utf-8", "c3 bc e2 82 ac f0 9f 98 80", "ü€😀"],
    ["iso-8859-1", "fc 6e 64 20 80", "ünd €"], // what senders mean by it is windows-1252
    ["iso-8859-15", "a4", "€"],
    ["ISO-8859-2", "b1 e6 ea", "ąćę"],
    ["windows-1251", "cf f0 e8 e2 e5 f2", "Привет"],
    ["koi8-r", "f0 d2 c9 d7 c5 d4", "Привет"],
    ["iso-2022-jp", "1b 24 42 24 33 24 73 1b 28 42", "こん"],
    ["shift_jis", "82 b1 82 f1", "こん"],
    ["euc-jp", "a4 b3 a4 f3", "こん"],
    ["gb2312", "c4 e3 ba c3", "你好"],
    ["gb18030", "c4 e3 ba c3 94 39 da 33", "你好💩"],
    ["big5", "a7 41 a6 6e", "你好"],
    ["euc-kr", "be c8 b3 e7", "안녕"],
    ["ks_c_5601-1987", "be c8 b3 e7", "안녕"],
    ["windows-1255", "f9 ec e5 ed", "שלום"],
    ["windows-1256", "e3 d1 cd c8 c7", "مرحبا"],
    ["iso-8859-9", "fe f0", "şğ"],
    ["windows-874", "ca c7 d1 ca b4 d5", "สวัสดี"],
    ["utf-16le", "48 00 fc 00", "Hü"],
    ["utf-16", "fe ff 00 48 00 fc", "Hü"],
    ["utf-16", "ff fe 48 00 fc 00", "Hü"],
  ];
  for (const [charset, bytes, wanted] of samples) {
    assert.equal(decodeText(hex(bytes), charset), wanted, charset);
    assert.equal(decodeText(hex(bytes), ` ${charset.toUpperCase()} `), wanted, charset);
  }
});

test("names that senders make up, and charsets that the Web has dropped, are known", () => {
  assert.equal(decodeText(hex("fc"), "latin1"), "ü");
  assert.equal(decodeText(hex("e4"), "win-1252"), "ä");
  assert.equal(decodeText(hex("82 b1"), "cp932"), "こ");
  assert.equal(decodeText(hex("81"), "cp850"), "ü");
  assert.equal(decodeText(hex("84"), "ibm437"), "ä");
});

test("without a charset, or with one that nobody knows, it is UTF-8 if it can be", () => {
  for (const charset of [undefined, "", "us-ascii", "x-made-up", "unknown-8bit", "\0", "utf-7"]) {
    assert.equal(decodeText(Buffer.from("für"), charset), "für", String(charset));
    assert.equal(decodeText(hex("66 fc 72"), charset), "für", String(charset));
  }
});

test("UTF-8 with a damaged byte keeps all the rest, and loses its byte order mark", () => {
  assert.equal(decodeText(Buffer.concat([Buffer.from("für "), hex("ff")]), "utf-8"), "für \ufffd");
  assert.equal(decodeText(hex("ef bb bf 61"), "utf-8"), "a");
});

test("a damaged byte among characters of UTF-8 does not change the charset of the text", () => {
  const damaged = Buffer.concat([Buffer.from("für Grüße, "), hex("c3"), Buffer.from("bel")]);
  assert.equal(decodeText(damaged, undefined), "für Grüße, \ufffdbel");
  // What UTF-8 was said to be and never was.
  assert.equal(decodeText(hex("66 fc 72 20 c3 bc 20 e9"), undefined), "für Ã¼ é");
  assert.equal(utf8OrWindows1252(Buffer.concat([Buffer.from("für "), hex("fc")])), "fÃ¼r ü");
});

test("a character that is cut off at the end does not change the charset of the text", () => {
  assert.equal(utf8OrWindows1252(Buffer.from("für €").subarray(0, -1)), "für ");
});
