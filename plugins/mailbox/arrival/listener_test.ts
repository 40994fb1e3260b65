import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { test } from "node:test";
import { createTransport } from "nodemailer";
import { StorageError } from "../../../core/mod.ts";
import { fakeClock } from "../../../tests/kit.ts";
import { account, accountsOf, keepingBackend, keptLog } from "../../../tests/kit_mailbox.ts";
import { makeDelivery } from "../delivery.ts";
import { listenForMail } from "./listener.ts";

const anna = account(1, "anna@example.test", { aliases: ["info@example.test"] });
const ben = account(2, "ben@example.test");
const away = account(3, "away@example.test", { disabled: true });

async function listening(protocol: "lmtp" | "smtp", maxSize = 100_000) {
  const backend = keepingBackend();
  const delivery = makeDelivery({
    accounts: () => accountsOf(anna, ben, away),
    backend: () => backend,
    clock: fakeClock(),
    name: () => "mail.example.test",
  });
  const log = keptLog();
  const listener = await listenForMail({
    protocol,
    hostname: "127.0.0.1",
    port: 0,
    name: "mail.example.test",
    maxSize,
    delivery,
    log,
  });
  const client = createTransport({
    host: "127.0.0.1",
    port: listener.port,
    ignoreTLS: true,
    name: "client.test",
    ...(protocol === "lmtp" && { lmtp: true }),
  });
  // An LMTP server answers for each recipient, so a refusal comes in the result.
  async function send(to: string[], raw: string, from = "sender@elsewhere.test") {
    const result = await client.sendMail({ envelope: { from, to }, raw });
    for (const error of result.rejectedErrors ?? []) throw error;
  }
  return { backend, listener, send };
}

/** What somebody reads who speaks to the server by hand. */
function converse(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1");
    let heard = "";
    let at = 0;
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("close", () => resolve(heard));
    socket.on("data", (text) => {
      heard += text;
      if (/^\d{3} .*\r\n$/m.test(heard.slice(heard.lastIndexOf("\n", heard.length - 2) + 1))) {
        const line = lines[at++];
        if (line === undefined) socket.end();
        else socket.write(line + "\r\n");
      }
    });
  });
}

test("SMTP delivers to a local account, with trace lines on top and the rest untouched", async () => {
  const { backend, listener, send } = await listening("smtp");
  const raw = "Subject: hi\r\n\r\n.dot\r\nend\r\n";
  await send(["Anna+list@example.test"], raw);
  await listener.close();
  const [text] = backend.texts(1, "inbox");
  assert.match(
    text!,
    new RegExp(
      "^Return-Path: <sender@elsewhere.test>\r\n" +
        "Delivered-To: Anna\\+list@example.test\r\n" +
        "Received: from client.test \\(\\[127.0.0.1\\]\\)\r\n" +
        "\tby mail.example.test with ESMTP id [0-9a-f]{12}\r\n" +
        "\tfor <Anna\\+list@example.test>;\r\n" +
        "\tSun, 01 Mar 2026 12:00:00 \\+0000\r\n",
    ),
  );
  assert.ok(text!.endsWith("\r\n" + raw));
});

test("SMTP names no recipient where there are several", async () => {
  const { backend, listener, send } = await listening("smtp");
  await send(["anna@example.test", "ben@example.test"], "Subject: hi\r\n\r\nx\r\n");
  await listener.close();
  for (const id of [1, 2]) {
    assert.equal(backend.texts(id, "inbox").length, 1);
    assert.doesNotMatch(backend.texts(id, "inbox")[0]!, /anna@|ben@/);
  }
});

test("SMTP refuses to relay, with 550 5.1.1, and says nothing of login or TLS", async () => {
  const { backend, listener } = await listening("smtp");
  const heard = await converse(listener.port, [
    "EHLO client.test",
    "MAIL FROM:<sender@elsewhere.test>",
    "RCPT TO:<someone@elsewhere.test>",
    "DATA",
    "QUIT",
  ]);
  await listener.close();
  assert.match(heard, /^550 5\.1\.1 No such recipient here: someone@elsewhere\.test\r$/m);
  assert.match(heard, /^503 /m);
  assert.match(heard, /^250[- ]SIZE 100000\r$/m);
  assert.match(heard, /^250[- ]8BITMIME\r$/m);
  assert.match(heard, /^250[- ]SMTPUTF8\r$/m);
  assert.doesNotMatch(heard, /AUTH|STARTTLS/);
  assert.deepEqual(backend.kept, []);
});

test("SMTP asks to come back for a disabled account", async () => {
  const { listener, send } = await listening("smtp");
  await assert.rejects(
    send(["away@example.test"], "Subject: x\r\n\r\n"),
    (error: { responseCode?: number }) => error.responseCode === 450,
  );
  await listener.close();
});

test("SMTP refuses by the announced SIZE, before the data", async () => {
  const { listener } = await listening("smtp", 2000);
  const heard = await converse(listener.port, [
    "EHLO client.test",
    "MAIL FROM:<s@elsewhere.test> SIZE=2001",
    "QUIT",
  ]);
  await listener.close();
  assert.match(heard, /^552 5\.3\.4 /m);
});

