// What went wrong with items and devices, kept for the administrator: `navette eas problems`.
import type { Clock, Database } from "../../core/mod.ts";
import type { DeviceRef } from "./sync_state.ts";

/** Nobody looks at what was last seen that long ago. Milliseconds. */
const kept = 180 * 24 * 3_600_000;

/** The longest reason that is kept, in characters: a converter may quote half a message. */
const longest = 500;

/**
 * `unreadable`: an item cannot be converted and goes out as a stub. `indigestible`: a device asked
 * for an answer with this item again and again, and got a stub of it in the end. `flood`: a device
 * added the same to a folder so often that the folder pauses for it.
 */
export type ProblemKind = "unreadable" | "indigestible" | "flood";

/** What is noted: one row by device, kind and what it concerns. */
export interface Noted extends DeviceRef {
  readonly kind: ProblemKind;
  /** The id of the item or, in case of a flood, of the folder. */
  readonly about: string;
  /** The item's content, as its revision; empty where that does not matter. */
  readonly revision?: string;
  readonly reason: string;
}

/** Times are milliseconds. */
export interface Problem extends Required<Noted> {
  /** What it is called at the command line. */
  readonly number: number;
  readonly times: number;
  readonly first: number;
  readonly last: number;
}

export interface Problems {
  /** Notes a problem, or that it is there once more. */
  note(problem: Noted): Promise<void>;
  /** The items that the device could not digest: by id, with revision and reason. Few, if any. */
  indigestible(
    device: DeviceRef,
  ): Promise<Map<string, { readonly revision: string; readonly reason: string }>>;
  /** The problems of an account, or of all; the latest first. */
  list(account?: number): Promise<Problem[]>;
  /** Forgets one; false where there is none of this number. */
  remove(number: number): Promise<boolean>;
  /** Forgets those of an account. */
  forget(account: number): Promise<void>;
}

/** The list in the table `eas_problem`. */
export function problemList(db: Database, clock: Clock): Problems {
  return {
    async note({ account, device, kind, about, revision = "", reason }) {
      const now = clock.now();
      await db.transaction(async (tx) => {
        await tx.run("DELETE FROM eas_problem WHERE last < ?", [now - kept]);
        await tx.run(
          `INSERT INTO eas_problem (account, device, kind, about, revision, reason, first, last)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
             ON CONFLICT (account, device, kind, about) DO UPDATE SET revision = excluded.revision,
               reason = excluded.reason, times = times + 1, last = excluded.last`,
          [account, device, kind, about, revision, reason.slice(0, longest), now],
        );
      });
    },
    async indigestible({ account, device }) {
      const rows = await db.all<Pick<Problem, "about" | "revision" | "reason">>(
        `SELECT about, revision, reason FROM eas_problem
           WHERE account = ? AND device = ? AND kind = 'indigestible'`,
        [account, device],
      );
      return new Map(rows.map(({ about, ...rest }) => [about, rest]));
    },
    list(account) {
      const sql = (where: string) =>
        `SELECT number, account, device, kind, about, revision, reason, times, first, last
           FROM eas_problem ${where} ORDER BY last DESC, number DESC`;
      if (account === undefined) return db.all<Problem>(sql(""));
      return db.all<Problem>(sql("WHERE account = ?"), [account]);
    },
    async remove(number) {
      const sql = "DELETE FROM eas_problem WHERE number = ?";
      return (await db.run(sql, [number])).changes > 0;
    },
    async forget(account) {
      await db.run("DELETE FROM eas_problem WHERE account = ?", [account]);
    },
  };
}
