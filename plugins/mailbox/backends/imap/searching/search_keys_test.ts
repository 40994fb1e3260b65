// Queries in the words of IMAP SEARCH.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Query } from "../../../query.ts";
import type { Token } from "../connections/raw.ts";
import { searchKeys } from "./search_keys.ts";

const scope = {
  holds: (condition: { folder: string } | { class: string }) =>
    "folder" in condition ? condition.folder === "here" : condition.class === "mail",
  root: (thread: string) => thread === "known" ? "root@x" : undefined,
};

function written(token: Token): string {
  if (token === null) return "NIL";
  if (Array.isArray(token)) return `(${token.map(written).join(" ")})`;
  const { type, value } = token as { type: string; value: unknown };
  return type === "ATOM" ? String(value) : type === "STRING" ? `"${value}"` : `{${value}}`;
}

function keys(query: Query): string {
  const found = searchKeys(query, scope);
  return typeof found === "boolean" ? String(found) : found.map(written).join(" ");
}

const march = Date.UTC(2026, 2, 10, 12);
const cases: readonly (readonly [Query, string])[] = [
  [{ text: "tea", in: "subject" }, 'SUBJECT "tea"'],
  [{ text: "Tea-Time now", in: "body" }, 'BODY "Tea" BODY "Time" BODY "now"'],
  [{ text: "a tea", in: "to" }, 'TO "tea"'],
  [{ text: "crème", in: "cc" }, 'OR (CC {crème}) (CC "creme")'],
  [{ text: "会議室", in: "body" }, "BODY {会議室}"],
  [{ text: "x@y.example", in: "bcc" }, 'BCC "example"'],
  [{ text: "ann", in: "from" }, 'OR (FROM "ann") (HEADER SENDER "ann")'],
  [{ text: "pdf", in: "attachment" }, "true"],
  [{ text: "!?" }, "false"],
  [{ not: { text: "!?" } }, "true"],
  [{ not: { text: "tea time", in: "body" } }, 'NOT (BODY "tea time")'],
  [{ not: { text: "tea", in: "subject" } }, "true"],
  [{ received: { since: march } }, "SINCE 8-Mar-2026"],
  [{ received: { until: march } }, "BEFORE 12-Mar-2026"],
  [{ not: { received: { since: march } } }, "BEFORE 12-Mar-2026"],
  [
    { not: { received: { since: march, until: march + 1 } } },
    "OR (BEFORE 12-Mar-2026) (SINCE 8-Mar-2026)",
  ],
  [{ received: {} }, "true"],
  [{ not: { received: {} } }, "false"],
  [{ received: { since: -5e12 } }, "true"],
  [{ received: { since: 5e15 } }, "SINCE 30-Dec-2037"],
  [{ received: { since: 5, until: 5 } }, "false"],
  [{ sent: { since: march } }, "SENTSINCE 8-Mar-2026"],
  [{ not: { sent: { since: march } } }, "true"],
  [{ read: true }, "SEEN"],
  [{ not: { read: true } }, "UNSEEN"],
  [{ flagged: false }, "UNFLAGGED"],
  [{ attachments: true }, "true"],
  [{ folder: "here" }, "true"],
  [{ not: { folder: "here" } }, "false"],
  [{ class: "contact" }, "false"],
  [
    { thread: "known" },
    'OR (HEADER MESSAGE-ID "root@x") (OR (HEADER REFERENCES "root@x") (HEADER IN-REPLY-TO "root@x"))',
  ],
  [{ thread: "unknown" }, "false"],
  [{ not: { thread: "unknown" } }, "true"],
  [{ and: [] }, "true"],
  [{ or: [] }, "false"],
  [{ and: [{ read: true }, { folder: "here" }, { flagged: true }] }, "SEEN FLAGGED"],
  [{ and: [{ read: true }, { folder: "there" }] }, "false"],
  [{ or: [{ read: true }, { attachments: true }] }, "true"],
  [{ or: [{ read: true }, { folder: "there" }] }, "SEEN"],
  [{ not: { and: [{ read: true }, { flagged: true }] } }, "OR (UNSEEN) (UNFLAGGED)"],
  [{ not: { or: [{ read: true }, { not: { flagged: true } }] } }, "UNSEEN FLAGGED"],
];
for (const [query, expected] of cases) {
  test(`searchKeys() of ${JSON.stringify(query)}`, () => assert.equal(keys(query), expected));
}

test("searchKeys() puts nothing but keys on the wire, whatever was typed", () => {
  for (const text of ['" ALL', "a\r\nb LOGOUT", "{3}", "\\", "a\0b"]) {
    for (const query of [{ text }, { not: { text } }]) {
      const found = searchKeys(query, scope);
      const flat = typeof found === "boolean"
        ? []
        : found.flat(20 as 1) as { type: string; value: unknown }[];
      for (const { type, value } of flat) {
        if (type === "ATOM") assert.match(String(value), /^[A-Z-]+$/);
        if (type === "STRING") assert.doesNotMatch(String(value), /[\r\n\0]/);
      }
    }
  }
});
