// Whole mails, and the stub that stands for one.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Mail } from "../../mailbox/api.ts";
import { ann, broken, holding, sample, shown } from "./_sample.ts";
import { mailItem } from "./mail_item.ts";
import { noOptions } from "./options.ts";

const call = { version: "14.1", account: ann, mailbox: holding("") } as const;

test("mailItem() puts the body among the fields", () => {
  const { fields, problem } = mailItem(sample(), noOptions, call);
  assert.equal(problem, undefined);
  assert.ok(fields.map(shown).includes("Body(Type=1 EstimatedDataSize=10 Data=At noon?\r\n)"));
});

test("mailItem() tells why an item went out as a stub", () => {
  assert.equal(mailItem(broken, noOptions, call).problem, "The message ends in its header");
});

test("a mail on which the conversion itself fails becomes a stub", () => {
  const trap = {
    ...sample(),
    mail: {
      ...sample().mail!,
      get subject(): string {
        throw new Error("a bug");
      },
    } satisfies Mail,
  };
  const { fields, problem } = mailItem(trap, noOptions, call);
  assert.equal(problem, "a bug");
  assert.ok(fields.some(({ tag }) => tag === "AirSyncBase:Attachments"));
});

test("an empty body has no part of its own in a multipart answer", () => {
  const part = (text: Mail["text"]) =>
    mailItem(sample({ text }), noOptions, call, 1).fields.map(shown).find((f) =>
      f.startsWith("Body")
    );
  assert.equal(part(undefined), "Body(Type=1 EstimatedDataSize=0)");
  assert.equal(
    part({ content: "x", size: 1, truncated: false }),
    "Body(Type=1 EstimatedDataSize=1 Part=1)",
  );
});
