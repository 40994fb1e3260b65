// Looks at the numbers of several folders: in one command where the server can.
import type { ImapFlow } from "imapflow";
import type { FolderId } from "../../../model.ts";
import { isRefusal } from "../connections/errors.ts";
import {
  type FolderNumbers,
  folderNumbers,
  hasModseq,
  numberItems,
  readNumbers,
} from "./folder_numbers.ts";
import { folderName, folderWord } from "./mailbox_name.ts";
import type { Place } from "./places.ts";
import { atom, command, text, word } from "../connections/raw.ts";

/** Tells how each of these folders is found; of one that is not there, nothing. */
export async function numbersOf(
  client: ImapFlow,
  places: readonly Place[],
  found: (folder: FolderId, numbers: FolderNumbers) => void,
): Promise<void> {
  const { capabilities, mailbox } = client;
  // Of the folder that is open, Dovecot tells what this connection has seen of it.
  if (mailbox && places.some(({ path }) => path === mailbox.path)) await command(client, "NOOP");
  if (places.length > 1 && capabilities.has("LIST-STATUS") && capabilities.has("LIST-EXTENDED")) {
    return await listed(client, places, found);
  }
  for (const { id, path } of places) {
    try {
      found(id, await folderNumbers(client, path));
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
}

/** RFC 5819, with a list of names for a pattern (RFC 5258). */
async function listed(
  client: ImapFlow,
  places: readonly Place[],
  found: (folder: FolderId, numbers: FolderNumbers) => void,
): Promise<void> {
  const ids = new Map(places.map(({ id, path }) => [path, id]));
  const names = places.map(({ path }) => folderWord(client, path));
  const wanted = [atom("STATUS"), numberItems(hasModseq(client))];
  await command(client, "LIST", [text(""), names, atom("RETURN"), wanted], {
    LIST: () => {},
    STATUS: ([name, told]) => {
      // A name with "*" or "%" in it is a pattern, which fits others too.
      const id = ids.get(folderName(client, word(name) ?? ""));
      if (id !== undefined) found(id, readNumbers(told));
    },
  });
}
