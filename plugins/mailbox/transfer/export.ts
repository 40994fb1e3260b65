// Writes a mailbox as Maildir folders, so that an import of them restores it.
import { createWriteStream } from "node:fs";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CliError } from "../../../core/mod.ts";
import type { Folder, ItemState, Mailbox, Marks } from "../api.ts";
import { allFolders } from "./folders.ts";
import { type FolderNotes, notesFile } from "./maildir.ts";

/** What an export did. */
export interface ExportReport {
  exported: number;
  /** Messages that could not be read. */
  readonly failed: { readonly item: string; readonly error: string }[];
  /** How many are in each folder, by its path below the directory. */
  readonly folders: Record<string, number>;
}

const pageSize = 200;

/**
 * Writes every mail folder of a mailbox below `dir`, which must be empty or absent: one Maildir for
 * each folder, subfolders inside; marks in the file names, dates as the files' times, and what
 * Maildir has no place for in `.navette.json`.
 */
export async function exportMail(
  mailbox: Mailbox,
  dir: string,
  progress: (messages: number) => void,
): Promise<ExportReport> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if ((await readdir(dir)).length > 0) throw new CliError(`Cannot export: ${dir} is not empty`, 2);
  const report: ExportReport = { exported: 0, failed: [], folders: {} };
  const folders = (await allFolders(mailbox)).filter((folder) => folder.class === "mail");
  const paths = pathsOf(folders);
  for (const folder of folders) {
    const path = paths.get(folder.id)!;
    report.folders[path] = 0;
    await exportFolder(mailbox, folder, join(dir, path), progress, report, path);
  }
  return report;
}

/** A directory for each folder; no two share one, whatever the folders are called. */
function pathsOf(folders: readonly Folder[]): Map<string, string> {
  const byId = new Map(folders.map((folder) => [folder.id, folder]));
  const paths = new Map<string, string>();
  const taken = new Set<string>();
  const pathOf = (folder: Folder): string => {
    const known = paths.get(folder.id);
    if (known !== undefined) return known;
    const parent = folder.parent === undefined ? undefined : byId.get(folder.parent);
    const name = fileName(folder.name);
    let path = parent ? join(pathOf(parent), name) : name;
    for (let number = 2; taken.has(path.toLowerCase()); number++) {
      path = `${parent ? join(pathOf(parent), name) : name} (${number})`;
    }
    taken.add(path.toLowerCase());
    paths.set(folder.id, path);
    return path;
  };
  for (const folder of folders) pathOf(folder);
  return paths;
}

/** A folder's name as the name of a directory that is no part of a Maildir. */
function fileName(name: string): string {
  const safe = name.replace(/[/\\:*?"<>|\p{Cc}]/gu, "_").replace(/^\.|[. ]$/g, "_").slice(0, 100);
  return /^(cur|new|tmp|)$/i.test(safe) ? `${safe}_` : safe;
}

async function exportFolder(
  mailbox: Mailbox,
  folder: Folder,
  dir: string,
  progress: (messages: number) => void,
  report: ExportReport,
  path: string,
): Promise<void> {
  for (const part of ["cur", "new", "tmp"]) {
    await mkdir(join(dir, part), { recursive: true, mode: 0o700 });
  }
  const marks: Record<string, Partial<Marks>> = {};
  let after: string | undefined;
  do {
    const page = await mailbox.list(folder.id, after === undefined ? {} : { after }, pageSize);
    for (const state of page.items) {
      try {
        const base = await exportItem(mailbox, state, join(dir, "cur"));
        const extra = beyondLetters(state.marks);
        if (extra) marks[base] = extra;
        report.exported++;
        report.folders[path]!++;
      } catch (error) {
        report.failed.push({ item: `${path}: ${state.id}`, error: (error as Error).message });
      }
      progress(1);
    }
    after = page.next;
  } while (after !== undefined);
  const notes: FolderNotes = {
    name: folder.name,
    ...(folder.role && { role: folder.role }),
    marks,
  };
  await writeFile(join(dir, notesFile), JSON.stringify(notes, null, 1), { mode: 0o600 });
}

async function exportItem(mailbox: Mailbox, state: ItemState, dir: string): Promise<string> {
  const { bytes } = await mailbox.part(state.id, "");
  const base = `${Math.floor(state.date / 1000)}.${state.id.replaceAll(":", "_")}.navette`;
  const file = join(dir, `${base}:2,${letters(state.marks)}`);
  await pipeline(Readable.from(bytes), createWriteStream(file, { mode: 0o600 }));
  await utimes(file, state.date / 1000, state.date / 1000);
  return base;
}

/** In the order that Maildir asks for: by letter. */
function letters({ draft, flag, forwarded, answered, read }: Marks): string {
  return [
    draft && "D",
    flag?.status === "active" && "F",
    forwarded && "P",
    answered && "R",
    read && "S",
  ].filter(Boolean).join("");
}

/** The marks that letters do not tell in full. */
function beyondLetters({ flag, keywords, verb }: Marks): Partial<Marks> | undefined {
  const plain = flag === undefined ||
    (flag.status === "active" && Object.keys(flag).length === 1);
  if (plain && keywords.length === 0 && !verb) return undefined;
  return {
    ...(!plain && { flag }),
    ...(keywords.length > 0 && { keywords }),
    ...(verb && { verb }),
  };
}
