// Answers: whole ones with a length, long ones as a stream, failing ones cut off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { fakeClock, settle } from "../../tests/kit.ts";
import { keptLog } from "../../tests/kit_mailbox.ts";
import { el, Flow, Leaf } from "./api.ts";
import { empty, respond, type ResponseOptions, statusDocument, takesGzip } from "./response.ts";
import { decode } from "./wbxml/decode.ts";

const options = (more: Partial<ResponseOptions> = {}): ResponseOptions => ({
  clock: fakeClock(),
  log: keptLog(),
  gzip: false,
  headers: { "X-Test": "1" },
  ...more,
});

async function* texts(count: number, text: string): AsyncIterable<string> {
  for (let i = 0; i < count; i++) yield text;
}

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

test("respond() sends nothing as nothing: length 0 and no type", async () => {
  const response = await respond(undefined, options());
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("Content-Length"), "0");
  assert.equal(response.headers.get("Content-Type"), null);
  assert.equal(response.headers.get("X-Test"), "1");
  assert.equal(await response.text(), "");
});

test("respond() sends a streamed answer of up to 1 MB whole, with its length", async () => {
  const answer = el("AirSync:Sync", el("AirSync:Status", new Leaf(texts(1000, "x".repeat(1000)))));
  const response = await respond(answer, options());
  const bytes = await bytesOf(response);
  assert.equal(response.headers.get("Content-Length"), String(bytes.length));
  assert.equal(decode(bytes).textOf("AirSync:Status")?.length, 1_000_000);
});

test("respond() streams what is longer, and asks for no more than is taken", async () => {
  let made = 0;
  async function* children() {
    for (; made < 10_000; made++) yield el("AirSync:ServerId", "x".repeat(1000));
  }
  const answer = el("AirSync:Sync", el("AirSync:Commands", new Flow(children())));
  const response = await respond(answer, options());
  assert.equal(response.headers.get("Content-Length"), null);
  assert.equal(response.headers.get("Content-Type"), "application/vnd.ms-sync.wbxml");
  assert.ok(made < 1500, `${made} were made before anybody read`);
  const document = decode(await bytesOf(response));
  assert.equal(document.child("AirSync:Commands")?.children.length, 10_000);
});

test("respond() lets flow after a second what is there, and the rest when it comes", async () => {
  const clock = fakeClock();
  let go = () => {};
  const wait = new Promise<void>((resolve) => go = resolve);
  async function* pieces() {
    yield Uint8Array.of(1, 2);
    await wait;
    yield Uint8Array.of(3);
  }
  const responding = respond({ contentType: "x/y", body: pieces() }, options({ clock }));
  await settle();
  await clock.tick(999);
  const early = await Promise.race([responding, settle()]);
  assert.equal(early, undefined);
  await clock.tick(1);
  const response = await responding;
  assert.equal(response.headers.get("Content-Length"), null);
  const reader = response.body!.getReader();
  assert.deepEqual((await reader.read()).value, Uint8Array.of(1, 2));
  go();
  assert.deepEqual((await reader.read()).value, Uint8Array.of(3));
  assert.equal((await reader.read()).done, true);
  assert.equal(clock.pending, 0);
});

test("respond() tells the length of a stream where it is known", async () => {
  async function* pieces() {
    for (let i = 0; i < 40; i++) yield new Uint8Array(65536);
  }
  const response = await respond(
    { contentType: "application/vnd.ms-sync.multipart", body: pieces(), length: 40 * 65536 },
    options(),
  );
  assert.equal(response.headers.get("Content-Length"), String(40 * 65536));
  assert.equal((await bytesOf(response)).length, 40 * 65536);
});

async function* failing(after: number): AsyncIterable<Uint8Array> {
  for (let i = 0; i < after; i++) yield new Uint8Array(65536);
  throw new Error("the disk is gone");
}

test("respond() rejects while nothing was sent, so that a status can still be told", async () => {
  await assert.rejects(respond({ contentType: "x/y", body: failing(2) }, options()), /disk/);
});

test("respond() cuts an answer that fails later, and logs why", async () => {
  const log = keptLog();
  const response = await respond({ contentType: "x/y", body: failing(40) }, options({ log }));
  await assert.rejects(response.arrayBuffer());
  assert.equal(log.lines[0]?.level, "error");
});

test("respond() ends the source when the client goes away", async () => {
  let ended = false;
  async function* pieces() {
    try {
      for (;;) yield new Uint8Array(65536);
    } finally {
      ended = true;
    }
  }
  const response = await respond({ contentType: "x/y", body: pieces() }, options());
  await response.body?.cancel();
  assert.equal(ended, true);
});

test("respond() compresses a document that gains by it, and nothing else", async () => {
  const long = el("AirSync:Sync", el("AirSync:Status", "x".repeat(5000)));
  const response = await respond(long, options({ gzip: true }));
  assert.equal(response.headers.get("Content-Encoding"), "gzip");
  const packed = await bytesOf(response);
  assert.equal(response.headers.get("Content-Length"), String(packed.length));
  assert.equal(decode(new Uint8Array(gunzipSync(packed))).textOf("AirSync:Status")?.length, 5000);
  const others = [
    el("AirSync:Sync", el("AirSync:Status", "1")),
    { contentType: "application/vnd.ms-sync.multipart", body: new Uint8Array(5000) },
  ];
  for (const other of others) {
    const plain = await respond(other, options({ gzip: true }));
    assert.equal(plain.headers.get("Content-Encoding"), null);
  }
  assert.equal((await respond(long, options())).headers.get("Content-Encoding"), null);
});

test("takesGzip() reads Accept-Encoding", () => {
  for (const yes of ["gzip", "deflate, gzip", "GZIP;q=0.5", "br;q=1, gzip ; q=1.0"]) {
    assert.equal(takesGzip(yes), true, yes);
  }
  for (const no of [null, "", "deflate", "gzip;q=0", "gzip; q=0.000", "xgzip"]) {
    assert.equal(takesGzip(no), false, String(no));
  }
});

test("statusDocument() puts the Status of the command's own page below its root", () => {
  const document = decode(statusDocument("FolderHierarchy:FolderSync", 142));
  assert.equal(document.tag, "FolderHierarchy:FolderSync");
  assert.equal(document.textOf("FolderHierarchy:Status"), "142");
});

test("empty() carries a code and headers, and nothing else", async () => {
  const response = empty(449, { "Retry-After": "3" });
  assert.equal(response.status, 449);
  assert.equal(response.headers.get("Retry-After"), "3");
  assert.equal(await response.text(), "");
});
