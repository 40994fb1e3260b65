// MIME as text.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { collect } from "./_sample.ts";
import { mimeText } from "./mime_text.ts";

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
/** Each character of `text` is one byte. */
const converted = (text: string, size = 7, limit?: number) =>
  collect(mimeText(pieces(Buffer.from(text, "latin1"), size), limit));

const head = "Subject: x\r\nMIME-Version: 1.0\r\n";

test("ASCII goes as it is, whatever the pieces", async () => {
  const message = `${head}Content-Type: text/plain\r\n\r\nOne\r\nTwo\r\n`;
  for (const size of [1, 3, 1000]) assert.equal(await converted(message, size), message);
});

test("bare line feeds become CRLF", async () => {
  assert.equal(await converted("Subject: x\n\nOne\nTwo\r\n"), "Subject: x\r\n\r\nOne\r\nTwo\r\n");
});

test("8-bit UTF-8 stays as it is", async () => {
  const part = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
  const bytes = Buffer.from(`${head}${part}Grüße 日本\r\n`, "utf8").toString("latin1");
  for (const size of [1, 2, 5, 1000]) {
    assert.equal(await converted(bytes, size), `${head}${part}Grüße 日本\r\n`);
  }
});

test("8-bit Latin-1 is sent quoted-printable, so that its bytes come back", async () => {
  const message = `${head}Content-Type: text/plain; charset=iso-8859-1\r\n` +
    "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe\r\n";
  const text = await converted(message);
  assert.match(text, /^Content-Transfer-Encoding: quoted-printable\r$/m);
  assert.match(text, /\r\n\r\nGr=FC=DFe\r\n$/);
});

test("only the part that needs it is touched", async () => {
  const message = `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n` +
    "Content-Type: text/plain; charset=windows-1252\r\n\r\nGr\xfc\xdfe\r\n--b\r\n" +
    "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n";
  const text = await converted(message);
  assert.match(text, /Gr=FC=DFe\r\n--b\r\nContent-Type: image\/png\r\n/);
  assert.match(text, /Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n$/);
});

test("the escapes of ISO-2022-JP survive", async () => {
  const message = `${head}Content-Type: text/plain; charset=ISO-2022-JP\r\n\r\n\x1b$B$"\x1b(B\r\n`;
  assert.match(await converted(message), /=1B\$B\$"=1B\(B/);
});

test("signed parts stay byte for byte", async () => {
  const message = `${head}Content-Type: multipart/signed; boundary=s;\r\n` +
    ' protocol="application/pkcs7-signature"\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\n' +
    "Signed  \r\ntext\r\n\r\n--s\r\nContent-Type: application/pkcs7-signature\r\n" +
    "Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n\r\n--s--\r\nEpilogue\r\n";
  assert.equal(await converted(message), message);
});

test("8-bit bytes in headers, and undeclared ones, are read as UTF-8 or else as Latin-1", async () => {
  const utf8 = Buffer.from("Käse", "utf8").toString("latin1");
  assert.equal(
    await converted(`Subject: K\xe4se ${utf8}\r\n\r\nK\xe4se ${utf8} \xf0\x9f\r\n`),
    "Subject: Käse Käse\r\n\r\nKäse Käse ð\u009f\r\n",
  );
});

test("NUL and control characters are left out", async () => {
  assert.equal(await converted("Subject: x\r\n\r\na\0b\x07c\r\n"), "Subject: x\r\n\r\nabc\r\n");
});

test("the limit counts bytes, splits no character and stops reading", async () => {
  let read = 0;
  async function* endless() {
    yield Buffer.from("Subject: x\r\n\r\n");
    for (;;) {
      read++;
      yield Buffer.from("é".repeat(500) + "\r\n", "utf8");
    }
  }
  const text = await collect(mimeText(endless(), 19));
  assert.equal(text, "Subject: x\r\n\r\néé");
  assert.ok(read < 500, `${read} pieces read`);
});

test("an error while reading reaches the reader", async () => {
  async function* failing() {
    yield Buffer.from("Subject: x\r\n\r\nHello\r\n");
    throw new Error("disk");
  }
  await assert.rejects(collect(mimeText(failing())), /disk/);
});

test("a message that is only noise does no harm", async () => {
  const noise = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256));
  const text = await collect(mimeText(pieces(noise, 100)));
  assert.ok(text.isWellFormed());
  assert.equal(await converted(""), "");
});
