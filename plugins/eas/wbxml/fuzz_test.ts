// Random trees survive the wire; random damage ends in a tree or in a WbxmlError, and in linear time.
import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import { seededRandom } from "../../../tests/kit.ts";
import { decode, el, Element, encode, encodeStream, type Tag, WbxmlError } from "./mod.ts";
import { codeOf } from "./tokens.ts";

const tags = [...codeOf.keys()] as Tag[];
type Random = () => number;

function randomTree(random: Random, depth = 1): Element {
  const tag = tags[Math.floor(random() * tags.length)]!;
  const kind = random();
  if (kind < 0.15) return el(tag);
  if (kind < 0.25) return el(tag, randomBytes(random, random() < 0.05 ? 3000 : 40));
  // Text of an OPAQUE tag comes back as bytes: that is another test.
  if (kind < 0.6 || depth > 8) {
    return el(tag, codeOf.get(tag)!.opaque ? undefined : randomText(random));
  }
  const children = Array.from({ length: 1 + random() * 4 }, () => randomTree(random, depth + 1));
  return new Element(tag, children);
}

function randomBytes(random: Random, most: number): Uint8Array {
  return Uint8Array.from({ length: 1 + random() * most }, () => random() * 256);
}

function randomText(random: Random): string {
  const alphabet = ["a", "1", " ", "\r\n", "\t", "é", "€", "😀", "\ufeff", "<&>", "\x7f"];
  const length = 1 + random() * (random() < 0.05 ? 4000 : 40);
  return Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
}

/** Decodes what may be damaged: true if it was readable; anything but a WbxmlError is thrown on. */
function survives(bytes: Uint8Array): boolean {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof WbxmlError && error.offset <= bytes.length) return false;
    throw error;
  }
}

function mutate(document: Uint8Array, random: Random): Uint8Array {
  const bytes = [...document];
  const anywhere = () => Math.floor(random() * bytes.length);
  const special = [0, 1, 3, 0xc3, 0x40, 0x45, 0x80, 0xff, 0xfe];
  for (let times = 1 + random() * 4; times > 0; times--) {
    const kind = random();
    const byte = random() < 0.5 ? special[Math.floor(random() * special.length)]! : random() * 256;
    if (kind < 0.4) bytes[anywhere()] = byte;
    else if (kind < 0.6) bytes.splice(anywhere(), 1 + random() * 8);
    else if (kind < 0.8) bytes.splice(anywhere(), 0, byte);
    else bytes.splice(anywhere(), 0, ...bytes.slice(anywhere(), anywhere()));
  }
  return Uint8Array.from(bytes);
}

describe("the codec", () => {
  test("brings random trees over the wire unchanged", async () => {
    for (let seed = 1; seed <= 400; seed++) {
      const tree = randomTree(seededRandom(seed));
      const document = encode(tree);
      assert.deepEqual(decode(document), tree, `seed ${seed}`);
      assert.deepEqual(encode(decode(document)), document, `seed ${seed}`);
      if (seed % 10 > 0) continue;
      const parts: number[] = [];
      for await (const chunk of encodeStream(tree, 64)) parts.push(...chunk);
      assert.deepEqual(Uint8Array.from(parts), document, `seed ${seed}`);
    }
  });

  test("survives random damage, and what it still reads it can write and read again", () => {
    const random = seededRandom(20260301);
    let readable = 0;
    for (let round = 0; round < 5000; round++) {
      const document = mutate(encode(randomTree(seededRandom(round % 50))), random);
      if (!survives(document)) continue;
      readable++;
      const again = encode(decode(document));
      assert.deepEqual(encode(decode(again)), again);
    }
    assert.ok(readable > 100, `only ${readable} documents were readable: nothing was tried`);
  });

  test("survives random bytes behind a header", () => {
    const random = seededRandom(4);
    for (let round = 0; round < 5000; round++) {
      survives(Uint8Array.of(3, 1, 0x6a, 0, ...randomBytes(random, 60)));
    }
  });
});

describe("decode() takes time in proportion to the document:", () => {
  const header = [3, 1, 0x6a, 0];
  const hostile: Record<string, (n: number) => Uint8Array> = {
    "texts in pieces": (n) => repeated([0x45], [3, 0x61, 0], n, [1]),
    "empty texts in pieces": (n) => repeated([0x45], [3, 0], n, [1]),
    "OPAQUE and text in turn": (n) => repeated([0x45], [3, 0x61, 0, 0xc3, 1, 0], n / 2, [1]),
    "siblings": (n) => repeated([0x45], [0x13], n, [1]),
    "changes of page": (n) => repeated([], [0, 1], n, [0, 0, 5]),
    "unknown elements": (n) => repeated([0x45, 0, 0xfe], [5], n, [1]),
    "a long text": (n) => repeated([0x45, 3], [0xc3, 0xa4], n, [0, 1]),
    "a long text of no UTF-8": (n) => repeated([0x45, 3], [0xe4], n, [0, 1]),
    "texts without end": (n) => repeated([0x45], [0x4b, 3, 0x61, 0, 1], n / 4, [0x4b, 3, 0x61]),
  };
  function repeated(start: number[], part: number[], times: number, end: number[]): Uint8Array {
    const bytes = new Uint8Array(4 + start.length + Math.floor(times) * part.length + end.length);
    bytes.set([...header, ...start]);
    for (let i = 0; i < Math.floor(times); i++) bytes.set(part, 4 + start.length + i * part.length);
    bytes.set(end, bytes.length - end.length);
    return bytes;
  }
  /** The best of several, in processor time: what else the machine does must not count. */
  function time(bytes: Uint8Array): number {
    return Math.min(...Array.from({ length: 5 }, () => {
      const start = process.cpuUsage();
      survives(bytes);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    }));
  }
  for (const [what, make] of Object.entries(hostile)) {
    test(what, () => {
      const few = make(20_000), many = make(320_000);
      time(few);
      // Linear is a factor of 16, quadratic one of 256. A millisecond is the noise of the clock.
      const ratio = time(many) / (time(few) + 1);
      assert.ok(ratio < 64, `16 times the size took ${ratio.toFixed(1)} times as long`);
    });
  }
});
