import assert from "node:assert/strict";
import { test } from "node:test";
import PostalMime from "postal-mime";
import { makeBounce } from "./bounce.ts";
import { type Entry, failedRecipient } from "./entry.ts";

const entry = (head: string): Entry => ({
  id: 1,
  accountId: 1,
  sender: "anna@example.test",
  head: new TextEncoder().encode(head),
  size: 100,
  saveSent: false,
  created: Date.UTC(2026, 2, 1, 12),
  rounds: 1,
  warned: false,
});

async function parsed(head: string, address: string, status = "5.1.1", diagnostic = "550 gone") {
  const bounce = await makeBounce({
    entry: entry(head),
    action: "failed" as const,
    about: [failedRecipient(address, status, diagnostic)],
    name: "mail.example.test",
    remote: "relay.test",
    now: Date.UTC(2026, 2, 1, 13),
  });
  return { raw: new TextDecoder().decode(bounce), mail: await PostalMime.parse(bounce) };
}

test("makeBounce() shows the subject as people read it", async () => {
  const { mail } = await parsed("Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n\r\n", "x@far.test");
  assert.equal(mail.subject, "Not delivered: Grüße");
  assert.match(mail.text!, /Your message "Grüße" of Sun, 01 Mar 2026 12:00:00 \+0000/);
});

test("makeBounce() carries the three parts of RFC 3464, in ASCII fields", async () => {
  const { raw } = await parsed("A: 1\r\n\r\n", "jörg@far.test", "5.1.1", "550 schön\r\nX: 1");
  assert.match(raw, /^Reporting-MTA: dns; mail\.example\.test\r$/m);
  assert.match(raw, /^Final-Recipient: utf-8; j\\x\{F6\}rg@far\.test\r$/m);
  assert.match(raw, /^Diagnostic-Code: smtp; 550 sch\?n\?\?X: 1\r$/m);
  assert.match(raw, /^Content-Type: text\/rfc822-headers\r$/m);
});

test("makeBounce() of a message without headers, or with very many, is still a bounce", async () => {
  assert.equal((await parsed("\r\n", "x@far.test")).mail.subject, "Not delivered:");
  const many = "X-Long: y\r\n".repeat(10_000) + "\r\n";
  assert.ok((await parsed(many, "x@far.test")).raw.length < 100_000);
});

test("makeBounce() gives advice that fits the reason", async () => {
  const text = async (status: string) =>
    (await parsed("A: 1\r\n\r\n", "x@far.test", status)).mail.text!;
  assert.match(await text("5.1.1"), /check the address/);
  assert.match(await text("5.3.4"), /smaller attachments/);
  assert.match(await text("5.4.4"), /\[mailbox\.relay\]/);
  assert.match(await text("4.4.2"), /ask before you send/);
  assert.match(await text("4.4.1"), /tried for a long time/);
  assert.match(await text("5.7.1"), /refuses it for good/);
});
