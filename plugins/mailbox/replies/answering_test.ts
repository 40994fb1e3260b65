// Automatic replies: who is answered, with which words, how often, and that machines are left alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import PostalMime from "postal-mime";
import { until } from "../../../tests/kit.ts";
import { fakeRelay } from "../../../tests/kit_mailbox.ts";
import { anna, away, ben, day, rig, said } from "./_kit.ts";
import { forgetAnswered, period } from "./memory.ts";

test("a reply names what it answers, and says that a machine wrote it", async () => {
  const { box, letter, inbox } = await rig();
  await box(anna).setAutoReply(away);
  await letter(ben.address, {
    To: "Anna <a@example.test>",
    Subject: "=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    "Message-ID": "<2@x>",
    References: "<0@x> <1@x>",
  });
  const [reply, ...more] = await inbox(ben);
  assert.equal(more.length, 0);
  const { headers, text, from, subject } = await PostalMime.parse(reply!);
  const value = (key: string) => headers.find((header) => header.key === key)?.value;
  assert.deepEqual(from, { name: "Änna Berg", address: "a@example.test" });
  assert.equal(subject, "Auto: Grüße");
  assert.equal(value("to"), ben.address);
  assert.equal(value("return-path"), "<>");
  assert.equal(value("auto-submitted"), "auto-replied");
  assert.equal(value("in-reply-to"), "<2@x>");
  assert.equal(value("references"), "<0@x> <1@x> <2@x>");
  assert.ok(value("message-id") && value("date"));
  assert.equal(text?.trim(), "for us");
});

test("an HTML reply comes with its text", async () => {
  const { box, letter, inbox } = await rig();
  await box(anna).setAutoReply({
    ...away,
    replies: { internal: { ...said("<p>Gone <b>fishing</b></p>"), format: "html" } },
  });
  await letter(ben.address);
  const { html, text } = await PostalMime.parse((await inbox(ben))[0]!);
  assert.match(html!, /<b>fishing<\/b>/);
  assert.match(text!, /Gone fishing/);
});

test("colleagues, people one has written to, and strangers are told their own words", async () => {
  const relay = await fakeRelay();
  const { box, letter, outbox, inbox, db } = await rig(relay);
  await box(anna).setAutoReply(away);
  const text = "From: anna@example.test\r\nTo: Friend <Friend@far.test>\r\n\r\nHi\r\n";
  const mime = new TextEncoder().encode(text);
  await outbox.send(anna, { mime, from: anna.address, to: [], saveInSent: false }, "hello");
  for (const from of ["friend@FAR.test", "stranger@far.test", "x@other.test", ben.address]) {
    await letter(from);
  }
  const stop = new AbortController();
  const running = outbox.run(stop.signal);
  await until(() => relay.got.length === 4);
  stop.abort();
  await running;
  const heard = new Map(relay.got.slice(1).map((got) => [got.to[0], got]));
  assert.match(heard.get("friend@far.test")!.text, /for friends/);
  assert.match(heard.get("stranger@far.test")!.text, /for others/);
  assert.match(heard.get("x@other.test")!.text, /for us/);
  assert.ok([...heard.values()].every(({ from }) => from === ""), "no bounce can come back");
  assert.match((await inbox(ben))[0]!, /for us/);
  const [{ n } = { n: 0 }] = await db.all<{ n: number }>(
    "SELECT count(*) AS n FROM mailbox_correspondent",
  );
  assert.equal(n, 1, "whoever was only answered by a machine was not written to");
  await relay.close();
});

test("a sender is answered once in a week, and again after the settings have changed", async () => {
  const { box, letter, clock, repliesTo, db } = await rig();
  const from = "s@far.test";
  await box(anna).setAutoReply(away);
  await letter(from);
  await letter("S@far.test");
  assert.equal(await repliesTo(from), 1);
  await clock.tick(period - day);
  await letter(from);
  assert.equal(await repliesTo(from), 1);
  await clock.tick(day);
  await letter(from);
  assert.equal(await repliesTo(from), 2);
  await box(anna).setAutoReply(away);
  await letter(from);
  assert.equal(await repliesTo(from), 2, "set once more, the same is nothing new");
  await box(anna).setAutoReply({ replies: { unknown: said("still away") } });
  await letter(from);
  assert.equal(await repliesTo(from), 3);
  await clock.tick(period);
  await forgetAnswered(db, clock.now());
  assert.deepEqual(await db.all("SELECT * FROM mailbox_answered"), []);
});

test("a message that is handed in twice is answered once", async () => {
  const { box, letter, repliesTo, db } = await rig();
  await box(anna).setAutoReply(away);
  await letter("s@far.test", {}, "same");
  await letter("s@far.test", {}, "same");
  assert.equal(await repliesTo("s@far.test"), 1);
  // As if the server had died before the reply was accepted.
  await db.run("DELETE FROM mailbox_outgoing_recipient");
  await db.run("DELETE FROM mailbox_outgoing");
  await letter("s@far.test", {}, "same");
  assert.equal(await repliesTo("s@far.test"), 1);
});

