// Transfer encodings: right however the bytes are cut, patient with what senders make of them.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { seededRandom } from "../../../tests/kit.ts";
import { decodeStream, decodeTransfer, isIdentity } from "./transfer.ts";

const text = (encoding: string, encoded: string) =>
  Buffer.from(decodeTransfer(encoding, Buffer.from(encoded, "latin1"))).toString("latin1");

/** Decodes in pieces of the given sizes, again and again. */
async function inPieces(encoding: string, encoded: Buffer, sizes: readonly number[]) {
  async function* pieces() {
    for (let at = 0, turn = 0; at < encoded.length; turn++) {
      const size = sizes[turn % sizes.length]!;
      yield encoded.subarray(at, at + size);
      at += size;
    }
  }
  const out: Uint8Array[] = [];
  for await (const piece of decodeStream(encoding, pieces())) out.push(piece);
  return Buffer.concat(out);
}

test("base64 comes out whole, wherever it is cut", async () => {
  const random = seededRandom(1);
  for (const size of [0, 1, 2, 3, 4, 100, 5000]) {
    const plain = Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)));
    const encoded = Buffer.from(plain.toString("base64").replace(/.{76}/g, "$&\r\n"));
    for (const sizes of [[1], [2, 3], [77], [10_000]]) {
      assert.ok(plain.equals(await inPieces("base64", encoded, sizes)), `${size} by ${sizes}`);
    }
  }
});

test("base64 passes over what is none, goes on after padding, and takes what is left at the end", () => {
  assert.equal(text("base64", "SGVs bG8=\r\n\t!"), "Hello");
  assert.equal(text("base64", "SGVsbG8=IFdvcmxk"), "Hello World");
  assert.equal(text("base64", "SGVsbG8g\r\nV29ybGQ"), "Hello World");
  assert.equal(text("base64", "SGVsbG8==\r\n\r\n-- \r\nsent"), "Hello" + text("base64", "--sent"));
  assert.equal(text("base64", "===="), "");
  assert.equal(text("base64", ""), "");
});

test("quoted-printable decodes escapes and joins soft line breaks", () => {
  assert.equal(text("quoted-printable", "caf=E9 =3D =e9"), "caf\xe9 = \xe9");
  assert.equal(text("quoted-printable", "one =\r\ntwo=\nthree"), "one twothree");
  assert.equal(text("quoted-printable", "one=  \r\ntwo"), "onetwo");
  assert.equal(text("quoted-printable", "a\r\n\r\nb\r\n"), "a\r\n\r\nb\r\n");
});

test("quoted-printable drops blanks at line ends and keeps all others", () => {
  assert.equal(text("quoted-printable", "a  b \t\r\n c\t \n"), "a  b\r\n c\n");
  assert.equal(text("quoted-printable", "end of text   "), "end of text");
  assert.equal(text("quoted-printable", "kept=20\r\n"), "kept \r\n");
});

test("quoted-printable leaves an escape that is none as it stands", () => {
  assert.equal(text("quoted-printable", "1 = 1"), "1 = 1");
  assert.equal(text("quoted-printable", "a=Zb =4 =x"), "a=Zb =4 =x");
  assert.equal(text("quoted-printable", "==41"), "=A");
  assert.equal(text("quoted-printable", "a="), "a");
  assert.equal(text("quoted-printable", "http://x/?a=b&c=d"), "http://x/?a=b&c=d");
});

test("quoted-printable comes out the same wherever it is cut", async () => {
  const random = seededRandom(2);
  const alphabet = [
    "=",
    "=4",
    "=41",
    "=\r\n",
    "=\n",
    " ",
    "\t",
    "\r\n",
    "\n",
    "\r",
    "a",
    "F",
    "=E9",
  ];
  for (let round = 0; round < 200; round++) {
    const encoded = Buffer.from(
      Array.from({ length: 40 }, () => alphabet[Math.floor(random() * alphabet.length)]).join(""),
    );
    const whole = Buffer.from(decodeTransfer("quoted-printable", encoded));
    for (const sizes of [[1], [2], [3, 1]]) {
      const cut = await inPieces("quoted-printable", encoded, sizes);
      assert.equal(cut.toString("latin1"), whole.toString("latin1"), JSON.stringify(`${encoded}`));
    }
  }
});

test("uuencoded data comes out, with or without its frame", () => {
  const framed = "begin 644 hello.txt\r\n+2&5L;&\\@5V]R;&0\r\n`\r\nend\r\n";
  assert.equal(text("x-uuencode", framed), "Hello World");
  assert.equal(text("uuencode", "#0V%T\n"), "Cat");
});

test("other encodings leave the bytes alone", async () => {
  const bytes = Buffer.from([0, 1, 0x3d, 0x34, 0x31, 0xff, 0x0d, 0x0a]);
  for (const encoding of ["", "7bit", "8bit", "binary", "x-unknown"]) {
    assert.ok(isIdentity(encoding));
    assert.ok(bytes.equals(await inPieces(encoding, bytes, [3])));
  }
  assert.ok(!["base64", "quoted-printable", "x-uuencode", "uuencode"].some(isIdentity));
});

test("no input takes more than linear time", () => {
  const size = 2_000_000;
  const started = performance.now();
  for (const encoding of ["base64", "quoted-printable", "x-uuencode"]) {
    for (const filling of [" ", "=", "\t", "=\r", "\r", "= ", "A"]) {
      decodeTransfer(encoding, Buffer.alloc(size, filling));
    }
  }
  assert.ok(performance.now() - started < 20_000);
});
