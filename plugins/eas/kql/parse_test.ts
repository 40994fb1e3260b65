// What people type, and what is looked for then.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Query } from "../../mailbox/api.ts";
import { seededRandom } from "../../../tests/kit.ts";
import { parseKql } from "./parse.ts";

/** A Wednesday. */
const now = Date.UTC(2026, 2, 4, 12);
const day = 86_400_000;

/** A query as short text: `and(a* "b" from:c*)`. */
function shown(query: Query | undefined): string {
  if (!query) return "nothing";
  if ("and" in query) return `and(${query.and.map(shown).join(" ")})`;
  if ("or" in query) return `or(${query.or.map(shown).join(" ")})`;
  if ("not" in query) return `not(${shown(query.not)})`;
  if ("text" in query) {
    const field = query.in === undefined ? "" : `${query.in}:`;
    return field + (query.prefix ? `${query.text.replace(/\*$/, "")}*` : `"${query.text}"`);
  }
  return JSON.stringify(query);
}

function cases(rows: Readonly<Record<string, string>>): void {
  for (const [text, expected] of Object.entries(rows)) {
    test(text, () => assert.equal(shown(parseKql(text, now)), expected));
  }
}

describe("words and phrases", () =>
  cases({
    "budget": "budget*",
    "budget report": "and(budget* report*)",
    '"annual report" ben*': 'and("annual report" ben*)',
    '"annual rep*"': "annual rep*",
    '"annual rep"*': "annual rep*",
    '"never closed': '"never closed"',
    "re:budget 12:30 well-known": "and(re:budget* 12:30* well-known*)",
    "会議": "会議*",
    "  ": "nothing",
    '!! ?? -- + () "" *': "nothing",
  }));

describe("operators and brackets", () =>
  cases({
    "a AND b": "and(a* b*)",
    "a OR b": "or(a* b*)",
    "a b OR c d": "or(and(a* b*) and(c* d*))",
    "(a OR b) c": "and(or(a* b*) c*)",
    "NOT a": "not(a*)",
    "a NOT b": "and(a* not(b*))",
    "a AND NOT (b OR c)": "and(a* not(or(b* c*)))",
    "a -b +c": "and(a* not(b*) c*)",
    "a - b": "and(a* b*)",
    "NOT NOT a": "a*",
    "a NEAR(n=3) b": "and(a* b*)",
    "a ONEAR b": "and(a* b*)",
    "and or not": "and(and* or* not*)",
    "constructor toString": "and(constructor* toString*)",
  }));

describe("broken input becomes words", () =>
  cases({
    "AND": "nothing",
    "OR a": "a*",
    "a OR": "a*",
    "a AND OR b": "or(a* b*)",
    "NOT": "nothing",
    "((a": "a*",
    "a)) b": "and(a* b*)",
    "from:": "from:*",
    'from:"" x': "and(from:* x*)",
    "from:?!": "from:?!*",
    "received:nonsense": "received:nonsense*",
    "received:2026-02-30": "received:2026-02-30*",
    "is:odd": "is:odd*",
    "hasattachment:maybe": "hasattachment:maybe*",
    "subject:()": "nothing",
  }));

describe("properties", () =>
  cases({
    "from:ben": "from:ben*",
    "FROM:ben@example.org": "from:ben@example.org*",
    'subject:"Annual report"': 'subject:"Annual report"',
    "subject=annual": 'subject:"annual"',
    "subject<>annual": "not(subject:annual*)",
    "body:x cc:y bcc:z": "and(body:x* cc:y* bcc:z*)",
    "attachment:pdf filename:pdf": "and(attachment:pdf* attachment:pdf*)",
    "to: ben": "to:ben*",
    "from:a from:b to:c": "and(or(from:a* from:b*) to:c*)",
    "from:a AND from:b": "and(from:a* from:b*)",
    "from:a x from:b": "and(from:a* x* from:b*)",
    "subject:(red OR blue)": "or(subject:red* subject:blue*)",
    "subject:(red from:ben)": "and(subject:red* from:ben*)",
    "recipients:a": "or(to:a* cc:a* bcc:a*)",
    "is:read": '{"read":true}',
    "is:unread -is:flagged": 'and({"read":false} not({"flagged":true}))',
    "isread:false": '{"read":false}',
    "hasattachment:true": '{"attachments":true}',
    "hasattachment:no": '{"attachments":false}',
    "kind:email": '{"class":"mail"}',
    "kind:contacts": '{"class":"contact"}',
  }));

