// Mail on its way out, as the database keeps it: written before it is accepted, removed when done.
import { type Clock, ConstraintError, type Database } from "../../../core/mod.ts";
import { type Bytes, pieces } from "../bytes.ts";
import type { Acceptance, Entry, Recipient } from "./entry.ts";

/** How long whoever works on a message has it for himself before it is free again, in ms. */
export const lease = 120_000;

/** A process that slept longer than its lease finds that another one goes on with the message. */
export class TakenOver extends Error {
  override name = "TakenOver";
}

const chunkSize = 256 * 1024;

type Num = number;
const entryColumns = `id, account_id AS accountId, sender, head, size, save_sent AS saveSent,
  created, rounds, warned`;

/** The queue's tables. */
export class Queue {
  readonly #db: Database;
  readonly #clock: Clock;
  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Whether the account has sent under that token before. */
  async knows(accountId: number, token: string): Promise<boolean> {
    const sql = `SELECT 1 FROM mailbox_outgoing WHERE account_id = ? AND token = ?`;
    return (await this.#db.all(sql, [accountId, token])).length > 0;
  }

  /** Stores a body, piece by piece; nothing of it counts before {@link Queue.accept}. */
  async receive(accountId: number, sender: string, body: Bytes): Promise<{ id: Num; size: Num }> {
    const all = pieces(body, chunkSize)[Symbol.asyncIterator]();
    const first = await all.next();
    // Most bodies are of one piece: then this is all.
    const id = await this.#db.transaction(async (tx) => {
      const sql = `INSERT INTO mailbox_outgoing (account_id, sender, created) VALUES (?, ?, ?)
        RETURNING id`;
      const [row] = await tx.all<{ id: Num }>(sql, [accountId, sender, this.#clock.now()]);
      if (!first.done) await putChunk(tx, row!.id, 0, first.value);
      return row!.id;
    });
    let size = first.done ? 0 : first.value.length;
    let number = 1;
    try {
      for (let next = await all.next(); !next.done; next = await all.next()) {
        await putChunk(this.#db, id, number++, next.value);
        size += next.value.length;
      }
    } catch (error) {
      await this.drop(id).catch(() => {}); // housekeeping does it too; the cause matters more
      throw error;
    }
    return { id, size };
  }

  /** Makes a received message count, leased to the caller. False: that token was there before. */
  async accept(id: number, token: string, what: Acceptance): Promise<boolean> {
    try {
      await this.#db.transaction(async (tx) => {
        await tx.run(
          `UPDATE mailbox_outgoing SET token = ?, head = ?, size = ?, save_sent = ?, due = ?
            WHERE id = ?`,
          [token, what.head, what.size, Number(what.saveSent), this.#clock.now() + lease, id],
        );
        for (const one of what.recipients) {
          await tx.run(
            `INSERT INTO mailbox_outgoing_recipient
              (outgoing_id, address, account_id, state, status, diagnostic)
              VALUES (?, ?, ?, ?, ?, ?)`,
            [id, one.address, one.accountId ?? null, one.state, one.status, one.diagnostic],
          );
        }
      });
      return true;
    } catch (error) {
      if (!(error instanceof ConstraintError && error.kind === "unique")) throw error;
      await this.drop(id);
      return false;
    }
  }

  async drop(id: number): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await tx.run(`DELETE FROM mailbox_outgoing_recipient WHERE outgoing_id = ?`, [id]);
      await tx.run(`DELETE FROM mailbox_outgoing_chunk WHERE outgoing_id = ?`, [id]);
      await tx.run(`DELETE FROM mailbox_outgoing WHERE id = ?`, [id]);
    });
  }

  /** Takes messages that are due, oldest first, and leases them to the caller. */
  claim(limit: number): Promise<Entry[]> {
    return this.#db.transaction(async (tx) => {
      const now = this.#clock.now();
      const found = await tx.all<{ id: Num }>(
        `SELECT id FROM mailbox_outgoing WHERE due <= ? ORDER BY due LIMIT ?`,
        [now, limit],
      );
      const entries: Entry[] = [];
      for (const { id } of found) {
        const entry = await entryOf(tx, id);
        await tx.run(`UPDATE mailbox_outgoing SET due = ? WHERE id = ?`, [now + lease, id]);
        if (entry) entries.push(entry);
      }
      return entries;
    });
  }

  /** Keeps a message for its worker. */
  async renew(id: number): Promise<void> {
    const sql = `UPDATE mailbox_outgoing SET due = ? WHERE id = ? AND due IS NOT NULL`;
    await this.#db.run(sql, [this.#clock.now() + lease, id]);
  }

  /** When the next message wants work; undefined: there is none. */
  async nextDue(): Promise<number | undefined> {
    const sql = `SELECT min(due) AS due FROM mailbox_outgoing WHERE due IS NOT NULL`;
    return (await this.#db.all<{ due: Num | null }>(sql))[0]?.due ?? undefined;
  }

  entry(id: number): Promise<Entry | undefined> {
    return entryOf(this.#db, id);
  }

  async *body(id: number): Bytes {
    const sql = `SELECT bytes FROM mailbox_outgoing_chunk WHERE outgoing_id = ? AND number = ?`;
    for (let number = 0;; number++) {
      const [row] = await this.#db.all<{ bytes: Uint8Array }>(sql, [id, number]);
      if (!row) return;
      yield row.bytes;
    }
  }

  async recipients(id: number): Promise<Recipient[]> {
    const rows = await this.#db.all<Omit<Recipient, "told"> & { told: Num }>(
      `SELECT address, account_id AS accountId, state, status, diagnostic, round, told
        FROM mailbox_outgoing_recipient WHERE outgoing_id = ? ORDER BY address`,
      [id],
    );
    return rows.map((row) => ({
      ...row,
      accountId: row.accountId ?? undefined,
      told: row.told === 1,
    }));
  }

  async warned(id: number): Promise<void> {
    await this.#db.run(`UPDATE mailbox_outgoing SET warned = 1 WHERE id = ?`, [id]);
  }

  /** An account can send again: what of its mail waits is due now, unless somebody works on it. */
  async hurry(accountId: number): Promise<boolean> {
    const now = this.#clock.now();
    const { changes } = await this.#db.run(
      `UPDATE mailbox_outgoing SET due = ? WHERE account_id = ? AND due > ?`,
      [now, accountId, now + lease],
    );
    return changes > 0;
  }

  async sentSaved(id: number): Promise<void> {
    await this.#db.run(`UPDATE mailbox_outgoing SET save_sent = 0 WHERE id = ?`, [id]);
  }

  /**
   * From here on nobody may hand the message to these recipients again. Throws {@link TakenOver} where
   * somebody else is at it.
   */
  async committing(id: number, addresses: readonly string[]): Promise<void> {
    await this.#db.transaction(async (tx) => {
      for (const address of addresses) {
        const { changes } = await tx.run(
          `UPDATE mailbox_outgoing_recipient SET state = 'committing'
            WHERE outgoing_id = ? AND address = ? AND state = 'waiting'`,
          [id, address],
        );
        if (changes === 0) {
          throw new TakenOver(`Cannot hand over outgoing mail ${id}: another process is at it`);
        }
      }
    });
  }

  /** Writes down how recipients came off; `saved`: and that nothing is left to put into Sent. */
  async settle(
    id: number,
    rounds: number,
    recipients: readonly Recipient[],
    saved = false,
  ): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const sent = saved ? ", save_sent = 0" : "";
      await tx.run(`UPDATE mailbox_outgoing SET rounds = ?${sent} WHERE id = ?`, [rounds, id]);
      for (const { address, state, status, diagnostic, round, told } of recipients) {
        await tx.run(
          `UPDATE mailbox_outgoing_recipient
            SET state = ?, status = ?, diagnostic = ?, round = ?, told = ?
            WHERE outgoing_id = ? AND address = ?`,
          [state, status, diagnostic, round, Number(told), id, address],
        );
      }
    });
  }

  /** Gives a message back until `due`; undefined: nothing is left to do, its bytes go. */
  async release(id: number, due: number | undefined): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await tx.run(`UPDATE mailbox_outgoing SET due = ? WHERE id = ?`, [due ?? null, id]);
      if (due !== undefined) return;
      await tx.run(`DELETE FROM mailbox_outgoing_chunk WHERE outgoing_id = ?`, [id]);
      await tx.run(`UPDATE mailbox_outgoing SET head = x'' WHERE id = ?`, [id]);
    });
  }

  /** Removes what was never accepted and is a day old, and what was done 30 days ago. */
  async clean(): Promise<void> {
    const day = 86_400_000;
    const now = this.#clock.now();
    const found = await this.#db.all<{ id: Num }>(
      `SELECT id FROM mailbox_outgoing WHERE due IS NULL AND created < ?
        AND (token IS NULL OR created < ?)`,
      [now - day, now - 30 * day],
    );
    for (const { id } of found) await this.drop(id);
  }

  async removeAccount(accountId: number): Promise<void> {
    const sql = `SELECT id FROM mailbox_outgoing WHERE account_id = ?`;
    for (const { id } of await this.#db.all<{ id: Num }>(sql, [accountId])) await this.drop(id);
  }

  /** How many messages wait, and since when the oldest does. */
  async waiting(): Promise<{ readonly count: number; readonly oldest: number | undefined }> {
    const sql = `SELECT count(*) AS count, min(created) AS oldest FROM mailbox_outgoing
      WHERE due IS NOT NULL`;
    const [row] = await this.#db.all<{ count: Num; oldest: Num | null }>(sql);
    return { count: row?.count ?? 0, oldest: row?.oldest ?? undefined };
  }
}

async function putChunk(db: Database, id: number, number: number, bytes: Uint8Array) {
  await db.run(`INSERT INTO mailbox_outgoing_chunk VALUES (?, ?, ?)`, [id, number, bytes]);
}

async function entryOf(db: Database, id: number): Promise<Entry | undefined> {
  const rows = await db.all<Omit<Entry, "saveSent" | "warned"> & { saveSent: Num; warned: Num }>(
    `SELECT ${entryColumns} FROM mailbox_outgoing WHERE id = ? AND token IS NOT NULL`,
    [id],
  );
  const [row] = rows;
  return row && { ...row, saveSent: row.saveSent === 1, warned: row.warned === 1 };
}
