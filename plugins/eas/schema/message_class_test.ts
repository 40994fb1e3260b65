// Message classes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sample } from "./_sample.ts";
import { isSmime, messageClass } from "./message_class.ts";

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

test("isSmime() holds for signed and encrypted mail only", () => {
  assert.equal(isSmime(sample({ contentType: "application/pkcs7-mime" }).mail!), true);
  assert.equal(isSmime(sample().mail!), false);
});
