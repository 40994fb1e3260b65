// Marks: told to a device, told by a device.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Flag, type Marks, noMarks } from "../../mailbox/api.ts";
import { el, type Element } from "../wbxml/element.ts";
import { shown } from "./_sample.ts";
import {
  afterReplacing,
  BadItem,
  changeSince,
  contentDiffers,
  fingerprint,
  flagElement,
  markFields,
  readMarks,
  untold,
} from "./marks.ts";

const data = (...children: Element[]) => el("AirSync:ApplicationData", ...children);
const day = Date.UTC(2026, 2, 3);
const flag: Flag = {
  status: "active",
  type: "Follow up",
  subject: "Call",
  start: day,
  utcStart: day - 3_600_000,
  due: day + 86_400_000,
  utcDue: day + 82_800_000,
  reminder: day + 1000,
  ordinal: day,
  subOrdinal: "5555",
};
const flagged =
  "Flag(Subject=Call Status=2 FlagType=Follow up StartDate=2026-03-03T00:00:00.000Z " +
  "DueDate=2026-03-04T00:00:00.000Z UtcStartDate=2026-03-02T23:00:00.000Z " +
  "UtcDueDate=2026-03-03T23:00:00.000Z ReminderSet=1 ReminderTime=2026-03-03T00:00:01.000Z " +
  "OrdinalDate=2026-03-03T00:00:00.000Z SubOrdinalDate=5555)";

test("a flag is told with all its task fields", () => {
  assert.equal(shown(flagElement(flag)), flagged);
  assert.equal(shown(flagElement(undefined)), "Flag");
  assert.equal(
    shown(flagElement({ status: "active" })),
    "Flag(Status=2 FlagType=Flag for follow up)",
  );
  assert.equal(
    shown(flagElement({ status: "complete", completed: day })),
    "Flag(Status=1 FlagType=Flag for follow up DateCompleted=2026-03-03T00:00:00.000Z " +
      "CompleteTime=2026-03-03T00:00:00.000Z)",
  );
});

test("a device's flag comes back as it was told", () => {
  assert.deepEqual(readMarks(data(flagElement(flag))), { flag });
});

test("a change of one mark tells that mark only", () => {
  const change = (after: Partial<Marks>, before: Partial<Marks> = {}) => {
    const fields = markFields({ ...noMarks, ...before }, { ...noMarks, ...after }, "14.1");
    return fields === "item" ? fields : fields.map(shown).join(" ");
  };
  assert.equal(change({}), "");
  assert.equal(change({ read: true }), "Read=1");
  assert.equal(change({}, { read: true }), "Read=0");
  assert.equal(change({ flag }), flagged);
  assert.equal(change({}, { flag }), "Flag(Status=0)");
  assert.equal(change({ flag: { ...flag, due: day } }, { flag }).slice(0, 5), "Flag(");
  assert.equal(change({ keywords: ["a", "b"] }), "Categories(Category=a Category=b)");
  assert.equal(change({}, { keywords: ["a"] }), "Categories");
  assert.equal(change({ keywords: ["b", "a"] }, { keywords: ["a", "b"] }), "", "order is nothing");
  assert.equal(change({ read: true, keywords: ["a"] }), "Read=1 Categories(Category=a)");
  assert.equal(change({ answered: true }), "item");
  assert.equal(change({ read: true, verb: { kind: "forward", at: day } }), "item");
});

test("the order of a flag's fields is nothing", () => {
  const turned = Object.fromEntries(Object.entries(flag).reverse()) as unknown as Flag;
  const was = fingerprint("r", { ...noMarks, flag });
  assert.equal(changeSince(was, "r", { ...noMarks, flag: turned }, "16.1"), "same");
});

test("a new content tells the whole item", () => {
  const was = fingerprint("r1", noMarks);
  assert.equal(changeSince(was, "r2", noMarks, "16.1"), "item");
  assert.equal(changeSince(was, "r1", noMarks, "16.1"), "same");
  assert.equal(changeSince("from an older program", "r1", noMarks, "16.1"), "item");
  assert.equal(changeSince("a.0..", "r1", noMarks, "16.1"), "item");
});

test("categories are nothing to 12.1", () => {
  const was = fingerprint("r", noMarks);
  const now = { ...noMarks, keywords: ["a"] };
  assert.equal(changeSince(was, "r", now, "12.1"), "same");
  assert.deepEqual(
    (changeSince(was, "r", { ...now, read: true }, "12.1") as Element[]).map(shown),
    ["Read=1"],
  );
});

