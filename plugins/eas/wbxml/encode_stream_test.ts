// Writing as a stream: same bytes, bounded memory, back-pressure, and an end when the reader leaves.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { settle } from "../../../tests/kit.ts";
import { decode, el, type Element, encode, encodeStream, Flow, isStreamed, Leaf } from "./mod.ts";

async function* from<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}
async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
function add(n: number, text: string | Leaf | Uint8Array = `item ${n}`): Element {
  return el("AirSync:Add", el("AirSync:ServerId", n), el("AirSyncBase:Data", text));
}
function sync(children: AsyncIterable<Element>): Element {
  return el(
    "AirSync:Sync",
    el("AirSync:Status", 1),
    el("AirSync:Commands", new Flow(children)),
    el("AirSync:MoreAvailable"),
  );
}
/** What a Leaf of these pieces is when it was read back. */
async function sent(...pieces: (string | Uint8Array)[]): Promise<string> {
  return decode(await bytesOf(encodeStream(el("AirSyncBase:Data", new Leaf(from(...pieces))))))
    .text;
}

describe("encodeStream()", () => {
  test("writes what encode() writes", async () => {
    const items = Array.from({ length: 500 }, (_, n) => add(n, "body €\r\n".repeat(n)));
    const plain = el(
      "AirSync:Sync",
      el("AirSync:Status", 1),
      el("AirSync:Commands", ...items),
      el("AirSync:MoreAvailable"),
    );
    assert.deepEqual(await bytesOf(encodeStream(sync(from(...items)))), encode(plain));
    assert.deepEqual(await bytesOf(encodeStream(plain)), encode(plain));
    assert.deepEqual(await bytesOf(encodeStream(plain, 100)), encode(plain));
    const streamed = items.map((item, n) =>
      add(n, new Leaf(from(item.textOf("AirSyncBase:Data")!)))
    );
    assert.deepEqual(await bytesOf(encodeStream(sync(from(...streamed)))), encode(plain));
  });

  test("gives chunks near the wanted size, also of one large text or OPAQUE", async () => {
    const tree = el(
      "AirSync:Sync",
      el("AirSyncBase:Data", "€".repeat(100_000)),
      el("Email2:ConversationId", new Uint8Array(300_000)),
    );
    const sizes: number[] = [];
    for await (const chunk of encodeStream(tree, 1000)) sizes.push(chunk.length);
    assert.ok(Math.max(...sizes) <= 4 * 1000, `${Math.max(...sizes)}`);
    assert.ok(sizes.filter((size) => size < 500).length <= 4, `${sizes}`);
  });

  test("asks its sources only for what is read", async () => {
    let made = 0;
    async function* items() {
      for (; made < 1000; made++) yield add(made, "x".repeat(1000));
    }
    const chunks = encodeStream(sync(items()), 5000);
    await chunks.next();
    assert.ok(made <= 6, `${made}`);
    await chunks.next();
    assert.ok(made <= 11, `${made}`);
    await chunks.return();
  });

  test("tells every open source when the reader leaves", async () => {
    const ended: string[] = [];
    async function* endless(name: string, make: () => Element): AsyncGenerator<Element> {
      try {
        for (;;) yield make();
      } finally {
        ended.push(name);
      }
    }
    async function* text(): AsyncGenerator<string> {
      try {
        for (;;) yield "x".repeat(1000);
      } finally {
        ended.push("leaf");
      }
    }
    const tree = sync(endless("flow", () => add(1, new Leaf(text()))));
    for await (const chunk of encodeStream(tree)) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.deepEqual(ended, ["leaf", "flow"]);
  });

  test("ends with the error of a source", async () => {
    async function* broken(): AsyncGenerator<Element> {
      yield add(1);
      throw new RangeError("storage is gone");
    }
    await assert.rejects(bytesOf(encodeStream(sync(broken()))), RangeError);
  });

  test("writes a Flow or Leaf that gives nothing as an empty element", async () => {
    const tree = el(
      "AirSync:Sync",
      el("AirSync:Commands", new Flow(from<Element>())),
      el("AirSyncBase:Data", new Leaf(from<string>("", ""))),
    );
    const plain = el("AirSync:Sync", el("AirSync:Commands"), el("AirSyncBase:Data"));
    assert.deepEqual(await bytesOf(encodeStream(tree)), encode(plain));
  });

  test("does not break characters that are cut between pieces", async () => {
    assert.equal(await sent("a\ud83d", "\ude00b"), "a😀b");
    assert.equal(await sent("a\ud83d", "", "\ude00b"), "a😀b");
    assert.equal(await sent("a\ud83d"), "a\ufffd");
    assert.equal(await sent(Uint8Array.of(0xf0, 0x9f), Uint8Array.of(0x98, 0x80, 0x62)), "😀b");
    assert.equal(await sent(Uint8Array.of(0xf0, 0x9f), "b"), "\ufffdb");
    assert.equal(await sent(Uint8Array.of(0x61, 0xe4)), "a\ufffd");
    assert.equal(await sent("\0a\0", "\x01b"), "ab");
  });

  test("does not break characters of a text longer than a chunk", async () => {
    for (const size of [1, 2, 3, 7]) {
      const text = "a😀b€".repeat(50);
      const document = await bytesOf(encodeStream(el("AirSyncBase:Data", text), size));
      assert.equal(decode(document).text, text);
    }
  });

  test("collects a Leaf whose tag wants OPAQUE", async () => {
    const tree = el(
      "ComposeMail:Mime",
      new Leaf(from<string | Uint8Array>("ä", Uint8Array.of(0, 255))),
    );
    assert.deepEqual(
      decode(await bytesOf(encodeStream(tree))).value,
      Uint8Array.of(0xc3, 0xa4, 0, 255),
    );
  });
});

