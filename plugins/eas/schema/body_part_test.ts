// The part of a body that is the message's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { broken, htmlSample, sample, shown } from "./_sample.ts";
import { wantedOf } from "./body.ts";
import { bodyPart } from "./body_part.ts";
import { noOptions } from "./options.ts";

const html = `<div>Yes, at noon.</div><blockquote type="cite">At noon?</blockquote>`;
const reply = htmlSample(html, { inReplyTo: ["m1@example.com"] });

test("bodyPart() is the reply as HTML, without what it answers", () => {
  assert.equal(
    shown(bodyPart(reply, { type: 2 })),
    "BodyPart(Status=1 Type=2 EstimatedDataSize=24 Data=<div>Yes, at noon.</div>)",
  );
  assert.equal(
    shown(bodyPart(sample(), { type: 2 })),
    `BodyPart(Status=1 Type=2 EstimatedDataSize=40 Data=<html><body>At noon?<br>\r\n</body></html>)`,
  );
});

test("bodyPart() cuts, or brings nothing where the device wants all or nothing", () => {
  assert.equal(
    shown(bodyPart(reply, { type: 2, truncationSize: 8 })),
    "BodyPart(Status=1 Type=2 EstimatedDataSize=24 Truncated=1 Data=<div>Yes)",
  );
  const none = "BodyPart(Status=1 Type=2 EstimatedDataSize=24 Truncated=1)";
  assert.equal(shown(bodyPart(reply, { type: 2, truncationSize: 8, allOrNone: true })), none);
  assert.equal(shown(bodyPart(reply, { type: 2, truncationSize: 0 })), none);
});

test("bodyPart() previews the own part", () => {
  assert.equal(
    shown(bodyPart(reply, { type: 2, truncationSize: 0, preview: 7 })),
    "BodyPart(Status=1 Type=2 EstimatedDataSize=24 Truncated=1 Preview=Yes, at)",
  );
});

test("bodyPart() says 176 of a message that was too large to be read whole", () => {
  const text = { content: html, size: 2_000_000, truncated: true };
  const part = bodyPart(htmlSample(html, { html: text, inReplyTo: ["m1"] }), {
    type: 2,
    preview: 9,
  });
  assert.equal(shown(part), "BodyPart(Status=176 Type=2 EstimatedDataSize=2000000 Truncated=1)");
});

test("bodyPart() of a message that cannot be shown says so", () => {
  assert.match(shown(bodyPart(broken, { type: 2 })), /Status=1 .*could not be prepared/);
});

test("wantedOf() brings a part whole beside whatever the body needs", () => {
  const of = (
    bodyPreferences: Parameters<typeof wantedOf>[0]["bodyPreferences"],
    mimeSupport = 0,
  ) =>
    wantedOf({
      ...noOptions,
      mimeSupport: mimeSupport as 0 | 2,
      bodyPreferences,
      bodyPart: { type: 2 },
    });
  const whole = 1 << 20;
  assert.deepEqual(of([]), { text: whole, html: whole, preview: false });
  assert.deepEqual(of([{ type: 1, truncationSize: 10 }]), {
    text: whole,
    html: whole,
    preview: false,
  });
  assert.deepEqual(of([{ type: 2, truncationSize: 10 }]), {
    text: whole,
    html: whole,
    enough: "html",
    preview: false,
  });
  assert.deepEqual(of([{ type: 4 }], 2), {
    text: whole,
    html: whole,
    enough: "html",
    preview: false,
  });
  const most = Number.MAX_SAFE_INTEGER;
  assert.deepEqual(of([{ type: 2 }]), { text: most, html: most, enough: "html", preview: false });
});