for (const protocol of ["smtp", "lmtp"] as const) {
  test(`${protocol} refuses a message that turns out too large, and stores nothing of it`, async () => {
    const { backend, listener, send } = await listening(protocol, 20_000);
    await assert.rejects(
      send(["anna@example.test"], "Subject: x\r\n\r\n" + "long\r\n".repeat(60_000)),
      (error: { responseCode?: number; response?: string }) =>
        error.responseCode === 552 && /5\.3\.4/.test(error.response ?? ""),
    );
    assert.deepEqual(backend.kept, []);
    await send(["anna@example.test"], "Subject: small\r\n\r\n");
    assert.equal(backend.kept.length, 1);
    await listener.close();
  });

  test(`${protocol} answers 451 when the store is in trouble, and takes the retry`, async () => {
    const { backend, listener, send } = await listening(protocol);
    backend.fail = new StorageError("full", "disk full");
    await assert.rejects(
      send(["anna@example.test"], "Subject: x\r\n\r\nbody\r\n"),
      (error: { responseCode?: number; response?: string }) =>
        error.responseCode === 451 && !/disk full/.test(error.response ?? ""),
    );
    backend.fail = undefined;
    await send(["anna@example.test"], "Subject: x\r\n\r\nbody\r\n");
    assert.equal(backend.kept.length, 1);
    await listener.close();
  });
}

test("LMTP answers for each recipient", async () => {
  const { backend, listener } = await listening("lmtp");
  const heard = await converse(listener.port, [
    "LHLO client.test",
    "MAIL FROM:<>",
    "RCPT TO:<anna@example.test>",
    "RCPT TO:<nobody@example.test>",
    "RCPT TO:<ben@example.test>",
    "DATA",
    "Subject: x\r\n\r\nbody\r\n.",
    "QUIT",
  ]);
  await listener.close();
  assert.match(heard, /^550 5\.1\.1 No such recipient here: nobody@example\.test\r$/m);
  assert.match(heard, /^250 \S+ OK: delivered to anna@example\.test\r$/m);
  assert.match(heard, /^250 \S+ OK: delivered to ben@example\.test\r$/m);
  assert.match(backend.texts(1, "inbox")[0]!, /^Return-Path: <>\r\n/);
});

test("A mail server that repeats a stamped message after a lost answer delivers it once", async () => {
  const { backend, listener, send } = await listening("lmtp");
  const stamped = "Received: from a by b with ESMTP id QUEUE1; Sun, 1 Mar 2026 11:00:00 +0000\r\n" +
    "From: s@elsewhere.test\r\nMessage-ID: <1@elsewhere.test>\r\n\r\nbody\r\n";
  await send(["anna@example.test"], stamped);
  await send(["anna@example.test", "ben@example.test"], stamped);
  await send(["anna@example.test"], stamped.replace("QUEUE1", "QUEUE2"));
  await listener.close();
  assert.equal(backend.texts(1, "inbox").length, 2);
  assert.equal(backend.texts(2, "inbox").length, 1);
});

test("Unstamped messages are never taken for repetitions", async () => {
  const { backend, listener, send } = await listening("smtp");
  await send(["anna@example.test"], "Subject: cron\r\n\r\nsame\r\n");
  await send(["anna@example.test"], "Subject: cron\r\n\r\nsame\r\n");
  await listener.close();
  assert.equal(backend.kept.length, 2);
});

test("A client that goes away in the middle leaves nothing", async () => {
  const { backend, listener } = await listening("smtp");
  const heard = new Promise<void>((resolve) => {
    const socket = createConnection(listener.port, "127.0.0.1");
    const lines = ["EHLO c.test", "MAIL FROM:<a@b.test>", "RCPT TO:<anna@example.test>", "DATA"];
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      if (text.startsWith("354")) socket.end("Subject: half\r\n\r\nthis is not the e");
      else socket.write(`${lines.shift()}\r\n`);
    });
    socket.on("close", () => resolve());
  });
  await heard;
  await listener.close();
  assert.deepEqual(backend.kept, []);
});

test("Closing finishes what is coming in and answers it", async () => {
  const { backend, listener } = await listening("smtp");
  const started = Promise.withResolvers<() => void>();
  const done = new Promise<string>((resolve) => {
    const socket = createConnection(listener.port, "127.0.0.1");
    const lines = ["EHLO c.test", "MAIL FROM:<a@b.test>", "RCPT TO:<anna@example.test>", "DATA"];
    let heard = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      heard += text;
      if (text.startsWith("354")) {
        socket.write("Subject: slow\r\n\r\nfirst half, ");
        started.resolve(() => socket.write("second half\r\n.\r\n"));
      } else if (lines.length > 0) socket.write(`${lines.shift()}\r\n`);
    });
    socket.on("close", () => resolve(heard));
  });
  const finish = await started.promise;
  const closed = listener.close();
  finish();
  assert.match(await done, /^250 .*OK: delivered\r$/m);
  await closed;
  assert.match(backend.texts(1, "inbox")[0]!, /first half, second half/);
});