describe("times", () => {
  const january = Date.UTC(2026, 0, 1);
  const february = Date.UTC(2026, 1, 1);
  const today = Date.UTC(2026, 2, 4);
  const rows: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ["2026-01-01", january, january + day],
    ["1/1/2026", january, january + day],
    ["1.1.2026", january, january + day],
    ["2026-01", january, february],
    ["2026-01-01T10:00:00Z", january + 36_000_000, january + 36_001_000],
    ["2026-01-01..2026-01-31", january, february],
    ["2026-01..", january, undefined],
    ["..2026-01-31", undefined, february],
    [">2026-01-01", january + day, undefined],
    [">=2026-01-01", january, undefined],
    ["<2026-01-01", undefined, january],
    ["<=2026-01-01", undefined, january + day],
    ["today", today, today + day],
    ["Yesterday", today - day, today],
    ["yesterday..today", today - day, today + day],
    ["this week", Date.UTC(2026, 2, 2), Date.UTC(2026, 2, 9)],
    ['"last week"', Date.UTC(2026, 1, 23), Date.UTC(2026, 2, 2)],
    ["this month", Date.UTC(2026, 2, 1), Date.UTC(2026, 3, 1)],
    ["last month", february, Date.UTC(2026, 2, 1)],
    ["this year", january, Date.UTC(2027, 0, 1)],
    ["last-year", Date.UTC(2025, 0, 1), january],
  ];
  for (const [text, since, until] of rows) {
    test(text, () => {
      const range = {
        ...(since !== undefined && { since }),
        ...(until !== undefined && { until }),
      };
      assert.deepEqual(parseKql(`received:${text}`, now), { received: range });
      assert.deepEqual(parseKql(`x sent:${text}`, now), {
        and: [{ text: "x", prefix: true }, { sent: range }],
      });
    });
  }
  test("a sign stands without a colon as well", () => {
    const range = { and: [{ received: { since: january } }, { received: { until: february } }] };
    assert.deepEqual(parseKql("received>=2026-01-01 received<2026-02-01", now), range);
  });
  test("a Sunday belongs to the week before it", () => {
    const sunday = Date.UTC(2026, 2, 8, 23);
    const since = Date.UTC(2026, 2, 2);
    const received = { since, until: since + 7 * day };
    assert.deepEqual(parseKql("received:this week", sunday), { received });
  });
});

function leaves(query: Query): number {
  if ("and" in query) return query.and.reduce((sum, part) => sum + leaves(part), 0);
  if ("or" in query) return query.or.reduce((sum, part) => sum + leaves(part), 0);
  return "not" in query ? leaves(query.not) : 1;
}

test("nothing that can be typed is an error, and every query stays small (5,000 texts, seed 3)", () => {
  const random = seededRandom(3);
  const pieces =
    ("a foo ben* 会議 é AND OR NOT NEAR ( ) (( )) \" ' - + : = < > <> .. * from: to: subject: " +
      'received: sent>= is: hasattachment:true 2026-01-01 today this week last "x y" \\ \ud800 \u0000')
      .split(" ");
  for (let n = 0; n < 5000; n++) {
    const length = Math.floor(random() * 30);
    const text = Array.from({ length }, () => {
      const piece = pieces[Math.floor(random() * pieces.length)]!;
      return random() < 0.6 ? `${piece} ` : piece;
    }).join("");
    const query = parseKql(text, now);
    if (/(^|\s)foo(\s|$)/.test(text)) assert.ok(query, text);
    if (query) assert.ok(leaves(query) <= 64 * 4, text);
  }
});

test("hostile texts are cut, in depth, in terms and in length", () => {
  assert.equal(shown(parseKql(`${"(".repeat(1000)}a${")".repeat(1000)}`, now)), "a*");
  assert.equal(shown(parseKql("NOT ".repeat(400) + "a", now)), "a*");
  assert.equal(leaves(parseKql("a ".repeat(1000), now)!), 64);
  for (const text of ['"'.repeat(100_000), "from:".repeat(50_000), "a".repeat(1_000_000)]) {
    const begun = performance.now();
    parseKql(text, now);
    assert.ok(performance.now() - begun < 1000);
  }
});
