// Attachments and their references.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attachment } from "../../mailbox/api.ts";
import { broken, sample, shown } from "./_sample.ts";
import {
  attachmentReference,
  attachmentsElement,
  fileReference,
  parseFileReference,
} from "./attachments.ts";

const picture: Attachment = {
  part: "1.2",
  name: "Grüße.png",
  type: "image/png",
  size: 1234,
  contentId: "p1@example.com",
  contentLocation: undefined,
  inline: true,
  embedded: false,
};
const bare = { ...picture, contentId: undefined, inline: false };
const list = (...attachments: Attachment[]) =>
  shown(attachmentsElement(sample({ attachments }), "14.1")!);

test("a file reference comes back as the part it was made from", () => {
  for (const item of ["i1", "a".repeat(60), "x:1.2_3-4"]) {
    for (const part of ["", "1", "1.2.3", "TEXT"]) {
      const reference = fileReference({ item, part });
      assert.match(reference, /^[\w-]{1,256}$/);
      assert.deepEqual(parseFileReference(reference), { item, part });
    }
  }
});

test("in a draft, another file at the same place has another reference", () => {
  const { id, state } = sample({});
  const draft = { id, state: { ...state, marks: { ...state.marks, draft: true } } };
  const references = [picture, { ...picture, name: "Other.png" }, { ...picture, size: 1 }]
    .map((file) => attachmentReference(draft, file));
  assert.equal(new Set(references).size, 3);
  for (const reference of references) {
    assert.deepEqual(parseFileReference(reference), { item: id, part: "1.2" });
  }
  assert.equal(attachmentReference(draft, { ...picture }), references[0]);
  assert.equal(
    attachmentReference({ id, state }, picture),
    fileReference({ item: id, part: "1.2" }),
  );
});

test("parseFileReference() refuses what was not made here", () => {
  const wrong = [
    "",
    "x",
    "i1/1",
    "../../etc/passwd",
    "aTE",
    `${fileReference({ item: "i", part: "1" })}=`,
  ];
  const strange = ["i1/1/2", "i 1/1", "/1", "i1/../2", `${"i".repeat(61)}/1`, "i1/1\n"];
  for (const text of [...wrong, ...strange.map((plain) => btoa(plain).replace(/=+$/, ""))]) {
    assert.equal(parseFileReference(text), undefined, text);
  }
  assert.equal(parseFileReference("A".repeat(100_000)), undefined);
});

test("an inline picture has its content id", () => {
  assert.equal(
    list(picture),
    "Attachments(Attachment(DisplayName=Grüße.png FileReference=aTEvMS4y Method=1 " +
      "EstimatedDataSize=1234 ContentId=p1@example.com IsInline=1))",
  );
});

test("an embedded message has method 5 and a name that says so", () => {
  const message = { ...bare, type: "message/rfc822", embedded: true };
  assert.match(list({ ...message, name: "Re: Lunch" }), /DisplayName=Re: Lunch\.eml .* Method=5 /);
  assert.match(list({ ...message, name: "a.EML" }), /DisplayName=a\.EML /);
  assert.match(list({ ...message, name: "" }), /DisplayName=message\.eml /);
});

test("an attachment without a name gets one by its part and type", () => {
  assert.match(list({ ...bare, name: "" }), /DisplayName=attachment-1\.2\.png /);
  assert.match(list({ ...bare, name: " \r\n", type: "x/y" }), /DisplayName=attachment-1\.2\.bin /);
});

test("names are clean, sizes whole numbers", () => {
  assert.match(list({ ...bare, name: "a\0b\r\nc", size: 10.6 }), /DisplayName=ab c .*Size=11\)/);
});

test("no attachments, no element", () => {
  assert.equal(attachmentsElement(sample(), "14.1"), undefined);
});

test("a message that cannot be read is attached as it arrived", () => {
  const reference = fileReference({ item: "i1", part: "" });
  assert.equal(
    shown(attachmentsElement(broken, "14.1")!),
    `Attachments(Attachment(DisplayName=message.eml FileReference=${reference} Method=1))`,
  );
});

test("2.5 has a name in place of the reference, and nothing about places in HTML", () => {
  const legacy = (...attachments: Attachment[]) =>
    shown(attachmentsElement(sample({ attachments }), "2.5")!);
  assert.equal(
    legacy(picture),
    "Attachments(Attachment(AttName=aTEvMS4y AttSize=1234 AttMethod=1 DisplayName=Grüße.png))",
  );
  const message = { ...bare, type: "message/rfc822", embedded: true };
  assert.match(legacy(message, bare), /AttMethod=5 .*AttMethod=1 /);
  assert.equal(attachmentsElement(sample(), "2.5"), undefined);
  assert.equal(
    shown(attachmentsElement(broken, "2.5")!),
    `Attachments(Attachment(AttName=${fileReference({ item: "i1", part: "" })} AttMethod=1 ` +
      "DisplayName=message.eml))",
  );
});
