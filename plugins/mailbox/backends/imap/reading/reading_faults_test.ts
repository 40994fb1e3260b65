// Reading from a server that fails: one message costs no other, a cut costs one piece.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { fakeClock } from "../../../../../tests/kit.ts";
import { type FakeImap, startFakeImap } from "../../../../../tests/servers/fake_imap.ts";
import { collect } from "../../../bytes.ts";
import type { Item, Want } from "../../../model.ts";
import { letter, logIn, plainReading } from "../_reading_kit.ts";
import { hasLostItsWay } from "../connections/errors.ts";
import { readPart } from "./part.ts";
import { readItems } from "./read.ts";
import { searchItems } from "../searching/search.ts";

let fake: FakeImap;
before(async () => {
  fake = await startFakeImap();
});
after(() => fake.stop());

/** A user whose inbox holds these messages, with a connection that is made again where it broke. */
async function filled(...mails: string[]) {
  fake.reset();
  const user = fake.addUser();
  for (const mime of mails) fake.deliver(user, mime);
  let client: ImapFlow | undefined;
  const reading = await plainReading(async () => {
    if (!client?.usable) client = await logIn(fake, user);
    return client;
  });
  const ids = mails.map((_, at) => reading.id("INBOX", at + 1));
  return { reading, ids, close: () => client?.close() };
}

