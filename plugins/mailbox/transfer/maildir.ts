// Reads Maildir folders: one file per message, marks in its name, the date in its time.
import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Marks } from "../api.ts";
import type { Bytes } from "../bytes.ts";
import { type Found, type Skipped, withCrlf } from "./found.ts";

/** What an export keeps beside a folder's messages: what Maildir has no place for. */
export interface FolderNotes {
  readonly name: string;
  readonly role?: string;
  /** By file name without marks: marks that letters cannot tell. */
  readonly marks: Readonly<Record<string, Partial<Marks>>>;
}

/** The file that holds them. */
export const notesFile = ".navette.json";

/** A Maildir has `cur`; what is in it is a message. */
export function isMaildir(entries: readonly string[]): boolean {
  return entries.includes("cur");
}

/** The messages of one Maildir folder, without its subfolders. */
export async function* readMaildir(
  dir: string,
  folder: readonly string[],
): AsyncGenerator<Found | Skipped> {
  const keywords = await keywordsOf(dir);
  const notes = (await readNotes(dir))?.marks ?? {};
  for (const part of ["cur", "new"]) {
    const names = await readdir(join(dir, part)).catch(() => []);
    for (const name of names.filter((name) => !name.startsWith(".")).sort()) {
      const place = join(dir, part, name);
      const [base, letters] = splitName(name);
      try {
        const { size, mtimeMs } = await stat(place);
        const marks = { ...marksOf(letters, keywords), ...notes[base] };
        yield {
          place,
          folder: letters.includes("T") ? ["Trash"] : folder,
          marks,
          date: Math.round(mtimeMs),
          size,
          open: () => withCrlf(createReadStream(place) as Bytes),
        };
      } catch (error) {
        yield { place, size: 0, skipped: (error as Error).message };
      }
    }
  }
}

/** `name:2,FLAGS`; some file systems want another sign than the colon. */
function splitName(name: string): [base: string, letters: string] {
  const match = /^(.*)[:;!]2,([A-Za-z]*)$/.exec(name);
  return match ? [match[1]!, match[2]!] : [name, ""];
}

function marksOf(letters: string, keywords: readonly string[]): Partial<Marks> {
  const own = [...letters].filter((letter) => /[a-z]/.test(letter))
    .flatMap((letter) => keywords[letter.charCodeAt(0) - 97] ?? []);
  return {
    read: letters.includes("S"),
    answered: letters.includes("R"),
    forwarded: letters.includes("P"),
    draft: letters.includes("D"),
    ...(letters.includes("F") && { flag: { status: "active" as const } }),
    ...(own.length > 0 && { keywords: own }),
  };
}

/** Dovecot's list: lines of `number keyword`, number 0 for the letter a. */
async function keywordsOf(dir: string): Promise<string[]> {
  const text = await readFile(join(dir, "dovecot-keywords"), "utf8").catch(() => "");
  const keywords: string[] = [];
  for (const [, number, word] of text.matchAll(/^(\d+) (.+)$/gm)) keywords[Number(number)] = word!;
  return keywords;
}

export async function readNotes(dir: string): Promise<FolderNotes | undefined> {
  const text = await readFile(join(dir, notesFile), "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text) as FolderNotes;
}

/** The names in `.Parent.Child`, as Maildir++ calls a subfolder (RFC 3501 §5.1.3 for the letters). */
export function plusPlusName(name: string): string[] {
  return name.slice(1).split(".").map((part) =>
    part.replace(/&([A-Za-z0-9+,]*)-/g, (_, code: string) => {
      if (code === "") return "&";
      const bytes = Uint8Array.from(
        atob(code.replaceAll(",", "/")),
        (character) => character.charCodeAt(0),
      );
      return new TextDecoder("utf-16be").decode(bytes.subarray(0, bytes.length & ~1));
    })
  );
}
