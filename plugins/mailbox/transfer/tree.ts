// Walks whatever a person points an import at, and finds the messages in it.
import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Bytes } from "../bytes.ts";
import { dateOf, type Found, type Skipped, withCrlf } from "./found.ts";
import { isMaildir, plusPlusName, readMaildir, readNotes } from "./maildir.ts";
import { readMbox } from "./mbox.ts";

/**
 * Every message below `path`: an mbox file, a Maildir with its subfolders, an .eml file, or a folder
 * of these; folders of it become folders of the mailbox. Files that are none of this are passed over.
 */
export async function* readTree(
  path: string,
  folder: readonly string[] = [],
): AsyncGenerator<Found | Skipped> {
  if ((await stat(path)).isDirectory()) yield* readFolder(path, folder);
  else if (await isMbox(path)) yield* readMbox(path, folder);
  else yield await readEml(path, folder);
}

async function* readFolder(
  dir: string,
  folder: readonly string[],
): AsyncGenerator<Found | Skipped> {
  const entries = await readdir(dir, { withFileTypes: true });
  const names = entries.map(({ name }) => name);
  const maildir = isMaildir(names);
  if (maildir) yield* readMaildir(dir, folder);
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) {
      if (maildir && ["cur", "new", "tmp"].includes(entry.name)) continue;
      const below = await namesOf(path, entry.name, maildir);
      if (below) yield* readFolder(path, [...folder, ...below]);
    } else if (!maildir && entry.isFile() && !entry.name.startsWith(".")) {
      if (/\.eml$/i.test(entry.name)) yield await readEml(path, folder);
      else if (await isMbox(path)) yield* readMbox(path, mboxFolder(entry.name, folder));
    }
  }
}

/** How a subfolder is called; undefined: it holds no mail. */
async function namesOf(
  path: string,
  name: string,
  inMaildir: boolean,
): Promise<readonly string[] | undefined> {
  if (name.startsWith(".")) return inMaildir && name !== "." ? plusPlusName(name) : undefined;
  const notes = await readNotes(path);
  // Thunderbird keeps subfolders of `Name` in `Name.sbd`, Apple Mail keeps `mbox` in `Name.mbox`.
  return [notes?.name ?? name.replace(/\.(sbd|mbox)$/i, "")];
}

function mboxFolder(name: string, folder: readonly string[]): readonly string[] {
  return name === "mbox" ? folder : [...folder, name.replace(/\.(mbox|mbx)$/i, "")];
}

/** An mbox begins with a separator. */
async function isMbox(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(5), 0, 5, 0);
    const start = new TextDecoder().decode(buffer.subarray(0, bytesRead));
    return start === "From " || (bytesRead === 0 && /\.mbox$/i.test(path));
  } finally {
    await file.close();
  }
}

async function readEml(path: string, folder: readonly string[]): Promise<Found | Skipped> {
  try {
    const { size, mtimeMs } = await stat(path);
    return {
      place: path,
      folder,
      marks: { read: true },
      date: dateOf(await beginning(path)) ?? Math.round(mtimeMs),
      size,
      open: () => withCrlf(createReadStream(path) as Bytes),
    };
  } catch (error) {
    return { place: path, size: 0, skipped: (error as Error).message };
  }
}

async function beginning(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(65_536), 0, 65_536, 0);
    const text = buffer.subarray(0, bytesRead);
    const end = /\r?\n\r?\n/.exec(new TextDecoder("latin1").decode(text));
    return end ? text.subarray(0, end.index + end[0].length) : text;
  } finally {
    await file.close();
  }
}

/** How many bytes there are to read, for the progress: a little more than messages hold. */
export async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.size;
  let size = 0;
  for (const name of await readdir(path)) size += await sizeOf(join(path, name)).catch(() => 0);
  return size;
}

/** What a source is called in a report. */
export function titleOf(path: string): string {
  return basename(path) || path;
}
