// Names of folders on the wire: modified UTF-7, or UTF-8 where the server has been told to use it.
import type { ImapFlow } from "imapflow";
import { decodePath, encodePath } from "imapflow/lib/tools.js";
import { text, type Word } from "../connections/raw.ts";

type Connection = Parameters<typeof encodePath>[0];

/** A folder's whole name as a word of a command. */
export function folderWord(client: ImapFlow, path: string): Word {
  return text(encodePath(client as Connection, path));
}

/** A name as the server wrote it, decoded. */
export function folderName(client: ImapFlow, written: string): string {
  const path = decodePath(client as Connection, written);
  return path.toUpperCase() === "INBOX" ? "INBOX" : path;
}