async function all(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const five = [1, 2, 3, 4, 5].map((n) => letter(`no ${n}`, "text/plain", `text ${n}\r\n`));
const names = (items: readonly Item[]) => items.map(({ mail }) => mail?.subject);

/** Whether a FETCH asks for the message with this UID, and says that it wants `what`. */
function asks({ name, words }: { name: string; words: string }, uid: number, what: string) {
  const [set = ""] = words.split(" ");
  const inside = set.split(",").some((range) => {
    const [from = 0, to = from] = range.split(":").map(Number);
    return from <= uid && uid <= to;
  });
  return name === "UID FETCH" && inside && words.includes(what);
}

for (const what of ["BODYSTRUCTURE", "BODY.PEEK[TEXT]"]) {
  test(`a message of which the server cannot tell ${what} is a problem of its own`, async () => {
    const { reading, ids, close } = await filled(...five);
    fake.rule = (command) =>
      asks(command, 3, what) ? { refuse: "NO [SERVERBUG] It is damaged" } : undefined;
    const items = await all(readItems(reading, ids, { text: 100 }));
    assert.deepEqual(names(items), ["no 1", "no 2", undefined, "no 4", "no 5"]);
    assert.match(items[2]!.problem!, /damaged|structure/);
    assert.equal(items[2]!.state.id, ids[2]);
    assert.ok(items[2]!.state.date > 0);
    const bytes = await collect((await readPart(reading, ids[2]!, "")).bytes);
    assert.equal(Buffer.from(bytes).toString(), five[2], "its bytes are still there");
    close();
  });
}

for (const refuse of ["NO Not now", "NO [UNAVAILABLE] Busy", "BAD What?", "NO [SERVERBUG] Gone"]) {
  test(`a server that answers everything with ${refuse} is away, its mail is not gone`, async () => {
    const { reading, ids, close } = await filled(...five);
    fake.rule = ({ name }) => name === "UID FETCH" ? { refuse } : undefined;
    const lost = refuse.includes("SERVERBUG");
    await assert.rejects(
      all(readItems(reading, ids, {})),
      (error) => hasLostItsWay(error) === lost,
    );
    assert.ok(fake.names().length < 20, "it is not asked for ever");
    close();
  });
}

test("a batch that is cut off in the middle is read once more, and each item comes once", async () => {
  for (const cutAfter of [10, 300, 900, 2000]) {
    const { reading, ids, close } = await filled(...five);
    let cuts = 0;
    fake.rule = ({ name }) => name === "UID FETCH" && cuts++ === 0 ? { cutAfter } : undefined;
    const items = await all(readItems(reading, ids, { text: 100 }));
    assert.deepEqual(names(items), ["no 1", "no 2", "no 3", "no 4", "no 5"], `${cutAfter}`);
    assert.ok(cuts > 1);
    close();
  }
});

test("a server that always breaks off at large messages is away, and not asked for ever", async () => {
  const { reading, ids, close } = await filled(letter("large", "text/plain", "x".repeat(5 << 20)));
  let texts = 0;
  fake.rule = ({ name, words }) =>
    name === "UID FETCH" && words.includes("TEXT]") && ++texts < 10
      ? { cutAfter: 1000 }
      : undefined;
  await assert.rejects(all(readItems(reading, ids, { text: 1e9 })));
  assert.equal(texts, 2);
  close();
});

test("who could not read leaves nothing running on the connection", async () => {
  const many = Array.from({ length: 30 }, (_, n) => letter(`no ${n}`, "text/plain", "text"));
  const { reading, ids, close } = await filled(...many);
  const texts: string[] = [];
  fake.rule = ({ name, words }) => {
    if (name !== "UID FETCH" || !words.includes("TEXT]")) return undefined;
    texts.push(words);
    return texts.length === 1 ? { refuse: "NO [UNAVAILABLE] Busy" } : undefined;
  };
  await assert.rejects(all(readItems(reading, ids, { text: 100 })));
  assert.equal(texts.length, 2, "the second portion, which was on its way, has come");
  close();
});

test("what the server tells unasked between its answers confuses nobody", async () => {
  const { reading, ids, close } = await filled(...five);
  fake.rule = ({ name }) =>
    name === "UID FETCH"
      ? {
        say: "* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n* 9 EXISTS\r\n* 7 FETCH (UID 700 FLAGS ())\r\n",
      }
      : undefined;
  const items = await all(readItems(reading, ids, { text: 100 }));
  assert.deepEqual(names(items), ["no 1", "no 2", "no 3", "no 4", "no 5"]);
  assert.equal(items[1]!.mail!.text!.content, "text 2\r\n");
  close();
});

test("a part that is cut off at any byte comes whole", async () => {
  const file = Buffer.alloc(700_000, "some file ");
  const body = file.toString("base64").replace(/.{76}/g, "$&\r\n");
  for (const cutAfter of [0, 1, 60, 4000, 200_000]) {
    const { reading, ids, close } = await filled(letter("file", "image/png", body, "base64"));
    let fetched = 0;
    fake.rule = ({ name, words }) =>
      name === "UID FETCH" && words.includes("TEXT]") && ++fetched % 2 === 0
        ? { cutAfter }
        : undefined;
    const part = await readPart(reading, ids[0]!, "1");
    assert.equal(part.size, file.length);
    assert.ok(file.equals(Buffer.from(await collect(part.bytes))), `${cutAfter}`);
    close();
  }
});

test("a server that does not understand a search makes it incomplete, not wrong", async () => {
  const { reading, close } = await filled(...five);
  const searching = { ...reading, clock: fakeClock() };
  const page = { offset: 0, limit: 10 };
  assert.equal((await searchItems(searching, { text: "text" }, page)).items.length, 5);
  fake.rule = ({ name }) =>
    name === "UID SEARCH" ? { refuse: "NO [BADCHARSET] What is UTF-8?" } : undefined;
  const { items, complete } = await searchItems(searching, { text: "größer" }, page);
  assert.deepEqual([items, complete], [[], false]);
  close();
});

const odd: readonly (readonly [string, string, Want])[] = [
  ["a message without anything", "\r\n", {}],
  ["a header that ends nowhere", "Subject: only", { text: 10 }],
  ["a multipart without parts", letter("m", "multipart/mixed; boundary=x", "no parts"), {
    text: 99,
  }],
];
for (const [name, mime, want] of odd) {
  test(`${name} is read`, async () => {
    const { reading, ids, close } = await filled(mime);
    const [item] = await all(readItems(reading, ids, want));
    assert.ok(item!.mail);
    close();
  });
}
