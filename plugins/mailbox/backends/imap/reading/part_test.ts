// Parts stream through: in pieces, decoded, from any place on, and never held whole.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chownSync, createWriteStream, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { seededRandom } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { type Dovecot, startDovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import { NotFound } from "../../../api.ts";
import { collect } from "../../../bytes.ts";
import type { PartBytes } from "../../../model.ts";
import { filledMailbox, logIn, plainReading } from "../_reading_kit.ts";
import { readPart } from "./part.ts";

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
before(async () => {
  if (!found.skip) dovecot = await startDovecot();
});
after(() => dovecot?.stop());

const random = seededRandom(5);
const noise = (length: number) =>
  Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));

const inLines = (bytes: Uint8Array, length: number, eol = "\r\n") =>
  Buffer.from(bytes).toString("base64").replace(new RegExp(`.{${length}}(?=.)`, "g"), `$&${eol}`);

interface Enclosed {
  readonly head: string;
  readonly body: string;
}

function enclosing(...parts: Enclosed[]): string {
  const all = parts.map(({ head, body }) => `--zz\r\n${head}\r\n\r\n${body}\r\n`);
  return "Subject: files\r\nContent-Type: multipart/mixed; boundary=zz\r\n\r\n" +
    all.join("") + "--zz--\r\n";
}

const base64 = (body: string, name = "file.bin"): Enclosed => ({
  head: `Content-Type: application/x-file; name=${name}\r\nContent-Transfer-Encoding: base64`,
  body,
});

const read = async ({ bytes }: PartBytes) => Buffer.from(await collect(bytes));

test(
  "a part comes decoded, with its type, name and exact size, from any place on",
  found,
  async () => {
    const file = noise(700_001);
    const lines = inLines(file, 76).split("\r\n");
    const glued = [...lines.slice(0, 5000), lines[5000]!.slice(0, 40), lines[5000]!.slice(40)];
    const bodies: readonly (readonly [string, boolean])[] = [
      [inLines(file, 76), true],
      [inLines(file, 60) + "\r\n\r\n", true],
      [[...glued, ...lines.slice(5001)].join("\r\n"), false],
      [inLines(file, 75), false],
      [inLines(file.subarray(0, 300), 1000), true],
      [inLines(file.subarray(0, 57 * 20), 76), true],
      [inLines(file.subarray(0, 57 * 20 + 1), 76) + "\r\n", true],
    ];
    const { client, reading, sent, ids } = await filledMailbox(dovecot, [
      enclosing(...bodies.map(([body], at) => base64(body, `${at}.bin`))),
    ]);
    for (const [at, [, exact]] of bodies.entries()) {
      const wanted = at < 4 ? file : file.subarray(0, [300, 57 * 20, 57 * 20 + 1][at - 4]);
      const number = `${at + 1}`;
      const whole = await readPart(reading, ids[0]!, number);
      assert.deepEqual([whole.type, whole.name], ["application/x-file", `${at}.bin`]);
      assert.equal(whole.size, exact ? wanted.length : undefined, number);
      assert.ok(wanted.equals(await read(whole)), number);
      const { length } = wanted;
      for (
        const [from, to] of [
          [0, 1],
          [1, 58],
          [100, 101],
          [57, 114],
          [300_000, 300_100],
          [length - 3],
          [length - 1, length],
          [length],
          [length + 9],
          [length - 5, length + 5],
          [250_000, 650_000],
          [9, 9],
        ]
      ) {
        sent.length = 0;
        const range = { from: from!, ...(to !== undefined && { to }) };
        const some = await read(await readPart(reading, ids[0]!, number, range));
        assert.ok(wanted.subarray(from, to).equals(some), `${number} ${from}-${to}`);
        if (exact && from === 300_000) assert.ok(sent.length <= 4, "it is entered in the middle");
      }
    }
    await client.logout();
  },
);

test(
  "other encodings, embedded messages and the message itself come as they are",
  found,
  async () => {
    const inner =
      "Subject: inner\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--in--";
    const mime = enclosing(
      {
        head:
          "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
        body: "f=C3=BCr=\r\n Sie",
      },
      { head: "Content-Type: message/rfc822", body: inner },
      {
        head: "Content-Type: text/csv; name=a.csv\r\nContent-Disposition: attachment",
        body: "a;b",
      },
    );
    const plain = "Subject: plain\r\n\r\nwords\r\n";
    const { client, reading, ids } = await filledMailbox(dovecot, [
      mime,
      plain,
      "Subject: odd\r\nContent-Type: multipart/mixed\r\n\r\nno parts",
    ]);
    const part = (number: string, at = 0, range?: { from: number; to?: number }) =>
      readPart(reading, ids[at]!, number, range);
    assert.equal((await read(await part("1"))).toString(), "für Sie");
    assert.equal((await read(await part("1", 0, { from: 1, to: 4 }))).toString(), "ür");
    assert.equal((await part("1")).size, undefined);
    const message = await part("2");
    assert.deepEqual([message.type, message.name], ["message/rfc822", "inner.eml"]);
    const embedded = (await read(message)).toString();
    assert.equal(message.size, embedded.length);
    // Dovecot takes the line end before the delimiter for a part of the multipart inside.
    assert.equal(embedded.trimEnd(), inner);
    assert.deepEqual([(await part("3")).name, (await part("3")).size], ["a.csv", 3]);
    assert.equal((await read(await part("1", 1))).toString(), "words\r\n");
    assert.equal((await read(await part("1", 2))).toString(), "no parts");
    const whole = await part("");
    assert.deepEqual([whole.type, whole.size], ["message/rfc822", mime.length]);
    assert.equal((await read(whole)).toString(), mime);
    assert.equal(
      (await read(await part("", 0, { from: 5, to: 12 }))).toString(),
      mime.slice(5, 12),
    );
    for (const number of ["4", "0", "2.1", "1.1", "x", "1 BODY[]"]) {
      await assert.rejects(part(number), NotFound, number);
    }
    await assert.rejects(readPart(reading, "f0.999", ""), NotFound);
    await client.logout();
  },
);

