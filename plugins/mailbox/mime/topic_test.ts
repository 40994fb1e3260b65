// The subject of a conversation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isReplySubject, threadTopic } from "./topic.ts";

test("what answering and forwarding put in front is left out, in many languages", () => {
  const subjects = [
    "Re: Offer",
    "RE: FW: Offer",
    "AW: WG: Offer",
    "Re[2]: Offer",
    "Re (3): Offer",
    "SV: VS: Offer",
    "TR : Offer",
    "Réf : Offer",
    "RV: RES: ENC: Offer",
    "Antw: Offer",
    "Odp: PD: Offer",
    "回复：Offer",
    "答复: 转发: Offer",
    "Отв: Offer",
    "  re:re:  Offer  ",
  ];
  for (const subject of subjects) {
    assert.equal(threadTopic(subject), "Offer", subject);
    assert.ok(isReplySubject(subject), subject);
  }
});

test("words that only look alike stay", () => {
  const subjects = [
    "Reminder: lunch",
    "Rebate",
    "Fwdate",
    "Awards: 2026",
    "[list] Re: x",
    "Trip: Oslo",
  ];
  for (const subject of subjects) {
    assert.equal(threadTopic(subject), subject);
    assert.ok(!isReplySubject(subject), subject);
  }
  assert.equal(threadTopic("Re:"), "");
  assert.equal(threadTopic(""), "");
});

test("a subject of prefixes only takes no time", () => {
  assert.ok(threadTopic("Re: ".repeat(100_000)).length > 0);
});
