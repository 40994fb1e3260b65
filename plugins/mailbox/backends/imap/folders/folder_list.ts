// Which folders a server has: LIST, with all that it can tell in the same answer.
import type { ImapFlow } from "imapflow";
import { type FolderNumbers, hasModseq, numberItems, readNumbers } from "./folder_numbers.ts";
import { folderName } from "./mailbox_name.ts";
import { atom, command, pairs, text, type Token, word, words } from "../connections/raw.ts";

/** A folder as the server lists it. */
export interface Listed {
  /** The whole name, decoded. */
  readonly path: string;
  /** Between the levels of the name; empty: there are none. */
  readonly delimiter: string;
  /** In lower case: `\noselect`, `\sent`, … */
  readonly flags: ReadonlySet<string>;
  /** Where the server told them. */
  readonly numbers?: FolderNumbers;
  /** RFC 8474: stays when the folder is renamed. */
  readonly mailboxId?: string;
  /** RFC 4314: what this user may do there. */
  readonly rights?: string;
}

export interface ListWish {
  /** Whether each is subscribed (`\subscribed`); costs an LSUB at servers without LIST-EXTENDED. */
  readonly subscribed: boolean;
}

/** Servers that offer the extended LIST, and then do not understand it. */
const plain = new WeakSet<ImapFlow>();

/**
 * All folders, of all namespaces: in one command where the server can. Throws imapflow's errors.
 */
export async function listFolders(client: ImapFlow, wish: ListWish): Promise<Listed[]> {
  const wanted = returns(client, wish);
  try {
    const found = await list(client, "LIST", wanted);
    if (wish.subscribed && !extended(client)) return await withSubscribed(client, found);
    return found;
  } catch (error) {
    if ((error as { responseStatus?: string }).responseStatus !== "BAD" || !wanted.length) {
      throw error;
    }
    plain.add(client);
    return await listFolders(client, wish);
  }
}

function offers(client: ImapFlow, ...names: string[]): boolean {
  return !plain.has(client) && names.some((name) => client.capabilities.has(name));
}

const extended = (client: ImapFlow) => offers(client, "LIST-EXTENDED", "IMAP4rev2");

/** Servers tell nothing but what is asked for, once something is. */
function returns(client: ImapFlow, { subscribed }: ListWish): Token[] {
  const status = offers(client, "LIST-STATUS", "IMAP4rev2") ? numberItems(hasModseq(client)) : [];
  if (status.length && offers(client, "OBJECTID") && !tellsIdsApart(client)) {
    status.push(atom("MAILBOXID"));
  }
  const wanted: Token[] = status.length ? [atom("STATUS"), status] : [];
  if (offers(client, "LIST-MYRIGHTS")) wanted.push(atom("MYRIGHTS"));
  if (extended(client)) {
    wanted.push(atom("CHILDREN"));
    if (subscribed) wanted.push(atom("SUBSCRIBED"));
  }
  if (offers(client, "SPECIAL-USE", "IMAP4rev2")) wanted.push(atom("SPECIAL-USE"));
  // Without the extended syntax nothing can be asked for.
  return extended(client) || offers(client, "LIST-STATUS") ? wanted : [];
}

/**
 * Cyrus 3.6.1 answers STATUS (MAILBOXID MESSAGES …) with memory that it has given back when it closed
 * the folder: other ids each time. For MAILBOXID and UIDVALIDITY alone it opens none, and is right.
 */
export function tellsIdsApart(client: ImapFlow): boolean {
  const name = `${client.serverInfo?.["name"] ?? ""} ${client.greeting ?? ""}`;
  return offers(client, "OBJECTID") && offers(client, "LIST-STATUS") && /cyrus/i.test(name);
}

/** The ids of all folders, in a command of its own; see {@link tellsIdsApart}. */
export async function withIds(client: ImapFlow, all: readonly Listed[]): Promise<Listed[]> {
  const wanted = [atom("STATUS"), ["MAILBOXID", "UIDVALIDITY"].map(atom)];
  const found = new Map((await list(client, "LIST", wanted)).map((each) => [each.path, each]));
  return all.map((each) => {
    const { numbers, mailboxId } = found.get(each.path) ?? {};
    // It may be another folder's name by now.
    const same = mailboxId && numbers?.uidValidity === each.numbers?.uidValidity;
    return same ? { ...each, mailboxId } : each;
  });
}

/** RFC 8474 section 4. */
const isId = (id: string | undefined) => id !== undefined && /^[\w-]{1,255}$/.test(id);

async function list(
  client: ImapFlow,
  name: "LIST" | "LSUB",
  wanted: readonly Token[],
): Promise<Listed[]> {
  const found = new Map<string, Listed>();
  const add = (written: Token | undefined, more: Partial<Listed>) => {
    const path = folderName(client, word(written) ?? "");
    const before = found.get(path);
    // STATUS and MYRIGHTS of folders that were not listed are nobody's.
    if (before) found.set(path, { ...before, ...more });
  };
  const returning: Token[] = wanted.length ? [atom("RETURN"), wanted] : [];
  await command(client, name, [text(""), text("*"), ...returning], {
    [name]: ([flags, delimiter, written]) => {
      const path = folderName(client, word(written) ?? "");
      if (path === "") return;
      found.set(path, {
        path,
        delimiter: word(delimiter) ?? "",
        flags: new Set(words(flags).map((flag) => flag.toLowerCase())),
      });
    },
    STATUS: ([written, told]) => {
      const id = pairs(told).get("MAILBOXID");
      const mailboxId = words(id)[0] ?? word(id);
      add(written, {
        numbers: readNumbers(told),
        ...(isId(mailboxId) && { mailboxId: mailboxId! }),
      });
    },
    MYRIGHTS: ([written, told]) => add(written, { rights: word(told) ?? "" }),
  });
  return [...found.values()];
}

async function withSubscribed(client: ImapFlow, all: Listed[]): Promise<Listed[]> {
  const found = new Set((await list(client, "LSUB", [])).map(({ path }) => path));
  return all.map((each) =>
    found.has(each.path) ? { ...each, flags: new Set(each.flags).add("\\subscribed") } : each
  );
}
