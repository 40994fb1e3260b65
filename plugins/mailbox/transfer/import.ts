// Brings messages from files into a mailbox, each once.
import { Buffer } from "node:buffer";
import { createHash, randomUUID } from "node:crypto";
import { StorageError, Unavailable } from "../../../core/mod.ts";
import type { Mailbox } from "../api.ts";
import { FolderFinder } from "./folders.ts";
import { type Found, looksLikeMail, type Skipped } from "./found.ts";
import type { Imported } from "./imported.ts";
import { readTree } from "./tree.ts";

export interface ImportOptions {
  readonly mailbox: Mailbox;
  readonly imported: Imported;
  /** A file or a folder. */
  readonly path: string;
  /** The folder to put it into, as a path of names; empty: where it belongs, else the inbox. */
  readonly folder: readonly string[];
  /** Also what was imported before. */
  readonly again: boolean;
  /** Told after each message how many bytes of the source were done. */
  readonly progress: (bytes: number) => void;
}

/** What an import did. */
export interface ImportReport {
  imported: number;
  /** Were there already. */
  already: number;
  /** Their mail program had deleted them. */
  deleted: number;
  readonly failed: { readonly place: string; readonly error: string }[];
  /** How many came into each folder, by its path. */
  readonly folders: Record<string, number>;
}

// So many messages are on their way at a time: reading and parsing overlap with writing.
const parallel = 4;

/**
 * Imports everything below a path. A message that cannot be read is reported and passed over; a
 * store in trouble (StorageError, Unavailable) ends the import, which can then be run again.
 */
export async function importMail(options: ImportOptions): Promise<ImportReport> {
  const report: ImportReport = { imported: 0, already: 0, deleted: 0, failed: [], folders: {} };
  const context: Context = {
    finder: new FolderFinder(options.mailbox),
    run: options.again ? `:${randomUUID()}` : "",
    seen: new Set(),
  };
  const working = new Set<Promise<void>>();
  let trouble: unknown;
  const handle = async (found: Found | Skipped) => {
    try {
      await importOne(found, options, context, report);
    } catch (error) {
      if (error instanceof StorageError || error instanceof Unavailable) trouble ??= error;
      else report.failed.push({ place: found.place, error: (error as Error).message });
    }
    options.progress(found.size);
  };
  for await (const found of readTree(options.path)) {
    if (trouble) break;
    const work = handle(found).finally(() => working.delete(work));
    working.add(work);
    if (working.size >= parallel) await Promise.race(working);
  }
  await Promise.all(working);
  if (trouble) throw trouble;
  report.failed.sort((a, b) => a.place < b.place ? -1 : 1);
  return report;
}

/** What the messages of one import share. */
interface Context {
  readonly finder: FolderFinder;
  /** Makes tokens new where everything is wanted again. */
  readonly run: string;
  readonly seen: Set<string>;
}

async function importOne(
  found: Found | Skipped,
  { mailbox, imported, folder: base, again }: ImportOptions,
  { finder, run, seen }: Context,
  report: ImportReport,
): Promise<void> {
  if ("skipped" in found) {
    if (found.skipped === "deleted") report.deleted++;
    else report.failed.push({ place: found.place, error: found.skipped });
    return;
  }
  const hash = await hashOf(found);
  const folder = await finder.at([...base, ...found.folder]);
  if (!again && await imported.has(folder.id, hash)) return void report.already++;
  const short = Buffer.from(hash).toString("hex").slice(0, 32);
  // The same message twice in one source is one message.
  const key = `${folder.id}:${short}`;
  if (seen.has(key)) return void report.already++;
  seen.add(key);
  await mailbox.create(folder.id, {
    mime: found.open(),
    marks: found.marks,
    ...(found.date !== undefined && { date: found.date }),
  }, `import:${key}${run}`);
  await imported.add(folder.id, hash);
  report.imported++;
  const name = folder.role ? folder.name : [...base, ...found.folder].join("/");
  report.folders[name] = (report.folders[name] ?? 0) + 1;
}

/** The hash of a message's bytes. Throws where it is no message. */
async function hashOf(found: Found): Promise<Uint8Array> {
  const hash = createHash("sha256");
  let first = true;
  for await (const chunk of found.open()) {
    if (first && !looksLikeMail(chunk.subarray(0, 4096))) break;
    first = false;
    hash.update(chunk);
  }
  if (first) throw new Error("This is no mail message");
  return new Uint8Array(hash.digest());
}
