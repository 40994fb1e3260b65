// SendMail through the real mailbox: what one account sends, another one receives.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Account } from "../../../core/mod.ts";
import { testApp } from "../../../tests/kit_app.ts";
import { documentOf, easRequest } from "../../../tests/kit_eas.ts";
import { type Item, mailboxes } from "../../mailbox/api.ts";
import mailbox from "../../mailbox/plugin.ts";
import smartsync from "../../smartsync/plugin.ts";
import { el } from "../api.ts";
import eas from "../plugin.ts";

async function program() {
  const app = await testApp({ plugins: [mailbox, eas, smartsync] });
  const anna = await app.addAccount({ address: "anna@example.org", name: "Anna Berg" });
  const bert = await app.addAccount({ address: "bert@example.org" });
  /** The mails in a folder of an account. */
  const mails = async (account: Account, role: string): Promise<Item[]> => {
    const box = app.host("eas").one(mailboxes).open(account);
    const { changes } = await box.folders(undefined);
    const folder = changes.find((change) => change.folder?.role === role)!.id;
    const { items } = await box.list(folder, {}, 10);
    return await Array.fromAsync(box.read(items.map(({ id }) => id), { text: 1000 }));
  };
  return { app, anna, bert, mails };
}

const compose = (clientId: string, ...lines: string[]) =>
  el(
    "ComposeMail:SendMail",
    el("ComposeMail:ClientId", clientId),
    el("ComposeMail:SaveInSentItems"),
    el("ComposeMail:Mime", new TextEncoder().encode(lines.join("\r\n"))),
  );

test("a message to another account arrives once, and is kept in Sent", async () => {
  const { app, anna, bert, mails } = await program();
  const body = compose("1", "To: bert@example.org", "Subject: Lunch?", "", "At noon");
  const response = await app.fetch(easRequest("SendMail", { body }));
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
  const repeat = await documentOf(await app.fetch(easRequest("SendMail", { body })));
  assert.equal(repeat.textOf("ComposeMail:Status"), "118");
  const [mail, ...others] = await mails(bert, "inbox");
  assert.equal(others.length, 0);
  assert.equal(mail?.mail?.subject, "Lunch?");
  assert.deepEqual(mail?.mail?.from, [{ name: "Anna Berg", address: "anna@example.org" }]);
  assert.match(mail?.mail?.messageId ?? "", /@example\.org$/);
  assert.equal(mail?.mail?.sent, app.clock.now());
  assert.equal(mail?.mail?.text?.content.trim(), "At noon");
  const [sent] = await mails(anna, "sent");
  assert.equal(sent?.mail?.subject, "Lunch?");
  assert.equal(sent?.state.marks.read, true);
  await app.stop();
});

test("a blind copy arrives, and nobody but the sender sees to whom it went", async () => {
  const { app, anna, bert, mails } = await program();
  const carla = await app.addAccount({ address: "carla@example.org" });
  const body = compose("2", "To: bert@example.org", "Bcc: carla@example.org", "", "psst");
  await app.fetch(easRequest("SendMail", { body }));
  for (const account of [bert, carla]) {
    const [mail] = await mails(account, "inbox");
    assert.deepEqual(mail?.mail?.bcc, []);
  }
  const [sent] = await mails(anna, "sent");
  assert.deepEqual(sent?.mail?.bcc.map(({ address }) => address), ["carla@example.org"]);
  await app.stop();
});

test("nobody writes under another's name", async () => {
  const { app, bert, mails } = await program();
  const body = compose("3", "From: Boss <bert@example.org>", "To: bert@example.org", "", "Obey");
  await app.fetch(easRequest("SendMail", { body }));
  const [mail] = await mails(bert, "inbox");
  assert.equal(mail?.mail?.from[0]?.address, "anna@example.org");
  await app.stop();
});
