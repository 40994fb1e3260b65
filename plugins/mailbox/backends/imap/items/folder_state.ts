// Up to where the rows of a folder agree with the server, and how they are written: by nobody who
// looked at the server before somebody else wrote.
import { type Database, Unavailable } from "../../../../../core/mod.ts";
import type { OpenFolder } from "../connections/connections.ts";

/** A row of `mailbox_imap_state`. */
export interface FolderState {
  readonly folder: number;
  readonly validity: string;
  /** Empty where the server has none. */
  readonly modseq: string;
  readonly uidnext: number;
  readonly messages: number;
  readonly seq: number;
  readonly forgotten: number;
  readonly version: number;
  readonly matching: number;
  readonly leftovers: number;
}

/** A folder as it was when it was opened. */
export interface Snapshot {
  readonly validity: string;
  readonly modseq: string;
  readonly uidnext: number;
  readonly messages: number;
}

/** A write to a folder's rows, inside a transaction. */
export interface FolderWrite {
  readonly tx: Database;
  readonly folder: number;
  readonly now: number;
  readonly state: FolderState;
  /** The number of one more change. */
  next(): number;
  /** What is true of the folder after this write. */
  set(state: Partial<FolderState>): void;
}

/** Somebody else wrote meanwhile: what was seen of the server may be older than the rows are. */
export class Overtaken extends Error {
  override name = "Overtaken";
}

export function snapshotOf({ client, mailbox }: OpenFolder): Snapshot {
  if (!mailbox.uidNext || !mailbox.uidValidity) {
    throw new Unavailable(
      `Cannot tell messages of ${mailbox.path} apart: no UIDNEXT, or no UIDVALIDITY`,
    );
  }
  const counts = client.enabled.has("CONDSTORE") && !mailbox.noModseq;
  return {
    validity: String(mailbox.uidValidity),
    modseq: counts && mailbox.highestModseq ? String(mailbox.highestModseq) : "",
    uidnext: mailbox.uidNext,
    messages: mailbox.exists,
  };
}

/** Nothing has happened between the two, as far as the server's numbers tell. */
export function isSameSnapshot(one: Snapshot, other: Snapshot): boolean {
  return one.validity === other.validity && one.modseq === other.modseq &&
    one.uidnext === other.uidnext && one.messages === other.messages;
}

export async function readState(db: Database, folder: number): Promise<FolderState | undefined> {
  const [row] = await db.all<FolderState>("SELECT * FROM mailbox_imap_state WHERE folder = ?", [
    folder,
  ]);
  return row;
}

/** The state of a folder that nobody has used before: as it is now. */
export async function beginState(
  db: Database,
  account: number,
  folder: number,
  seen: Snapshot,
): Promise<FolderState> {
  await db.run(
    "INSERT INTO mailbox_imap_state (folder, account, validity, modseq, uidnext, messages, seq) " +
      "VALUES (?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING",
    [folder, account, seen.validity, seen.modseq, seen.uidnext, seen.messages],
  );
  return (await readState(db, folder))!;
}

/**
 * Writes to a folder's rows. `expected`: what was read of the server belongs to that version, and
 * the write fails as {@link Overtaken} where there is another one. Returns what `work` does.
 */
export async function writeFolder<R>(
  tx: Database,
  folder: number,
  now: number,
  expected: number | undefined,
  work: (write: FolderWrite) => Promise<R>,
): Promise<R> {
  const state = await readState(tx, folder);
  if (!state || (expected !== undefined && state.version !== expected)) {
    throw new Overtaken("Cannot write: the folder was written meanwhile");
  }
  let { seq } = state;
  let after: Partial<FolderState> = {};
  const result = await work({
    tx,
    folder,
    now,
    state,
    next: () => ++seq,
    set: (more) => after = { ...after, ...more },
  });
  const next = { ...state, ...after };
  await tx.run(
    "UPDATE mailbox_imap_state SET validity = ?, modseq = ?, uidnext = ?, messages = ?, seq = ?, " +
      "forgotten = ?, matching = ?, leftovers = ?, version = version + 1 WHERE folder = ?",
    [
      next.validity,
      next.modseq,
      next.uidnext,
      next.messages,
      seq,
      next.forgotten,
      next.matching,
      next.leftovers,
      folder,
    ],
  );
  return result;
}

/** How often somebody may be faster. */
const patience = 50;

/** Does `work` again where somebody was faster. */
export async function untilFirst<R>(work: () => Promise<R>): Promise<R> {
  for (let tries = 1;; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      if (tries === patience) throw new Unavailable("Cannot keep up with the folder");
    }
  }
}