test("flags are nothing to 2.5", () => {
  const was = fingerprint("r", noMarks);
  const now = { ...noMarks, flag };
  assert.equal(changeSince(was, "r", now, "2.5"), "same");
  assert.deepEqual(changeSince(was, "r", { ...now, read: true }, "2.5"), [el("Email:Read", 1)]);
  assert.deepEqual((changeSince(was, "r", now, "12.0") as Element[]).map(shown), [flagged]);
});

test("that a mail was answered is nothing to 12.1, and the whole item to later versions", () => {
  const was = fingerprint("r", noMarks);
  const now = { ...noMarks, answered: true, verb: { kind: "reply", at: day } } as const;
  assert.equal(changeSince(was, "r", now, "2.5"), "same");
  assert.equal(changeSince(was, "r", now, "12.1"), "same");
  assert.deepEqual(
    (changeSince(was, "r", { ...now, read: true }, "12.1") as Element[]).map(shown),
    ["Read=1"],
  );
  assert.equal(changeSince(was, "r", now, "14.0"), "item");
});

test("a fingerprint is short, whatever the marks", () => {
  const marks = { ...noMarks, flag, keywords: Array.from({ length: 300 }, (_, i) => `k${i}`) };
  assert.ok(fingerprint("r".repeat(500), marks).length < 50);
});

test("readMarks() reads what devices change", () => {
  assert.deepEqual(readMarks(undefined), {});
  assert.deepEqual(readMarks(data(el("Email:Read", 1))), { read: true });
  assert.deepEqual(readMarks(data(el("Email:Read", 0))), { read: false });
  assert.deepEqual(readMarks(data(el("Email:Read"))), { read: true });
  assert.deepEqual(
    readMarks(data(el("Email:Categories", el("Email:Category", "a"), el("Email:Category", "a")))),
    { keywords: ["a"] },
  );
  assert.deepEqual(readMarks(data(el("Email:Categories"))), { keywords: [] });
});

test("an empty Flag and Status 0 clear the flag", () => {
  assert.deepEqual(readMarks(data(el("Email:Flag"))), { flag: undefined });
  assert.deepEqual(readMarks(data(el("Email:Flag", el("Email:Status", 0)))), { flag: undefined });
});

test("a completed flag keeps both its dates", () => {
  const element = el(
    "Email:Flag",
    el("Email:Status", 1),
    el("Email:CompleteTime", "20260303T000000Z"),
    el("Tasks:DateCompleted", "2026-03-03T01:00:00Z"),
    el("Tasks:DueDate", ""),
  );
  assert.deepEqual(readMarks(data(element)), {
    flag: { status: "complete", completed: day, dateCompleted: day + 3_600_000 },
  });
});

test("readMarks() refuses the rest", () => {
  const bad: Record<string, Element> = {
    "a subject": el("Email:Subject", "New"),
    "blind copy": el("Email2:ReceivedAsBcc", 1),
    "a body": el("AirSyncBase:Body", el("AirSyncBase:Type", 1)),
    "Read 2": el("Email:Read", 2),
    "Status 3": el("Email:Flag", el("Email:Status", 3)),
    "no Status": el("Email:Flag", el("Email:FlagType", "x")),
    "no date": el("Email:Flag", el("Email:Status", 2), el("Tasks:DueDate", "tomorrow")),
    "301 categories": el(
      "Email:Categories",
      ...Array.from({ length: 301 }, (_, i) => el("Email:Category", `k${i}`)),
    ),
  };
  for (const [name, element] of Object.entries(bad)) {
    assert.throws(() => readMarks(data(element)), BadItem, name);
  }
});

test("contents are told apart from marks; one that the device does not have is told whole", () => {
  const draft: Marks = { ...noMarks, draft: true };
  const one = fingerprint("1", draft);
  assert.equal(contentDiffers(one, fingerprint("1", { ...draft, read: true })), false);
  assert.equal(contentDiffers(one, fingerprint("2", draft)), true);
  assert.equal(contentDiffers(untold(one), fingerprint("2", draft)), false, "nobody knows it");
  assert.equal(changeSince(untold(one), "1", draft, "16.1"), "item");
});

test("a device that replaced a content has it, and is told the marks that others set", () => {
  const before = fingerprint("1", { ...noMarks, draft: true });
  const now: Marks = { ...noMarks, draft: true, read: true, flag: { status: "active" } };
  const has = afterReplacing(before, fingerprint("2", now), { read: true });
  const change = changeSince(has, "2", now, "16.1");
  assert.ok(Array.isArray(change));
  assert.deepEqual(change.map(({ tag }) => tag), ["Email:Flag"]);
});