describe("isStreamed()", () => {
  test("finds a Flow or Leaf anywhere", () => {
    assert.equal(isStreamed(el("AirSync:Sync", add(1))), false);
    assert.equal(isStreamed(el("AirSync:Sync", add(1, new Leaf(from<string>())))), true);
    assert.equal(isStreamed(sync(from<Element>())), true);
  });
});

test("encodeStream() gives what is written as soon as it is late, and goes on", async () => {
  let go = () => {};
  const slow = new Promise<void>((resolve) => go = resolve);
  let late = () => {};
  async function* children() {
    yield el("AirSync:Status", 1);
    await slow;
    yield el("AirSync:Limit", 5);
  }
  const document = el("AirSync:Sync", new Flow(children()));
  const stream = encodeStream(document, 16_384, () => new Promise<void>((yes) => late = yes));
  const first = stream.next();
  await settle();
  late();
  const begun = (await first).value!;
  go();
  const rest = (await stream.next()).value!;
  const whole = el("AirSync:Sync", el("AirSync:Status", 1), el("AirSync:Limit", 5));
  assert.deepEqual(Uint8Array.from([...begun, ...rest]), Uint8Array.from(encode(whole)));
  assert.equal((await stream.next()).done, true);
});

test("encodeStream() lets a slow text wait without what stands before it", async () => {
  let go = () => {};
  const slow = new Promise<void>((resolve) => go = resolve);
  async function* pieces() {
    await slow;
    yield "soon";
  }
  const document = el("AirSync:Sync", el("AirSync:Status", new Leaf(pieces())));
  const stream = encodeStream(document, 16_384, () => Promise.resolve());
  const begun = (await stream.next()).value!;
  assert.ok(begun.length > 0);
  go();
  let all = [...begun];
  for await (const chunk of stream) all = [...all, ...chunk];
  const whole = encode(el("AirSync:Sync", el("AirSync:Status", "soon")));
  assert.deepEqual(Uint8Array.from(all), Uint8Array.from(whole));
});
