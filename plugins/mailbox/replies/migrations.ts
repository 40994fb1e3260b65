// The tables of automatic replies: who was answered, and whom a person has written to.
import type { Migration } from "../../../core/mod.ts";

export const replyMigrations: readonly Migration[] = [{
  id: "20261123_replies",
  up: [
    // revision: of the settings that the sender was answered by; token: of the message answered.
    `CREATE TABLE mailbox_answered (
      account INTEGER NOT NULL,
      sender TEXT NOT NULL,                  -- in lower case
      revision INTEGER NOT NULL,
      token TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (account, sender)
    ) WITHOUT ROWID`,
    "CREATE INDEX mailbox_answered_at ON mailbox_answered (at)",
    `CREATE TABLE mailbox_correspondent (
      account INTEGER NOT NULL,
      address TEXT NOT NULL,                 -- in lower case
      PRIMARY KEY (account, address)
    ) WITHOUT ROWID`,
  ],
}];
