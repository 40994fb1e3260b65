// How fast the codec is, against JSON.parse and JSON.stringify of the same tree in the same run.
import { decode, el, type Element, encode } from "../../plugins/eas/wbxml/mod.ts";
import { seededRandom } from "../kit.ts";
import { type BenchResult, median } from "./result.ts";

const rounds = 40;

/** Decode and encode of a 1 MB Sync answer with mail bodies; and of one with small tags only. */
export async function benchWbxml(): Promise<BenchResult[]> {
  return [
    ...await measure("1 MB Sync, mail with bodies", syncAnswer(1_000_000, [1024, 5120]), 3),
    ...await measure("1 MB Sync, small tags only", syncAnswer(1_000_000, undefined), 3),
  ];
}

/** A Sync answer as phones get it, of about `size` bytes; bodies have between `body` bytes. */
export function syncAnswer(size: number, body: [least: number, most: number] | undefined): Element {
  const random = seededRandom(7);
  const adds: Element[] = [];
  for (let sum = 0; sum < size;) {
    const length = body === undefined ? 0 : Math.floor(body[0] + random() * (body[1] - body[0]));
    const add = message(adds.length, length, random);
    sum += encode(add).length;
    adds.push(add);
  }
  return el(
    "AirSync:Sync",
    el(
      "AirSync:Collections",
      el(
        "AirSync:Collection",
        el("AirSync:SyncKey", "{5f3c8a}17"),
        el("AirSync:CollectionId", "5"),
        el("AirSync:Status", 1),
        el("AirSync:MoreAvailable"),
        el("AirSync:Commands", ...adds),
      ),
    ),
  );
}

function message(n: number, length: number, random: () => number): Element {
  const day = String(1 + Math.floor(random() * 28)).padStart(2, "0");
  return el(
    "AirSync:Add",
    el("AirSync:ServerId", `5:${100_000 + n}`),
    el(
      "AirSync:ApplicationData",
      el("Email:To", `"Ada Lovelace" <ada@example.org>`),
      el("Email:From", `"${n % 7 === 0 ? "Zoë Müller" : "Grace Hopper"}" <g${n}@example.org>`),
      el("Email:Subject", `Minutes of the meeting no. ${n}`),
      el("Email:DateReceived", `2026-03-${day}T09:30:00.000Z`),
      el("Email:DisplayTo", "Ada Lovelace"),
      el("Email:ThreadTopic", "Minutes of the meeting"),
      el("Email:Importance", 1),
      el("Email:Read", n % 3 === 0),
      el("Email:MessageClass", "IPM.Note"),
      el("Email:InternetCPID", 65001),
      el("Email:Flag"),
      el("Email:ContentClass", "urn:content-classes:message"),
      el("Email2:ConversationId", new TextEncoder().encode(`conversation${1000 + n % 50}`)),
      el("Email2:ConversationIndex", new TextEncoder().encode("index")),
      el("AirSyncBase:NativeBodyType", 2),
      bodyOf(length, random),
    ),
  );
}

function bodyOf(length: number, random: () => number): Element {
  let text = "";
  while (text.length < length) text += sentences[Math.floor(random() * sentences.length)];
  return el(
    "AirSyncBase:Body",
    el("AirSyncBase:Type", 1),
    el("AirSyncBase:EstimatedDataSize", length),
    length > 0 && el("AirSyncBase:Data", text),
  );
}

const sentences = [
  "The minutes of yesterday are attached; please read them before Thursday.\r\n",
  "Shall we meet at nine? The room on the second floor is free.\r\n\r\n",
  "> On Monday Grace wrote:\r\n> I have put the figures into the table.\r\n",
  "Kind regards, Zoë\r\n",
  "As agreed we shall ship on Friday, unless the tests say otherwise. ",
];

async function measure(name: string, tree: Element, limit: number): Promise<BenchResult[]> {
  const bytes = encode(tree);
  const json = JSON.stringify(tree);
  const works = {
    decode: () => decode(bytes),
    parse: () => JSON.parse(json),
    encode: () => encode(tree),
    stringify: () => JSON.stringify(tree),
  };
  const times = await interleaved(works);
  const detail = (ours: keyof typeof works, theirs: keyof typeof works) =>
    `${times[ours].toFixed(2)} ms / ${times[theirs].toFixed(2)} ms, ${bytes.length} bytes`;
  return [{
    name: `WBXML decode / JSON.parse: ${name}`,
    ratio: times.decode / times.parse,
    limit,
    detail: detail("decode", "parse"),
  }, {
    name: `WBXML encode / JSON.stringify: ${name}`,
    ratio: times.encode / times.stringify,
    limit,
    detail: detail("encode", "stringify"),
  }];
}

/** Runs all works in turn, many times; the median of each in milliseconds. */
async function interleaved<K extends string>(works: Record<K, () => unknown>) {
  const names = Object.keys(works) as K[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    K,
    number[]
  >;
  for (let round = -rounds / 2; round < rounds; round++) { // the first ones warm up
    for (const name of names) {
      const start = performance.now();
      works[name]();
      if (round >= 0) times[name].push(performance.now() - start);
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<K, number>;
}
