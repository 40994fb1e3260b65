import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "../../tests/kit.ts";
import {
  account,
  accountsOf,
  chunks,
  type KeepingBackend,
  keepingBackend,
} from "../../tests/kit_mailbox.ts";
import { collect } from "./bytes.ts";
import { makeDelivery, tokenFor } from "./delivery.ts";

const anna = account(1, "anna@example.test");
const ben = account(2, "ben@example.test");

function delivering(backend: KeepingBackend) {
  return makeDelivery({
    accounts: () => accountsOf(anna, ben),
    backend: () => backend,
    clock: fakeClock(),
    name: () => "mail.example.test",
  });
}

for (const deliver of [true, false]) {
  const kind = deliver ? "all inboxes at once" : "one mailbox at a time";
  test(`deliver() stores once per token and recipient (a backend that takes ${kind})`, async () => {
    const backend = keepingBackend({ deliver });
    const delivery = delivering(backend);
    const message = "Subject: x\r\n\r\n" + "y".repeat(5000);
    await delivery.deliver(chunks(message), { from: "s@x.test", to: [anna] }, "1");
    await delivery.deliver(chunks(message), { from: "s@x.test", to: [anna, ben, anna] }, "1");
    assert.equal(backend.texts(1, "inbox").length, 1);
    assert.equal(backend.texts(2, "inbox").length, 1);
    assert.ok(backend.texts(2, "inbox")[0]!.endsWith(message));
  });

  test(`deliver() fails where storing fails (a backend that takes ${kind})`, async () => {
    const backend = keepingBackend({ deliver });
    backend.fail = new Error("full");
    const envelope = { from: "s@x.test", to: [anna, ben] };
    await assert.rejects(
      delivering(backend).deliver(chunks("A: 1\r\n\r\n"), envelope, "1"),
      /full/,
    );
  });
}

test("deliver() writes nothing that a client could smuggle into a header", async () => {
  const backend = keepingBackend();
  await delivering(backend).deliver(chunks("A: 1\r\n\r\n"), {
    from: "s@x.test>\r\nX-Evil: 1",
    to: [anna],
    via: { protocol: "ESMTP", client: "c\r\nX-Evil: 2", remote: "::1", recipient: "a\nX-Evil: 3" },
  }, "1");
  assert.doesNotMatch(backend.texts(1, "inbox")[0]!, /^X-Evil/m);
});

test("tokenFor() leaves the message as it is", async () => {
  const message = "Received: x\r\nMessage-ID: <1>\r\nFrom: a@b.test\r\n\r\nbody";
  const { mime } = await tokenFor(chunks(message, 3), "");
  assert.equal(new TextDecoder().decode(await collect(mime)), message);
});

test("tokenFor() tells stamped messages apart by their head and their sender", async () => {
  const stamped = "Received: x\r\nMessage-ID: <1>\r\nFrom: a@b.test\r\n\r\nbody";
  const token = async (message: string, from: string) =>
    (await tokenFor(chunks(message), from)).token;
  assert.equal(await token(stamped, "a"), await token(stamped, "a"));
  assert.notEqual(await token(stamped, "a"), await token(stamped, "b"));
  assert.notEqual(await token(stamped, "a"), await token(stamped.replace("<1>", "<2>"), "a"));
  const bare = "From: a@b.test\r\n\r\nbody";
  assert.notEqual(await token(bare, "a"), await token(bare, "a"));
});
