// Message classes.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Meeting } from "../../mailbox/api.ts";
import { sample } from "./_sample.ts";
import { contentClass, isSmime, messageClass } from "./message_class.ts";

const classOf = (contentType: string, contentTypeParameters: Record<string, string> = {}) =>
  messageClass(sample({ contentType, contentTypeParameters }).mail!);

test("messageClass() tells signed and encrypted mail, and reports", () => {
  assert.equal(classOf("text/plain"), "IPM.Note");
  assert.equal(
    classOf("multipart/signed", { protocol: "application/pkcs7-signature" }),
    "IPM.Note.SMIME.MultipartSigned",
  );
  assert.equal(
    classOf("multipart/signed", { protocol: "application/x-PKCS7-signature" }),
    "IPM.Note.SMIME.MultipartSigned",
  );
  assert.equal(classOf("multipart/signed", { protocol: "application/pgp-signature" }), "IPM.Note");
  assert.equal(classOf("application/pkcs7-mime"), "IPM.Note.SMIME");
  assert.equal(
    classOf("application/x-pkcs7-mime", { "smime-type": "signed-data" }),
    "IPM.Note.SMIME",
  );
  assert.equal(classOf("application/pkcs7-mime", { "smime-type": "certs-only" }), "IPM.Note");
  assert.equal(
    classOf("multipart/report", { "report-type": "delivery-status" }),
    "REPORT.IPM.NOTE.NDR",
  );
  assert.equal(
    classOf("multipart/report", { "report-type": "disposition-notification" }),
    "REPORT.IPM.NOTE.IPNRN",
  );
  assert.equal(classOf("multipart/report", { "report-type": "feedback-report" }), "IPM.Note");
  assert.equal(classOf("text/calendar", { method: "REQUEST" }), "IPM.Note");
});

test("messageClass() tells what a meeting is answered with, and contentClass() that it is one", () => {
  const classes = (meeting: Omit<Meeting, "part">) => {
    const mail = sample({ meeting: { part: "1.2", ...meeting } }).mail!;
    return [messageClass(mail), contentClass(mail)];
  };
  const about = "urn:content-classes:calendarmessage";
  const reply = (answer: Meeting["answer"] & string) => classes({ method: "reply", answer });
  assert.deepEqual(reply("accepted"), ["IPM.Schedule.Meeting.Resp.Pos", about]);
  assert.deepEqual(reply("declined"), ["IPM.Schedule.Meeting.Resp.Neg", about]);
  assert.deepEqual(reply("tentative"), ["IPM.Schedule.Meeting.Resp.Tent", about]);
  // Without a calendar nobody can do anything about these.
  for (const method of ["request", "cancel", "reply", "publish"]) {
    assert.deepEqual(classes({ method }), ["IPM.Note", "urn:content-classes:message"]);
  }
  assert.equal(contentClass(undefined), "urn:content-classes:message");
});

test("a signed answer to a meeting is a signed mail before all", () => {
  const meeting = { part: "1", method: "reply", answer: "accepted" } as const;
  const mail = sample({ contentType: "application/pkcs7-mime", meeting }).mail!;
  assert.equal(messageClass(mail), "IPM.Note.SMIME");
});

test("isSmime() holds for signed and encrypted mail only", () => {
  assert.equal(isSmime(sample({ contentType: "application/pkcs7-mime" }).mail!), true);
  assert.equal(isSmime(sample().mail!), false);
});