test(
  "the next piece is fetched when the last was consumed, others use the connection between",
  found,
  async () => {
    const file = noise(600_000);
    const { client, reading, sent, ids } = await filledMailbox(dovecot, [
      enclosing(base64(inLines(file, 76))),
    ]);
    const { bytes } = await readPart(reading, ids[0]!, "1");
    const stream = bytes[Symbol.asyncIterator]();
    sent.length = 0;
    await stream.next();
    assert.equal(sent.length, 1);
    assert.equal(
      (await readPart(reading, ids[0]!, "")).size,
      enclosing(base64(inLines(file, 76))).length,
    );
    sent.length = 0;
    await stream.next();
    assert.equal(sent.length, 1);
    await stream.return!();
    assert.equal(sent.length, 1, "nothing is fetched for who has gone");
    await client.logout();
  },
);

test(
  "a connection that is cut costs one piece, a message that is removed ends the bytes",
  found,
  async () => {
    const file = noise(900_000);
    const filled = await filledMailbox(dovecot, [enclosing(base64(inLines(file, 76)))]);
    let client: ImapFlow = filled.client;
    let cuts = 0;
    const reading = await plainReading(async () => {
      if (!client.usable) client = await logIn(dovecot, filled.user);
      return client;
    });
    const pieces: Uint8Array[] = [];
    for await (const piece of (await readPart(reading, filled.ids[0]!, "1")).bytes) {
      pieces.push(piece);
      cuts++;
      client.close();
    }
    assert.ok(cuts > 3);
    assert.ok(file.equals(Buffer.concat(pieces)));
    const { bytes } = await readPart(reading, filled.ids[0]!, "1");
    const stream = bytes[Symbol.asyncIterator]();
    await stream.next();
    await client.messageDelete("1:*", { uid: true });
    await assert.rejects(stream.next(), NotFound);
    client.close();
  },
);

/** Puts a message with an attachment of `size` bytes into a maildir, without ever holding it. */
async function putLarge(address: string, size: number): Promise<string> {
  const home = join(dovecot.dir, "mail", address, "mail");
  const file = join(home, "new", `1.large${size}.test`);
  const out = createWriteStream(file);
  const hash = createHash("sha256");
  out.write(
    "Subject: large\nContent-Type: multipart/mixed; boundary=zz\n\n--zz\n" +
      "Content-Type: video/mp4; name=film.mp4\nContent-Transfer-Encoding: base64\n\n",
  );
  const block = noise(57 * 1000);
  const lines = inLines(block, 76, "\n") + "\n";
  for (let put = 0; put < size; put += block.length) {
    hash.update(block);
    if (!out.write(lines)) await once(out, "drain");
  }
  out.end("--zz--\n");
  await once(out, "close");
  const { uid, gid } = statSync(home);
  if (uid !== statSync(file).uid) chownSync(file, uid, gid);
  return hash.digest("hex");
}

test("an attachment of 100 MB costs no more memory than a small one", found, async () => {
  const { client, reading, user } = await filledMailbox(dovecot, ["Subject: first\r\n\r\n"]);
  const highest: number[] = [];
  for (const [at, size] of [1_000_000, 100_000_000].entries()) {
    const wanted = await putLarge(user.address, size);
    await client.mailboxOpen("INBOX");
    const id = reading.id("INBOX", at + 2);
    const { bytes, size: told, name } = await readPart(reading, id, "1");
    const hash = createHash("sha256");
    const received = () => Number((client.stats() as { received: number }).received);
    const begun = received();
    let [decoded, ahead] = [0, 0];
    for await (const piece of bytes) {
      decoded += piece.length;
      hash.update(piece);
      // What has come from the server and was not handed on yet is all that can be in memory.
      ahead = Math.max(ahead, received() - begun - decoded * 78 / 57);
    }
    assert.equal(hash.digest("hex"), wanted);
    assert.deepEqual([told, name], [decoded, "film.mp4"]);
    highest.push(ahead);
  }
  assert.ok(highest[1]! < 512 * 1024, `${highest}`);
  const late = await read(
    await readPart(reading, reading.id("INBOX", 3), "1", { from: 99_000_000, to: 99_000_010 }),
  );
  assert.equal(late.length, 10);
  await client.logout();
});
