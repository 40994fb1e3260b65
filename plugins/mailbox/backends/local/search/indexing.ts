// Keeps the full-text index whole: older items come in, rows that lost their item go, step by step.
import type { Clock, Database, Finding, Log, Task } from "../../../../../core/mod.ts";
import { pause } from "../../../../../core/mod.ts";
import type { MailFacts } from "../../../mime/mod.ts";
import { addToIndex, type Indexed, indexed, SENTINEL } from "./index.ts";

/** Items in one transaction, so that mail does not wait for it. */
const STEP = 50;
/** Between two steps, in milliseconds: others come in between. */
const BREATH = 25;
/** Between two rounds. */
const MINUTE = 60_000;
/** Items whose numbers are taken back at once. */
const RESET = 5000;

/** The background work of the index: rounds until it is whole, then one every minute. */
export function searchIndexing(
  { db, clock, log }: { db: Database; clock: Clock; log: Log },
): Task {
  return {
    name: "mailbox search index",
    async run(signal) {
      while (!signal.aborted) {
        try {
          await round(db, clock, log, signal);
        } catch (error) {
          log.warn({ err: error }, "The search index could not be brought up to date; tried again");
        }
        await pause(clock, MINUTE, signal);
      }
    },
  };
}

async function round(db: Database, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  const steps = [() => resetLost(db), () => indexAny(db), () => dropLost(db)];
  for (const step of steps) {
    for (let done = 0; !signal.aborted && await step(); done++) {
      if (step === steps[1] && done % 200 === 0) {
        log.info({ left: await wordless(db) }, "Older mail is put into the search index");
      }
      await pause(clock, BREATH, signal);
    }
  }
}

/** What `doctor` says of the index. */
export async function indexFinding(db: Database): Promise<Finding> {
  const left = await wordless(db);
  const check = "search index";
  if (left === 0) return { check, level: "ok", detail: "All mail is in it" };
  return {
    check,
    level: "warning",
    detail: `${left} messages are not in it yet: a search may miss them`,
    fix: "Let the server run: it adds some thousand each minute",
  };
}

/** How many items are not in the index yet. */
export async function wordless(db: Database): Promise<number> {
  const [row] = await db.all<{ left: number }>(
    "SELECT count(*) AS left FROM mailbox_item WHERE words IS NULL",
  );
  return row!.left;
}

/**
 * After a backup that was copied row by row the index is an empty one: then all items are as if they
 * had never been in it. True: there may be more to do.
 */
async function resetLost(db: Database): Promise<boolean> {
  const [sentinel] = await db.all("SELECT rowid FROM mailbox_words WHERE rowid = ?", [SENTINEL]);
  if (sentinel) return false;
  return await db.transaction(async (tx) => {
    const { changes } = await tx.run(
      "UPDATE mailbox_item SET words = NULL WHERE id IN " +
        "(SELECT id FROM mailbox_item WHERE words IS NOT NULL LIMIT ?)",
      [RESET],
    );
    if (changes > 0) return true;
    await tx.run("DELETE FROM mailbox_lost_words");
    await tx.run("INSERT INTO mailbox_words (rowid) VALUES (?)", [SENTINEL]);
    return false;
  });
}

interface Wordless {
  readonly id: number;
  readonly date: number;
  readonly account: number;
  readonly message: number;
  readonly facts: string | null;
  readonly text: string | null;
  readonly html: string | null;
}

const wordlessSql = (where: string) =>
  `SELECT i.id, i.date, f.account, i.message, m.facts, m.text, m.html
    FROM (SELECT id, date, folder, message FROM mailbox_item
      WHERE words IS NULL AND ${where} LIMIT ?) i
    CROSS JOIN mailbox_folder f ON f.id = i.folder
    CROSS JOIN mailbox_message m ON m.id = i.message`;

/** One step for whoever is next, newest mail of a folder first. True: there is more. */
async function indexAny(db: Database): Promise<boolean> {
  return await indexRows(db, wordlessSql("1 ORDER BY folder, date DESC"), []);
}

/**
 * Puts the newest of some folders' items into the index, up to `most`; true where some are left. A
 * folder that is all in the index costs one look.
 */
export async function indexOlder(
  db: Database,
  folders: readonly number[],
  most: number,
): Promise<boolean> {
  const list = JSON.stringify(folders);
  const [any] = await db.all(
    "SELECT 1 FROM json_each(?) j WHERE EXISTS " +
      "(SELECT 1 FROM mailbox_item WHERE folder = j.value AND words IS NULL) LIMIT 1",
    [list],
  );
  if (!any) return false;
  const sql = wordlessSql("folder IN (SELECT value FROM json_each(?)) ORDER BY date DESC");
  for (let done = 0; done < most; done += STEP) {
    if (!await indexRows(db, sql, [list])) return false;
  }
  return true;
}

async function indexRows(db: Database, sql: string, values: readonly string[]): Promise<boolean> {
  const rows = await db.all<Wordless>(sql, [...values, STEP]);
  const all = rows.map((row) => ({ row, words: wordsOf(row) }));
  await db.transaction(async (tx) => {
    for (const { row, words } of all) {
      const still = await tx.all(
        "SELECT 1 FROM mailbox_item WHERE id = ? AND message = ? AND words IS NULL",
        [row.id, row.message],
      );
      if (still.length === 0) continue;
      const number = await addToIndex(tx, row.account, row.date, words);
      await tx.run("UPDATE mailbox_item SET words = ? WHERE id = ?", [number, row.id]);
    }
  });
  return rows.length === STEP;
}

function wordsOf({ facts, text, html }: Wordless): Indexed {
  return indexed(JSON.parse(facts!) as MailFacts, text ?? undefined, html ?? undefined);
}

/** Removes rows that no item has any more; moved items took theirs along. True: there is more. */
async function dropLost(db: Database): Promise<boolean> {
  return await db.transaction(async (tx) => {
    const lost = await tx.all<{ words: number; used: number }>(
      "SELECT l.words, EXISTS (SELECT 1 FROM mailbox_item i WHERE i.words = l.words) AS used " +
        "FROM mailbox_lost_words l LIMIT ?",
      [STEP * 4],
    );
    for (const { words, used } of lost) {
      if (!used) await tx.run("DELETE FROM mailbox_words WHERE rowid = ?", [words]);
      await tx.run("DELETE FROM mailbox_lost_words WHERE words = ?", [words]);
    }
    return lost.length === STEP * 4;
  });
}
