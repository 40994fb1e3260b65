// Oof through the real mailbox: a phone sets it, and whoever writes is answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testApp } from "../../../../tests/kit_app.ts";
import { documentOf, easRequest } from "../../../../tests/kit_eas.ts";
import { mailboxes } from "../../../mailbox/api.ts";
import mailbox from "../../../mailbox/plugin.ts";
import smartsync from "../../../smartsync/plugin.ts";
import { el } from "../../api.ts";
import eas from "../../plugin.ts";

test("what a phone sets as Oof is what a colleague is answered, once", async () => {
  const app = await testApp({ plugins: [mailbox, eas, smartsync] });
  await app.addAccount({ address: "anna@example.org", name: "Anna Berg" });
  const bert = await app.addAccount({ address: "bert@example.org" });
  const message = el(
    "Settings:OofMessage",
    el("Settings:AppliesToInternal"),
    el("Settings:Enabled", 1),
    el("Settings:ReplyMessage", "Ask Carla"),
    el("Settings:BodyType", "Text"),
  );
  const set = el("Settings:Set", el("Settings:OofState", 1), message);
  const body = el("Settings:Settings", el("Settings:Oof", set));
  const answer = await documentOf(await app.fetch(easRequest("Settings", { body })));
  assert.equal(answer.child("Settings:Oof")?.textOf("Settings:Status"), "1");
  for (const id of ["1", "2"]) {
    const mime = new TextEncoder().encode(`To: anna@example.org\r\nSubject: Lunch ${id}\r\n\r\nHi`);
    const letter = el(
      "ComposeMail:SendMail",
      el("ComposeMail:ClientId", id),
      el("ComposeMail:Mime", mime),
    );
    const sent = await app.fetch(
      easRequest("SendMail", { body: letter, user: bert.address, deviceId: "BERT" }),
    );
    assert.equal(await sent.text(), "");
  }
  const box = app.host("eas").one(mailboxes).open(bert);
  const { changes } = await box.folders(undefined);
  const inbox = changes.find(({ folder }) => folder?.role === "inbox")!.id;
  const { items } = await box.list(inbox, {}, 10);
  const mails = await Array.fromAsync(box.read(items.map(({ id }) => id), { text: 1000 }));
  assert.deepEqual(
    mails.map(({ mail }) => [mail?.from[0]?.name, mail?.subject, mail?.text?.content.trim()]),
    [["Anna Berg", "Auto: Lunch 1", "Ask Carla"]],
  );
  await app.stop();
});
