// The tables of the EAS layer: devices, what they have sent and have, what went wrong with them.
import type { Migration } from "../../core/mod.ts";

export const migrations: readonly Migration[] = [
  {
    id: "20261122_devices",
    up: [
      // Identity is account and id: cloned profiles share ids, and a device changes its User-Agent.
      `CREATE TABLE eas_device (
         account INTEGER NOT NULL,
         id TEXT NOT NULL,
         type TEXT NOT NULL,
         user_agent TEXT NOT NULL,
         model TEXT NOT NULL DEFAULT '',
         os TEXT NOT NULL DEFAULT '',
         friendly_name TEXT NOT NULL DEFAULT '',
         phone_number TEXT NOT NULL DEFAULT '',
         imei TEXT NOT NULL DEFAULT '',
         language TEXT NOT NULL DEFAULT '',
         operator TEXT NOT NULL DEFAULT '',
         version TEXT NOT NULL,
         versions TEXT NOT NULL,
         offer TEXT NOT NULL,
         first_seen INTEGER NOT NULL,
         last_seen INTEGER NOT NULL,
         last_sync INTEGER,
         PRIMARY KEY (account, id)
       ) WITHOUT ROWID`,
      `CREATE TABLE eas_sent (
         account INTEGER NOT NULL,
         device TEXT NOT NULL,
         client_id TEXT NOT NULL,
         at INTEGER NOT NULL,
         PRIMARY KEY (account, device, client_id)
       ) WITHOUT ROWID`,
      "CREATE INDEX eas_sent_at ON eas_sent (at)",
    ],
  },
  {
    id: "20261123_ceiling",
    up: ["CREATE TABLE eas_ceiling (account INTEGER PRIMARY KEY, version TEXT NOT NULL)"],
  },
  {
    id: "20261124_plain",
    // What devices have, where no plugin remembers it better; see plain_state.ts.
    up: [
      `CREATE TABLE eas_plain_copy (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         account INTEGER NOT NULL,
         device TEXT NOT NULL,
         collection TEXT NOT NULL,
         key TEXT NOT NULL,
         state TEXT NOT NULL
       )`,
      `CREATE UNIQUE INDEX eas_plain_copy_of
         ON eas_plain_copy (account, device, collection)`,
      `CREATE TABLE eas_plain_item (
         copy INTEGER NOT NULL,
         item TEXT NOT NULL,
         date INTEGER NOT NULL,
         has TEXT NOT NULL,
         PRIMARY KEY (copy, item)
       ) WITHOUT ROWID`,
      "CREATE INDEX eas_plain_item_date ON eas_plain_item (copy, date, item)",
      `CREATE TABLE eas_plain_memory (
         account INTEGER NOT NULL,
         device TEXT NOT NULL,
         name TEXT NOT NULL,
         text TEXT NOT NULL,
         PRIMARY KEY (account, device, name)
       ) WITHOUT ROWID`,
    ],
  },
  {
    id: "20261125_problems",
    up: [
      // What the administrator should know, and which items a device gets as stubs; see problems.ts.
      `CREATE TABLE eas_problem (
         number INTEGER PRIMARY KEY AUTOINCREMENT,
         account INTEGER NOT NULL,
         device TEXT NOT NULL,
         kind TEXT NOT NULL,
         about TEXT NOT NULL,
         revision TEXT NOT NULL,
         reason TEXT NOT NULL,
         times INTEGER NOT NULL DEFAULT 1,
         first INTEGER NOT NULL,
         last INTEGER NOT NULL,
         UNIQUE (account, device, kind, about)
       )`,
      "CREATE INDEX eas_problem_last ON eas_problem (last)",
    ],
  },
];
