// The report as text.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatReport, type ProbeReport } from "./report.ts";

const report: ProbeReport = {
  ok: false,
  endpoint: "https://mail.example.org/Microsoft-Server-ActiveSync",
  user: "ada@example.org",
  server: "16.1",
  versions: ["16.1"],
  commands: ["Sync"],
  connect: { name: "Connect", outcome: "ok", ms: 12.4, detail: "speaks 16.1" },
  visits: [{
    version: "16.1",
    steps: [{
      name: "Sync Inbox",
      outcome: "ok",
      ms: 3,
      detail: "2 messages",
      folder: {
        id: "5",
        name: "Inbox",
        type: 2,
        messages: 2,
        unread: 1,
        requests: 2,
        newest: [{
          from: "Grace Hopper of the United States Navy",
          subject: "\x1b[2J\u202eEvil\r\nsubject",
          date: "2026-03-01T09:30:00.000Z",
          read: false,
        }, {
          from: "高橋美咲",
          subject: "木曜日の打ち合わせのメモを送りますのでご確認ください。よろしくお願いします",
          date: "2026-03-01T09:00:00.000Z",
          read: true,
        }, { from: "Ada", subject: "", date: "", read: true }],
      },
    }, { name: "Ping", outcome: "failed", ms: 60_000, detail: "cut", fix: "wait longer" }],
  }],
};

describe("formatReport()", () => {
  test("shows steps, mail and fixes, and nothing that moves the cursor", () => {
    assert.equal(
      formatReport(report),
      `A phone of ada@example.org visits https://mail.example.org/Microsoft-Server-ActiveSync

  ✓ Connect                   12 ms  speaks 16.1

In protocol version 16.1:
  ✓ Sync Inbox                 3 ms  2 messages
      • 2026-03-01 09:30  Grace Hopper of the Uni…   [2J Evil subject
        2026-03-01 09:00  高橋美咲                  木曜日の打ち合わせのメモを送りますのでご確認く…
                          Ada
  ✗ Ping                   60000 ms  cut
      Fix: wait longer

A phone would not work with this server: 1 of 3 steps failed.`,
    );
  });

  test("says so when all is well", () => {
    const well = { ...report, ok: true, visits: [] };
    assert.match(formatReport(well), /\nA phone would work with this server\.$/);
  });
});
