// Finds the folder of a mailbox that a name in an import means, or makes it.
import { randomUUID } from "node:crypto";
import { type EditsFolders, type Folder, type Mailbox, Refused, type Role } from "../api.ts";

// How mail programs call the special folders, in lower case.
const roles: Readonly<Record<string, Role>> = {
  "inbox": "inbox",
  "drafts": "drafts",
  "draft": "drafts",
  "sent": "sent",
  "sent items": "sent",
  "sent messages": "sent",
  "sent mail": "sent",
  "trash": "trash",
  "bin": "trash",
  "deleted items": "trash",
  "deleted messages": "trash",
  "junk": "junk",
  "junk e-mail": "junk",
  "junk email": "junk",
  "spam": "junk",
  "bulk mail": "junk",
  "archive": "archive",
  "archives": "archive",
};

/** The folders of one mailbox, by the names that people call them. */
export class FolderFinder {
  readonly #mailbox: Mailbox;
  readonly #found = new Map<string, Promise<Folder>>();
  #all: Folder[] | undefined;
  #last: Promise<unknown> = Promise.resolve();
  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
  }

  /** The folder at `path`, from the top; empty: the inbox. Names are compared without case. */
  at(path: readonly string[]): Promise<Folder> {
    const key = path.join("\0");
    const known = this.#found.get(key);
    if (known) return known;
    // One after the other: two that want the same new parent must not both make it.
    const folder = this.#last.then(() => this.#walk(path));
    this.#last = folder.catch(() => {});
    this.#found.set(key, folder);
    return folder;
  }

  async #walk(path: readonly string[]): Promise<Folder> {
    const names = path.map((name) => name.trim()).filter((name) => name !== "");
    const top = await this.#special(names[0] ?? "inbox");
    let folder = top;
    for (const name of names.slice(top ? 1 : 0)) folder = await this.#below(folder, name);
    return folder!;
  }

  async #special(name: string): Promise<Folder | undefined> {
    const all = await this.#folders();
    const called = all.find((one) => !one.parent && one.name.toLowerCase() === name.toLowerCase());
    return called ??
      all.find(({ role }) => role !== undefined && role === roles[name.toLowerCase()]);
  }

  async #below(parent: Folder | undefined, name: string): Promise<Folder> {
    const all = await this.#folders();
    const wanted = name.toLowerCase();
    const there = all.find((one) =>
      one.parent === parent?.id && one.class === "mail" && one.name.toLowerCase() === wanted
    );
    if (there) return there;
    if (!("createFolder" in this.#mailbox)) {
      throw new Refused("readonly", `Cannot make the folder ${name}: the store has fixed folders`);
    }
    const made = await (this.#mailbox as Mailbox & EditsFolders).createFolder(
      { name, parent: parent?.id, class: "mail" },
      `import:${randomUUID()}`,
    );
    all.push(made);
    return made;
  }

  async #folders(): Promise<Folder[]> {
    return this.#all ??= await allFolders(this.#mailbox);
  }
}

/** Every folder of a mailbox. */
export async function allFolders(mailbox: Mailbox): Promise<Folder[]> {
  const all = new Map<string, Folder>();
  let since: string | undefined;
  for (let more = true; more;) {
    const page = await mailbox.folders(since);
    for (const { id, folder } of page.changes) {
      if (folder) all.set(id, folder);
      else all.delete(id);
    }
    ({ cursor: since, more } = page);
  }
  return [...all.values()];
}
