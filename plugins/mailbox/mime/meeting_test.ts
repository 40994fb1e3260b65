// Scheduling messages in mails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { processorTime } from "../../../tests/kit.ts";
import { readMail, scanBytes } from "./mod.ts";

const event = (...lines: string[]) => ["BEGIN:VEVENT", "UID:1", ...lines, "END:VEVENT"];
const calendar = (method: string, ...lines: string[]) =>
  ["BEGIN:VCALENDAR", "VERSION:2.0", `METHOD:${method}`, ...lines, "END:VCALENDAR", ""].join(
    "\r\n",
  );

async function meetingOf(head: string, body: string) {
  const bytes = new TextEncoder().encode(`Subject: Lunch\r\n${head}\r\n\r\n${body}`);
  const read = (start: number, end: number) => Promise.resolve(bytes.subarray(start, end));
  const { facts, problem } = await readMail(scanBytes(bytes), bytes.length, 1000, read);
  assert.equal(problem, undefined);
  return facts.meeting;
}

test("an answer says what is answered, also in a folded line and a mail of several parts", async () => {
  const answers = { ACCEPTED: "accepted", DECLINED: "declined", TENTATIVE: "tentative" };
  for (const [status, answer] of Object.entries(answers)) {
    const attendee = [`ATTENDEE;CN="Ben: Bell";PARTSTAT=`, ` ${status}:mailto:ben@example.com`];
    const text = calendar("REPLY", ...event("SUMMARY:Lunch", attendee.join("\r\n")));
    assert.deepEqual(await meetingOf("Content-Type: text/calendar; method=REPLY", text), {
      part: "1",
      method: "reply",
      answer,
    });
    const parts = `--b\r\nContent-Type: text/plain\r\n\r\nYes\r\n--b\r\n` +
      `Content-Type: text/calendar; method=reply; charset=utf-8\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${btoa(text)}\r\n--b--\r\n`;
    assert.deepEqual(await meetingOf("Content-Type: multipart/alternative; boundary=b", parts), {
      part: "2",
      method: "reply",
      answer,
    });
  }
});

test("invitations and cancellations say what they are, and no answer of their attendees", async () => {
  const attendee = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@example.org";
  for (const method of ["REQUEST", "CANCEL"]) {
    const text = calendar(method, ...event(attendee));
    const meeting = await meetingOf(`Content-Type: text/calendar; method=${method}`, text);
    assert.deepEqual(meeting, { part: "1", method: method.toLowerCase() });
  }
});

test("a calendar as a file, one of tasks, and broken ones are no meeting", async () => {
  const head = "Content-Type: text/calendar; method=REPLY";
  const none = [
    ["Content-Type: text/calendar", calendar("REPLY", ...event())],
    ["Content-Type: text/plain", calendar("REPLY", ...event())],
    [head, calendar("REPLY", "BEGIN:VTODO", "UID:1", "END:VTODO")],
    [head, "METHOD:REPLY"],
    [head, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nATTENDEE"],
    [head, calendar("REPLY\u0000x y", ...event())],
    [head, ""],
  ] as const;
  for (const [field, body] of none) assert.equal(await meetingOf(field, body), undefined, body);
});

test("an answer that answers otherwise is one all the same", async () => {
  const attendee = "ATTENDEE;PARTSTAT=DELEGATED:mailto:ben@example.com";
  const text = calendar("REPLY", ...event(attendee));
  const meeting = await meetingOf("Content-Type: text/calendar; method=REPLY", text);
  assert.deepEqual(meeting, { part: "1", method: "reply" });
});

test("a made-up calendar costs no more than its length", async () => {
  const bodies = [
    "BEGIN:VEVENT\r\n".repeat(30_000),
    calendar("REPLY", ...event("ATTENDEE;" + "A=B;".repeat(100_000))),
    calendar("REPLY", "X:" + "\r\n x".repeat(100_000), ...event()),
    calendar("REPLY", ...Array<string>(15_000).fill(event().join("\r\n"))),
    `${"\n".repeat(400_000)}`,
  ];
  for (const body of bodies) {
    const spent = await processorTime(() =>
      meetingOf("Content-Type: text/calendar; method=REPLY", body)
    );
    assert.ok(spent < 2000, `${body.slice(0, 40)}: ${spent} ms`);
  }
});
