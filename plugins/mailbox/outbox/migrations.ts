// The tables of mail on its way out.
import type { Migration } from "../../../core/mod.ts";

export const outboxMigrations: readonly Migration[] = [{
  id: "20261122_outgoing",
  up: [
    // token: empty (NULL) until the message is whole and accepted; kept after it is done, so that a
    // repetition is recognised. due: when it wants work, NULL when nothing is left; whoever works on
    // it moves `due` ahead first (a lease), so that two processes never send the same message.
    `CREATE TABLE mailbox_outgoing (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      account_id INTEGER NOT NULL,
      token TEXT,
      sender TEXT NOT NULL,
      head BLOB NOT NULL DEFAULT x'',
      size INTEGER NOT NULL DEFAULT 0,
      save_sent INTEGER NOT NULL DEFAULT 0,
      created INTEGER NOT NULL,
      rounds INTEGER NOT NULL DEFAULT 0,
      warned INTEGER NOT NULL DEFAULT 0,
      due INTEGER
    )`,
    `CREATE UNIQUE INDEX mailbox_outgoing_token ON mailbox_outgoing (account_id, token)`,
    `CREATE INDEX mailbox_outgoing_due ON mailbox_outgoing (due) WHERE due IS NOT NULL`,
    `CREATE INDEX mailbox_outgoing_created ON mailbox_outgoing (created)`,
    `CREATE TABLE mailbox_outgoing_chunk (
      outgoing_id INTEGER NOT NULL REFERENCES mailbox_outgoing (id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      bytes BLOB NOT NULL,
      PRIMARY KEY (outgoing_id, number)
    )`,
    // state: waiting, committing (the relay has it all but has not answered), sent, failed.
    // told: the sender has the bounce of that round.
    `CREATE TABLE mailbox_outgoing_recipient (
      outgoing_id INTEGER NOT NULL REFERENCES mailbox_outgoing (id) ON DELETE CASCADE,
      address TEXT NOT NULL,
      account_id INTEGER,
      state TEXT NOT NULL DEFAULT 'waiting',
      status TEXT NOT NULL DEFAULT '',
      diagnostic TEXT NOT NULL DEFAULT '',
      round INTEGER NOT NULL DEFAULT 0,
      told INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (outgoing_id, address)
    )`,
  ],
}];
