// The layout of multipart answers, byte by byte; streams by length.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../tests/kit.ts";
import { base64, counted, lengthOf, opened, take } from "./counted.ts";
import { multipart } from "./multipart.ts";
import type { Stream } from "./wbxml/element.ts";

async function* of(...chunks: number[][]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield Uint8Array.from(chunk);
}

async function collect(stream: Stream): Promise<number[]> {
  const all: number[] = [];
  for await (const piece of stream) {
    all.push(...typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
  }
  return all;
}

const bodyOf = (answer: ReturnType<typeof multipart>) => collect(answer.body as Stream);

test("multipart() writes count, places and lengths as little-endian numbers, then the parts", async () => {
  const answer = multipart(Uint8Array.of(3, 1, 106, 0), [
    { length: 3, open: () => of([10, 11], [12]) },
    { length: 0, open: () => of() },
    { length: 1, open: () => of([99]) },
  ]);
  assert.equal(answer.contentType, "application/vnd.ms-sync.multipart");
  // deno-fmt-ignore
  const expected = [
    4, 0, 0, 0,
    36, 0, 0, 0, 4, 0, 0, 0,
    40, 0, 0, 0, 3, 0, 0, 0,
    43, 0, 0, 0, 0, 0, 0, 0,
    43, 0, 0, 0, 1, 0, 0, 0,
    3, 1, 106, 0,
    10, 11, 12,
    99,
  ];
  assert.deepEqual(await bodyOf(answer), expected);
  assert.equal(answer.length, expected.length);
});

test("multipart() counts places beyond one byte", async () => {
  const answer = multipart(new Uint8Array(70_000), [{ length: 1, open: () => of([7]) }]);
  const bytes = Uint8Array.from(await bodyOf(answer));
  const view = new DataView(bytes.buffer);
  assert.equal(view.getUint32(12, true), 70_020);
  assert.equal(bytes[70_020], 7);
});

test("multipart() without parts holds the document alone", async () => {
  const answer = multipart(Uint8Array.of(5), []);
  assert.deepEqual(await bodyOf(answer), [1, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 5]);
});

test("multipart() opens a part when its turn comes, and breaks off where it has another length", async () => {
  let open = 0;
  const parts = [2, 3].map((length) => ({
    length,
    open: () => {
      open++;
      return of([1, 2]);
    },
  }));
  const answer = multipart(Uint8Array.of(1), parts);
  assert.equal(open, 0);
  await assert.rejects(bodyOf(answer), RangeError);
  await assert.rejects(
    bodyOf(multipart(Uint8Array.of(1), [{ length: 1, open: () => of([1, 2]) }])),
    RangeError,
  );
});

test("take() ends a source that it does not need any more", async () => {
  let ended = false;
  async function* source() {
    try {
      for (;;) yield Uint8Array.of(1, 2, 3);
    } finally {
      ended = true;
    }
  }
  assert.deepEqual(await collect(take(source(), 5)), [1, 2, 3, 1, 2]);
  assert.equal(ended, true);
  assert.deepEqual(await collect(take(of([1], [2]), 9)), [1, 2]);
  assert.deepEqual(await collect(take(of([1]), 0)), []);
});

test("base64() is the same wherever the bytes are cut", async () => {
  const random = seededRandom(7);
  for (let round = 0; round < 50; round++) {
    const bytes = Array.from(
      { length: Math.floor(random() * 40) },
      () => Math.floor(random() * 256),
    );
    const chunks: number[][] = [];
    for (let at = 0; at < bytes.length;) {
      const length = Math.floor(random() * 5);
      chunks.push(bytes.slice(at, at + length));
      at += length;
    }
    const text = String.fromCharCode(...await collect(base64(of(...chunks))));
    assert.equal(text, btoa(String.fromCharCode(...bytes)));
  }
});

test("lengthOf(), counted() and opened() tell how much there is", async () => {
  assert.equal(await lengthOf(of([1, 2], [], [3])), 3);
  assert.deepEqual(await collect(counted(of([1], [2]), 2)), [1, 2]);
  const some = await opened(of([], [1], [2]));
  assert.equal(some.empty, false);
  assert.deepEqual(await collect(some.bytes), [1, 2]);
  assert.equal((await opened(of([], []))).empty, true);
});
