// Folders that phones cannot do without: where a server has none, they are made.
import { NotFound, Refused } from "../../../api.ts";
import { createFolder } from "./folder_edits.ts";
import type { PlaceBook } from "./places.ts";

/** Without them no draft is kept, no copy of what was sent, and what is deleted is gone for good. */
const needed = { drafts: "Drafts", sent: "Sent", trash: "Trash" } as const;

/**
 * Makes those that an account lacks, under names that every program knows; true where it made any.
 * One that the configuration names is the operator's to make. A server that makes none is left as
 * it is. Costs nothing where all are there.
 */
export async function makeSpecialFolders(book: PlaceBook): Promise<boolean> {
  const { config, clock } = book.options;
  const roles = new Set((await book.all()).map(({ role }) => role));
  let made = false;
  for (const role of ["drafts", "sent", "trash"] as const) {
    if (roles.has(role) || config.folders[role] !== "") continue;
    const folder = { name: needed[role], parent: undefined, class: "mail" } as const;
    try {
      await createFolder(book, folder, `special:${role}:${clock.now()}`);
      made = true;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof NotFound)) throw error;
    }
  }
  return made;
}
