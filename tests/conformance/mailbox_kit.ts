// What the mailbox suite works with: messages, a mailbox that does every write twice, short ways to ask.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Account } from "../../core/mod.ts";
import type {
  Backend,
  EditsFolders,
  Folder,
  Item,
  ItemState,
  Mailbox,
  Role,
  Want,
} from "../../plugins/mailbox/api.ts";
import { type FakeClock, until } from "../kit.ts";

/** A store of mail that one test has to itself. */
export interface MailStore {
  readonly backend: Backend;
  /** The clock that the backend was given. */
  readonly clock: FakeClock;
  /**
   * Dates are kept in steps of so many milliseconds, rounded down; 1 unless told. Where they are,
   * mail of the future arrives now: mail servers think so.
   */
  readonly dateStep?: number;
  /**
   * Lines are kept, and not bytes (IMAP): each ends in CRLF, none has a NUL, a message has a byte at
   * least. Sizes of attachments are estimates.
   */
  readonly lines?: true;
  /**
   * Searches compare runs of letters, as most mail servers do: parts of words are found as well, the
   * words of a phrase in any order, accents count, HTML is what it is, and names of attachments are
   * looked at only where they are asked for. In single fields of the header words are words.
   */
  readonly letters?: true;
  /** The special folders of a new account; all that there are unless told. */
  readonly roles?: readonly Role[];
  /** So many "ö" make the longest name of a folder; 256 unless told. */
  readonly longestName?: number;
  /**
   * Somebody else tells of changes, and not at once: waits until `heard`, and until no more comes.
   * Absent: one turn of the event loop.
   */
  news?(heard: () => boolean): Promise<void>;
  /** Opens the same store as another process would; absent where nobody else can see it. */
  reopen?(): Promise<Backend>;
  close(): Promise<void>;
}

/** A mailbox whose hierarchy can be edited. */
export type FullMailbox = Mailbox & EditsFolders;

/** The place of one test: its store, and the mailbox of its first account. */
export interface Place extends MailStore {
  readonly mailbox: FullMailbox;
  readonly inbox: string;
  folder(role: Role): Promise<string>;
}

export function account(id: number): Account {
  const address = `user${id}@example.org`;
  return { id, address, name: `User ${id}`, aliases: [], admin: false, disabled: false };
}

/** The mailbox of an account, every write done twice. */
export function openTwice(backend: Backend, id = 1): FullMailbox {
  const mailbox = backend.open(account(id));
  assert.ok("createFolder" in mailbox, "the suite needs a backend that edits folders");
  return twice(mailbox as FullMailbox);
}

/** Repeats every write once with the same token: it must answer the same, and happen once. */
function twice(mailbox: FullMailbox): FullMailbox {
  const repeat = async <T>(write: () => Promise<T>): Promise<T> => {
    const first = await write();
    assert.deepEqual(await write(), first, "a repeated write answers as it did the first time");
    return first;
  };
  return {
    folders: (since) => mailbox.folders(since),
    changes: (folder, since, limit) => mailbox.changes(folder, since, limit),
    list: (folder, from, limit) => mailbox.list(folder, from, limit),
    count: (folder, from) => mailbox.count(folder, from),
    read: (items, want) => mailbox.read(items, want),
    part: (item, part, range) => mailbox.part(item, part, range),
    send: (message, token) => mailbox.send(message, token),
    watch: (folders, changed) => mailbox.watch(folders, changed),
    create: (folder, item, token) => repeat(() => mailbox.create(folder, item, token)),
    replace: (item, content, token) => repeat(() => mailbox.replace(item, content, token)),
    mark: (item, marks, token) => repeat(() => mailbox.mark(item, marks, token)),
    move: (item, to, token) => repeat(() => mailbox.move(item, to, token)),
    remove: (item, token) => repeat(() => mailbox.remove(item, token)),
    createFolder: (folder, token) => repeat(() => mailbox.createFolder(folder, token)),
    updateFolder: (id, to) => repeat(() => mailbox.updateFolder(id, to)),
    removeFolder: (id, keepIn) => mailbox.removeFolder(id, keepIn),
  };
}

let tokens = 0;

/** A token that no other write has. */
export function token(): string {
  return `token-${++tokens}`;
}

/** A short plain message. */
export function message(subject: string, more: { headers?: string[]; text?: string } = {}) {
  return Buffer.from([
    "From: Mara Lindqvist <mara@example.net>",
    "To: user1@example.org",
    `Subject: ${subject}`,
    "Date: Sun, 1 Mar 2026 09:15:00 +0100",
    ...more.headers ?? [],
    "",
    more.text ?? `This is about ${subject}.`,
    "",
  ].join("\r\n"));
}

/** A message as a store keeps it that keeps {@link MailStore.lines}. */
export function keptBy({ lines }: Pick<MailStore, "lines">, mime: Uint8Array): Buffer {
  const text = Buffer.from(mime).toString("latin1");
  if (!lines) return Buffer.from(mime);
  return Buffer.from(text.replaceAll("\0", "\x01").replace(/\r*\n/g, "\r\n"), "latin1");
}

/** Puts a message into a folder. */
export async function put(
  mailbox: Mailbox,
  folder: string,
  subject: string,
  date?: number,
): Promise<ItemState> {
  return await mailbox.create(
    folder,
    { mime: message(subject), ...(date === undefined ? {} : { date }) },
    token(),
  );
}

/** Every folder that there is. */
export async function allFolders(mailbox: Mailbox): Promise<Folder[]> {
  const { changes } = await mailbox.folders(undefined);
  return changes.map(({ folder }) => folder!);
}

/** Every item of a folder, by pages. */
export async function listAll(mailbox: Mailbox, folder: string, size = 10): Promise<ItemState[]> {
  const items: ItemState[] = [];
  let after: string | undefined;
  do {
    const page = await mailbox.list(folder, after === undefined ? {} : { after }, size);
    assert.ok(page.items.length <= size);
    items.push(...page.items);
    assert.ok(items.length < 10_000, "a listing comes to its end");
    after = page.next;
  } while (after !== undefined);
  return items;
}

export async function readAll(
  mailbox: Mailbox,
  ids: readonly string[],
  want: Want = {},
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of mailbox.read(ids, want)) items.push(item);
  return items;
}

export async function readOne(mailbox: Mailbox, id: string, want: Want = {}): Promise<Item> {
  const [item] = await readAll(mailbox, [id], want);
  assert.ok(item, `item ${id} is there`);
  return item;
}

/** The subjects of items, in their order. */
export async function subjects(mailbox: Mailbox, items: readonly ItemState[]): Promise<string[]> {
  const read = await readAll(mailbox, items.map(({ id }) => id));
  return read.map(({ mail }) => mail!.subject);
}

export async function bytes(
  mailbox: Mailbox,
  item: string,
  part: string,
  range?: { from: number; to?: number },
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of (await mailbox.part(item, part, range)).bytes) pieces.push(piece);
  return Uint8Array.from(Buffer.concat(pieces));
}

/** A message in pieces of changing size. */
export async function* inPieces(mime: Uint8Array, sizes = [1, 70, 7, 4096, 33]) {
  for (let at = 0, turn = 0; at < mime.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield Uint8Array.from(mime.subarray(at, at + size));
    at += size;
  }
}

/** Lets time pass until `check` holds: for what another process or a server has to answer first. */
export async function eventually(clock: FakeClock, check: () => boolean): Promise<void> {
  await until(async () => {
    if (!check()) await clock.tick(250);
    return check();
  }, "it happens in the end");
}
