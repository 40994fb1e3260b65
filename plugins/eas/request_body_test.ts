// Bodies: their limits, and what breaks off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readBody, TooLarge } from "./request_body.ts";

function post(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request("http://test.invalid", {
    method: "POST",
    body,
    headers,
    ...(body instanceof ReadableStream && { duplex: "half" }),
  });
}

/** A body that comes in pieces and says how many of them were asked for, and whether it may stop. */
function pieces(count: number, size: number, error?: Error) {
  let asked = 0;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (asked++ < count) controller.enqueue(new Uint8Array(size).fill(asked));
      else if (error) controller.error(error);
      else controller.close();
    },
    cancel() {
      cancelled = true;
    },
  }, { highWaterMark: 0 });
  return { body, asked: () => asked, isCancelled: () => cancelled };
}

test("readBody() brings what was sent, with a Content-Length and without", async () => {
  assert.deepEqual(await readBody(post(null), 10), new Uint8Array(0));
  const known = post(pieces(3, 4).body, { "Content-Length": "12" });
  const expected = Uint8Array.of(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  assert.deepEqual(await readBody(known, 12), expected);
  assert.deepEqual(await readBody(post(pieces(3, 4).body), 12), expected);
});

test("readBody() refuses one byte more than the limit, declared or counted", async () => {
  for (const headers of [{ "Content-Length": "12" }, {}] as Record<string, string>[]) {
    await assert.rejects(readBody(post(pieces(3, 4).body, headers), 11), TooLarge);
  }
});

test("readBody() takes in what is too large, so that the answer arrives, but not for ever", async () => {
  const twice = pieces(20, 1);
  await assert.rejects(readBody(post(twice.body), 10), TooLarge);
  assert.equal(twice.asked(), 21);
  const endless = pieces(1_000_000, 1);
  await assert.rejects(readBody(post(endless.body), 10), TooLarge);
  assert.ok(endless.asked() < 50, `${endless.asked()}`);
  assert.ok(endless.isCancelled());
});

test("readBody() refuses a body that is not as long as it says", async () => {
  const status = (error: unknown) => (error as { code?: number }).code === 101;
  const short = post(pieces(2, 4).body, { "Content-Length": "12" });
  await assert.rejects(readBody(short, 100), status);
  const long = pieces(1_000_000, 4);
  await assert.rejects(readBody(post(long.body, { "Content-Length": "12" }), 100), status);
  assert.ok(long.isCancelled());
});

test("readBody() tells a body that broke off from a fault of ours", async () => {
  const broken = post(pieces(2, 4, new TypeError("connection lost")).body);
  await assert.rejects(readBody(broken, 100), { name: "Status", code: 101, http: 400 });
});
