// Items are read in few commands, and no more bytes of them than are wanted.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, test } from "node:test";
import { needs } from "../../../../../tests/needs.ts";
import { type Dovecot, startDovecot } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Item, Want } from "../../../model.ts";
import { mailOf, parseMessage } from "../../memory/message.ts";
import { filledMailbox, letter } from "../_reading_kit.ts";
import { readItems } from "./read.ts";

const found = needs("dovecot", dovecotPresent());
let dovecot: Dovecot;
before(async () => {
  if (!found.skip) dovecot = await startDovecot({ specialFolders: true });
});
after(() => dovecot?.stop());

async function all(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test("items come in the order asked, missing ones left out, in few commands", found, async () => {
  const mails = Array.from(
    { length: 300 },
    (_, n) => letter(`no ${n}`, "text/plain", `text ${n}\r\n`),
  );
  const { client, reading, sent, ids } = await filledMailbox(dovecot, mails);
  const asked = [...ids].reverse();
  sent.length = 0;
  const items = await all(
    readItems(reading, ["nonsense", ...asked, asked[0]!, "f0.99999"], { text: 100 }),
  );
  assert.deepEqual(items.map(({ id }) => id), [...asked, asked[0]]);
  assert.equal(items[3]!.mail!.text!.content, "text 296\r\n");
  const fetches = sent.filter((command) => command.startsWith("UID FETCH"));
  // Facts of a hundred, texts of 20, 40 and 40; and once more for those that are not there.
  assert.equal(fetches.length, 4 + 3 * 3 + 1, `${fetches.map((each) => each.slice(0, 80))}`);
  await client.logout();
});

test(
  "no more of a long text is fetched than is wanted, more where the first bytes were too few",
  found,
  async () => {
    const line = "Ein Absatz mit größeren Wörtern, der immer weiter geht. ";
    const long = line.repeat(40_000);
    const encoded = Buffer.from(long).toString("base64").replace(/.{76}/g, "$&\r\n");
    const spaced = " ".repeat(76) + "=\r\n";
    const mails = [
      letter("plain", "text/plain; charset=utf-8", long),
      letter("base64", "text/plain; charset=utf-8", encoded, "base64"),
      letter("escaped", "text/plain; charset=utf-8", "=C3=BC".repeat(100_000), "quoted-printable"),
      letter(
        "wide",
        "text/plain; charset=utf-16le",
        Buffer.from(long, "utf16le").toString("base64"),
        "base64",
      ),
      letter("empty lines", "text/plain", "=\r\n".repeat(3000) + long, "quoted-printable"),
      letter("spaced", "text/plain", spaced.repeat(2000) + "x".repeat(30_000), "quoted-printable"),
    ];
    const { client, reading, ids } = await filledMailbox(dovecot, mails);
    const received = () => (client.stats() as { received: number }).received;
    const begun = received();
    for (const wanted of [1000, 20_000]) {
      for (const [at, item] of (await all(readItems(reading, ids, { text: wanted }))).entries()) {
        const whole =
          mailOf(await parseMessage(Buffer.from(mails[at]!)), "", { text: 1e9 }).text!.content;
        const { content, truncated, size } = item.mail!.text!;
        assert.ok(whole.startsWith(content), `${item.mail!.subject} of ${wanted}`);
        assert.ok(wanted - Buffer.byteLength(content) < 4, item.mail!.subject);
        assert.equal(truncated, true);
        if (at < 2) assert.ok(Math.abs(size / Buffer.byteLength(whole) - 1) < 0.02, `${size}`);
      }
    }
    const total = mails.reduce((sum, mime) => sum + Buffer.byteLength(mime), 0);
    assert.ok(received() - begun < total / 10, `${received() - begun} of ${total}`);
    await client.logout();
  },
);

test("whole texts of many megabytes are read a few at a time", found, async () => {
  const body = (n: number) => `${n} ${"long ".repeat(900_000)}`;
  const { client, reading, sent, ids } = await filledMailbox(
    dovecot,
    Array.from({ length: 6 }, (_, n) => letter(`long ${n}`, "text/plain", body(n))),
  );
  sent.length = 0;
  let commands = 0;
  let items = 0;
  for await (const item of readItems(reading, ids, { text: 1e9 })) {
    assert.ok(item.mail!.text!.content === body(items++));
    if (items === 1) commands = sent.length;
  }
  assert.equal(items, 6);
  assert.ok(commands < sent.length / 2, "the last ones were not read with the first");
  await client.logout();
});

test("marks and dates are those of the server, deleted messages are none", found, async () => {
  const { client, reading, ids } = await filledMailbox(dovecot, [
    "Subject: one\r\n\r\n",
    "Subject: two\r\n\r\n",
  ]);
  await client.mailboxOpen("INBOX");
  await client.messageFlagsAdd("1", ["\\Seen", "$Forwarded", "Urgent"]);
  await client.messageFlagsAdd("2", ["\\Deleted"]);
  const [item, ...more] = await all(readItems(reading, ids, {}));
  assert.equal(more.length, 0);
  assert.equal(item!.state.marks.read && item!.state.marks.forwarded, true);
  assert.deepEqual(item!.state.marks.keywords, ["Urgent"]);
  assert.ok(Math.abs(item!.state.date - Date.now()) < 60_000);
  await client.logout();
});

test(
  "pictures in a text are told by the HTML, and where that was not read, by their place",
  found,
  async () => {
    const part = (head: string) =>
      `\r\n--r\r\n${head}\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA`;
    const html = `<img src="cid:shown@x">${" ".repeat(5000)}<img src="cid:late@x">`;
    const body = "--r\r\nContent-Type: text/html\r\n\r\n" + html + [
      "Content-Type: image/png\r\nContent-ID: <shown@x>",
      "Content-Type: image/png\r\nContent-ID: <late@x>",
      "Content-Type: image/png\r\nContent-ID: <never@x>",
      "Content-Type: application/pdf\r\nContent-ID: <file@x>",
      "Content-Type: image/png\r\nContent-ID: <said@x>\r\nContent-Disposition: inline",
      "Content-Type: image/png",
    ].map(part).join("") + "\r\n--r--\r\n";
    const { client, reading, ids } = await filledMailbox(dovecot, [
      letter("pictures", "multipart/related; boundary=r", body),
    ]);
    const inline = async (want: Want) =>
      (await all(readItems(reading, ids, want)))[0]!.mail!.attachments.map((each) => each.inline);
    assert.deepEqual(await inline({ html: 1e9 }), [true, true, false, false, true, false]);
    assert.deepEqual(await inline({ html: 1000 }), [true, true, true, false, true, false]);
    assert.deepEqual(await inline({ preview: false }), [true, true, true, false, true, false]);
    await client.logout();
  },
);

test("no preview is fetched where nobody looks at it", found, async () => {
  const { client, reading, sent, ids } = await filledMailbox(dovecot, [
    letter("a", "text/plain", "some words"),
  ]);
  assert.equal((await all(readItems(reading, ids, {})))[0]!.mail!.preview, "some words");
  sent.length = 0;
  assert.equal((await all(readItems(reading, ids, { preview: false })))[0]!.mail!.preview, "");
  assert.equal(sent.filter((command) => command.startsWith("UID FETCH")).length, 1);
  await client.logout();
});

test("answers with References are one conversation, wherever they are", found, async () => {
  const head = (lines: string[]) => [...lines, "Subject: s", "", "x"].join("\r\n");
  const { client, reading, ids } = await filledMailbox(dovecot, [
    head(["Message-ID: <root@x>"]),
    head(["Message-ID: <two@x>", "In-Reply-To: <root@x>", "References: <root@x>"]),
    head(["Message-ID: <three@x>", "In-Reply-To: <two@x>", "References: <root@x> <two@x>"]),
    head(["Message-ID: <other@x>"]),
  ]);
  const threads = (await all(readItems(reading, ids, {}))).map(({ mail }) => mail!.thread);
  assert.equal(new Set(threads.slice(0, 3)).size, 1);
  assert.notEqual(threads[3], threads[0]);
  await client.logout();
});