test("a reply holds from its start up to its end", async () => {
  const { box, letter, clock, repliesTo } = await rig();
  const now = clock.now();
  await box(anna).setAutoReply({
    ...away,
    state: { state: "timed", start: now + day, end: now + 2 * day },
  });
  await letter("early@far.test");
  await clock.tick(day);
  await letter("within@far.test");
  await clock.tick(day);
  await letter("late@far.test");
  assert.equal(await repliesTo("early@far.test"), 0);
  assert.equal(await repliesTo("within@far.test"), 1);
  assert.equal(await repliesTo("late@far.test"), 0);
});

test("nobody is answered where the state is off, the audience is not wanted, or nothing is said", async () => {
  const { box, letter, repliesTo } = await rig();
  await letter("one@far.test");
  await box(anna).setAutoReply({
    ...away,
    replies: { ...away.replies, unknown: { enabled: false, content: "x" } },
  });
  await letter("two@far.test");
  await box(anna).setAutoReply({ replies: { unknown: said(" \r\n ") } });
  await letter("three@far.test");
  for (const name of ["one", "two", "three"]) assert.equal(await repliesTo(`${name}@far.test`), 0);
});

const machines: readonly (readonly [string, string, Record<string, string>])[] = [
  ["a list", "s@far.test", { "List-Id": "<news.far.test>" }],
  ["a list that one can leave", "s@far.test", { "List-Unsubscribe": "<mailto:x@far.test>" }],
  ["bulk mail", "s@far.test", { Precedence: "bulk" }],
  ["an automatic reply", "s@far.test", { "Auto-Submitted": "auto-replied (vacation)" }],
  ["generated mail", "s@far.test", { "Auto-Submitted": "auto-generated" }],
  ["mail that asks for silence", "s@far.test", { "X-Auto-Response-Suppress": "DR, OOF" }],
  ["a report", "s@far.test", { "Content-Type": "multipart/report; boundary=x" }],
  ["spam", "s@far.test", { "X-Spam-Flag": "YES" }],
  ["a bounce", "", { From: "mailer-daemon@far.test" }],
  ["a no-reply address", "no-reply@far.test", {}],
  ["a no-reply address with a tag", "noreply+123@far.test", {}],
  ["a no-reply writer behind another envelope", "s@far.test", { From: "<DoNotReply@far.test>" }],
  ["a list's owner", "news-owner@far.test", {}],
  ["a bounce address", "bounce-77@far.test", { From: "s@far.test" }],
  ["a blind copy", "s@far.test", { To: "somebody@far.test" }],
  ["oneself", anna.address, {}],
  ["oneself at another address", "s@far.test", { From: "a@example.test" }],
  ["oneself with a tag", "anna+x@example.test", {}],
];
for (const [what, from, header] of machines) {
  test(`${what} is not answered`, async () => {
    const { box, letter, db, inbox } = await rig();
    await box(anna).setAutoReply(away);
    await letter(from, header);
    assert.deepEqual(await db.all("SELECT id FROM mailbox_outgoing"), []);
    assert.equal((await inbox(anna)).length, 1);
  });
}

test("Auto-Submitted: no, a tag in the address and a resent message are a person's mail", async () => {
  const { box, letter, repliesTo } = await rig();
  await box(anna).setAutoReply(away);
  await letter("one@far.test", { "Auto-Submitted": "no" });
  await letter("two@far.test", { To: "anna+shop@example.test" });
  await letter("three@far.test", { To: "x@far.test", "Resent-To": "anna@example.test" });
  await letter("knotreply@far.test");
  for (const name of ["one", "two", "three", "knotreply"]) {
    assert.equal(await repliesTo(`${name}@far.test`), 1);
  }
});

test("two accounts that are both away do not talk to each other for ever", async () => {
  const { box, inbox, db } = await rig();
  for (const who of [anna, ben]) await box(who).setAutoReply(away);
  const mime = new TextEncoder().encode(`From: ${anna.address}\r\nTo: ${ben.address}\r\n\r\nHi`);
  for (const token of ["1", "2"]) {
    await box(anna).send({ mime, from: anna.address, to: [], saveInSent: false }, token);
  }
  assert.equal((await inbox(ben)).length, 2);
  assert.equal((await inbox(anna)).length, 1, "one reply for two letters, and none to the reply");
  const sent = await db.all("SELECT id FROM mailbox_outgoing");
  assert.equal(sent.length, 3);
});

test("a reply that cannot be delivered bounces to nobody", async () => {
  const { box, letter, inbox, db, clock, outbox } = await rig();
  await box(anna).setAutoReply(away);
  await letter("s@far.test");
  const stop = new AbortController();
  const running = outbox.run(stop.signal);
  await clock.tick(1);
  stop.abort();
  await running;
  assert.equal((await inbox(anna)).length, 1);
  const waiting = await db.all("SELECT id FROM mailbox_outgoing WHERE due IS NOT NULL");
  assert.deepEqual(waiting, [], "nothing is left to do");
});

test("mail arrives also where the reply fails, and the log says so", async () => {
  const { box, letter, inbox, db, log } = await rig();
  await box(anna).setAutoReply(away);
  await db.run("DROP TABLE mailbox_answered");
  await letter("s@far.test");
  assert.equal((await inbox(anna)).length, 1);
  assert.ok(log.lines.some(({ level, message }) => level === "error" && /reply/.test(message)));
});
