// Asks a server for the folders of an account: few commands, and further ones only where they tell.
import type { ImapFlow } from "imapflow";
import type { Clock } from "../../../../../core/mod.ts";
import { isRefusal } from "../connections/errors.ts";
import { type Listed, listFolders, tellsIdsApart, withIds } from "./folder_list.ts";
import { folderNumbers } from "./folder_numbers.ts";
import { folderWord } from "./mailbox_name.ts";
import { isForeign, type Namespaces, namespacesOf } from "./namespaces.ts";
import type { PlaceRow } from "./place_rows.ts";
import { command, word } from "../connections/raw.ts";
import type { ServerConfig } from "../servers/server.ts";

/** So many folders are asked about one by one, at most, in one survey. */
const MOST = 50;
/** For so long the rights in a folder of others are believed. */
const RIGHTS_MS = 10 * 60_000;

export class FolderSurvey {
  readonly #clock: Clock;
  readonly #config: Pick<ServerConfig, "subscribed" | "shared">;
  readonly #rights = new Map<string, { readonly rights: string; readonly at: number }>();
  #namespaces: Namespaces = { personal: [{ prefix: "", delimiter: "/" }], foreign: [] };

  constructor(clock: Clock, config: Pick<ServerConfig, "subscribed" | "shared">) {
    this.#clock = clock;
    this.#config = config;
  }

  /** As of the last survey. */
  get namespaces(): Namespaces {
    return this.#namespaces;
  }

  /** What the server has; `rows` is what was known before. */
  async make(client: ImapFlow, rows: readonly PlaceRow[]): Promise<Listed[]> {
    this.#namespaces = namespacesOf(client);
    const all = await listFolders(client, { subscribed: this.#config.subscribed });
    const listed = tellsIdsApart(client) && !isKnown(all, rows) ? await withIds(client, all) : all;
    const numbered = await this.#identify(client, listed, rows);
    return await this.#withRights(client, numbered);
  }

  /** Where the listing tells no numbers, new names are looked at if an old name has gone. */
  async #identify(
    client: ImapFlow,
    listed: readonly Listed[],
    rows: readonly PlaceRow[],
  ): Promise<Listed[]> {
    const now = new Set(listed.map(({ path }) => path));
    const before = new Set(rows.filter(({ gone }) => gone === 0).map(({ path }) => path));
    const renamed = rows.some(({ path, gone, validity }) => !gone && validity && !now.has(path));
    const isNew = ({ path, numbers, flags }: Listed) =>
      !numbers && !before.has(path) && !flags.has("\\noselect") && !flags.has("\\nonexistent");
    const asked = renamed ? listed.filter(isNew).slice(0, MOST) : [];
    const numbers = new Map<Listed, Listed["numbers"]>();
    for (const each of asked) {
      numbers.set(each, await unlessRefused(folderNumbers(client, each.path)));
    }
    return listed.map((each) => {
      const found = numbers.get(each);
      return found ? { ...each, numbers: found } : each;
    });
  }

  /** What others let this account do; in its own folders it may do everything. */
  async #withRights(client: ImapFlow, listed: readonly Listed[]): Promise<Listed[]> {
    if (!client.capabilities.has("ACL") || !this.#config.shared) return [...listed];
    const now = this.#clock.now();
    const unknown = listed.filter(({ path, rights, flags }) =>
      rights === undefined && !flags.has("\\noselect") && !flags.has("\\nonexistent") &&
      isForeign(path, this.#namespaces) && (this.#rights.get(path)?.at ?? 0) < now - RIGHTS_MS
    );
    for (const { path } of unknown.slice(0, MOST)) {
      // A folder whose rights are a secret is one without rights.
      const rights = await unlessRefused(myRights(client, path)) ?? "";
      this.#rights.set(path, { rights, at: now });
    }
    return listed.map((each) => {
      const known = each.rights ?? this.#rights.get(each.path)?.rights;
      return known === undefined || !isForeign(each.path, this.#namespaces)
        ? each
        : { ...each, rights: known };
    });
  }
}

/** Every folder is one that was there before, by its name and numbers, and its id is known. */
function isKnown(listed: readonly Listed[], rows: readonly PlaceRow[]): boolean {
  const before = new Map(rows.filter(({ gone }) => gone === 0).map((row) => [row.path, row]));
  return listed.every(({ path, numbers }) => {
    if (!numbers) return true;
    const row = before.get(path);
    return row !== undefined && row.mailbox_id !== "" &&
      row.validity === String(numbers.uidValidity) && row.uidnext <= (numbers.uidNext ?? 0);
  });
}

async function myRights(client: ImapFlow, path: string): Promise<string> {
  let rights = "";
  await command(client, "MYRIGHTS", [folderWord(client, path)], {
    MYRIGHTS: ([, told]) => {
      rights = word(told) ?? "";
    },
  });
  return rights;
}

/** undefined where the server will not tell. */
async function unlessRefused<R>(asked: Promise<R>): Promise<R | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}
