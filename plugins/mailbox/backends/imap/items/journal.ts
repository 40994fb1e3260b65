// Writes that happen once per token: what was meant is kept before it is done, and what came of it.
import type { Database } from "../../../../../core/mod.ts";
import { pause, Unavailable } from "../../../../../core/mod.ts";
import { NotFound, Refused } from "../../../api.ts";
import { inTurn } from "./in_turn.ts";
import type { ItemStore } from "./item_store.ts";

/** How long a process that has died keeps others from finishing what it began, at most. */
const claimed = 30_000;
const renewed = 10_000;
/** And where its end is certain: what it sent last may still be on its way through the mail server. */
const settled = 2_000;
/** How long somebody waits for another process that is at the same write. */
const waited = 10_000;
const looked = 250;

/** A row of `mailbox_imap_write`. */
interface WriteRow {
  readonly intention: string;
  readonly outcome: string | null;
  readonly owner: string;
  readonly until: number;
}

/** One try of a write. */
export interface Attempt<I> {
  /** What an earlier try meant to do: it may have happened. Undefined: there was none. */
  readonly before: I | undefined;
  /** Keeps what is going to be done now. From here on it may happen. */
  intend(intention: I): Promise<void>;
  /** In the transaction that notes what was done: the answer, and the row of the item it made. */
  done(tx: Database, answer: unknown, item?: number): Promise<void>;
  /** In place of that: it has happened, and who asks again wants it again. */
  forget(): Promise<void>;
}

/**
 * Does `work` once per token and answers a repeat with what the first one answered. What it answers
 * must survive JSON. `NotFound` and `Refused` say that it did not happen, and free the token.
 */
export async function once<I, R>(
  store: ItemStore,
  token: string,
  work: (attempt: Attempt<I>) => Promise<R>,
): Promise<R> {
  return await inTurn(store, token, () => claim(store, token, work));
}

async function claim<I, R>(
  store: ItemStore,
  token: string,
  work: (attempt: Attempt<I>) => Promise<R>,
): Promise<R> {
  const row = await take(store, token);
  if (row.outcome !== null) return JSON.parse(row.outcome) as R;
  const stop = keepClaim(store, token);
  const attempt = attemptOf<I>(store, token, row.intention);
  try {
    return await work(attempt);
  } catch (error) {
    await release(store, token, attempt, error).catch(() => {});
    throw error;
  } finally {
    stop();
  }
}

/** The row of a token, ours from now on; or with its outcome. */
async function take(store: ItemStore, token: string): Promise<WriteRow> {
  const { db, clock, owner, connections } = store;
  const account = connections.account.id;
  for (const end = clock.now() + waited;;) {
    const now = clock.now();
    await db.run(
      "INSERT INTO mailbox_imap_write (account, token, intention, owner, until, at) " +
        "VALUES (?1, ?2, '', ?3, ?4, ?5) ON CONFLICT (account, token) DO UPDATE " +
        "SET owner = excluded.owner, until = excluded.until " +
        "WHERE outcome IS NULL AND (owner = excluded.owner OR until <= ?5)",
      [account, token, owner, now + claimed, now],
    );
    const [row] = await db.all<WriteRow>(
      "SELECT intention, outcome, owner, until FROM mailbox_imap_write " +
        "WHERE account = ? AND token = ?",
      [account, token],
    );
    if (row && (row.outcome !== null || row.owner === owner)) return row;
    if (row && now - row.until >= settled - claimed && store.hasEnded?.(row.owner)) {
      await disown(store, token, row);
      continue;
    }
    if (clock.now() >= end) {
      throw new Unavailable("Cannot write: another process is at it", looked / 1000);
    }
    await pause(clock, looked);
  }
}

/** Takes a write from a process that has ended; whoever is next can have it. */
async function disown({ db, connections }: ItemStore, token: string, row: WriteRow): Promise<void> {
  await db.run(
    "UPDATE mailbox_imap_write SET until = 0 WHERE account = ? AND token = ? AND owner = ? " +
      "AND outcome IS NULL",
    [connections.account.id, token, row.owner],
  );
}

/** Keeps other processes away for as long as this one is at it. */
function keepClaim({ db, clock, owner, connections }: ItemStore, token: string): () => void {
  let stop = () => {};
  const again = () => {
    stop = clock.after(renewed, () => {
      db.run(
        "UPDATE mailbox_imap_write SET until = ? WHERE account = ? AND token = ? AND owner = ?",
        [clock.now() + claimed, connections.account.id, token, owner],
      ).catch(() => {});
      again();
    });
  };
  again();
  return () => stop();
}

interface OpenAttempt<I> extends Attempt<I> {
  begun: boolean;
}

function attemptOf<I>(store: ItemStore, token: string, intention: string): OpenAttempt<I> {
  const { db, clock, connections: { account } } = store;
  const attempt: OpenAttempt<I> = {
    before: intention === "" ? undefined : JSON.parse(intention) as I,
    begun: intention !== "",
    async intend(next) {
      await db.run("UPDATE mailbox_imap_write SET intention = ? WHERE account = ? AND token = ?", [
        JSON.stringify(next),
        account.id,
        token,
      ]);
      attempt.begun = true;
    },
    async forget() {
      await db.run("DELETE FROM mailbox_imap_write WHERE account = ? AND token = ?", [
        account.id,
        token,
      ]);
    },
    async done(tx, answer, item) {
      await tx.run(
        "UPDATE mailbox_imap_write SET outcome = ?, item = ?, at = ? " +
          "WHERE account = ? AND token = ?",
        [JSON.stringify(answer ?? null), item ?? null, clock.now(), account.id, token],
      );
    },
  };
  return attempt;
}

/** A try has failed. Where it may have happened all the same, the next one looks. */
async function release(
  { db, connections }: ItemStore,
  token: string,
  { begun }: OpenAttempt<unknown>,
  error: unknown,
): Promise<void> {
  const free = !begun || error instanceof NotFound || error instanceof Refused;
  await db.run(
    free
      ? "DELETE FROM mailbox_imap_write WHERE account = ? AND token = ? AND outcome IS NULL"
      : "UPDATE mailbox_imap_write SET until = 0, owner = '' " +
        "WHERE account = ? AND token = ? AND outcome IS NULL",
    [connections.account.id, token],
  );
}
