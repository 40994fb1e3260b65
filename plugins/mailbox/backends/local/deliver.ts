// Putting arrived messages into folders: their conversation, their item, once per token.
import type { Account } from "../../../../core/mod.ts";
import type { NewItem } from "../../api.ts";
import { Refused } from "../../api.ts";
import { bytesOf } from "../../bytes.ts";
import { firstMarks } from "../../marks.ts";
import type { MailFacts, ReadMail } from "../../mime/mod.ts";
import { threadKeys } from "../../mime/thread.ts";
import type { FolderId, ItemId, ItemState } from "../../model.ts";
import { arrive } from "./content.ts";
import { ensureSpecial, findFolder } from "./folders.ts";
import { addItem, needItem, replaceMessage } from "./items.ts";
import { reviveState } from "./rows.ts";
import { arrivalFolder } from "./threads.ts";
import { addToIndex, type Indexed, indexed } from "./search/index.ts";
import type { Store, Write } from "./write.ts";
import { answered, once, OpenWrite, write } from "./write.ts";

/** Stores a new item in a folder. */
export async function createItem(
  store: Store,
  account: number,
  folder: FolderId,
  item: NewItem,
  token: string,
): Promise<ItemState> {
  // Looked up before the bytes are read, and again in the transaction that counts.
  const first = await answered<ItemState>(store.db, account, token);
  if (first) return reviveState(first.result);
  const target = await findFolder(store.db, account, folder);
  if (target.class !== "mail") {
    throw new Refused("other", `Cannot store mail in folder ${folder}: it holds other things`);
  }
  const arrived = await arrive(store, bytesOf(item.mime));
  const words = wordsOf(arrived.mail);
  const state = await write(store, account, token, async (open) => {
    const { number, role } = await findFolder(open.tx, account, folder);
    if (role === "sent") await store.wrote?.(open.tx, account, readers(arrived.mail.facts));
    const date = Math.trunc(item.date ?? open.now);
    return await addItem(open, {
      folder: number,
      message: await arrived.keep(open.tx),
      date,
      thread: await threadOf(open, arrived.mail.facts),
      words: await addToIndex(open.tx, account, date, words),
      marks: firstMarks(item.marks),
    });
  });
  return reviveState(state);
}

/** Those whom a message was written to. */
function readers({ to, cc, bcc }: MailFacts): string[] {
  return [...to, ...cc, ...bcc].map(({ address }) => address);
}

/** Gives an item another content. */
export async function replaceItem(
  store: Store,
  account: number,
  id: ItemId,
  content: NewItem,
  token: string,
): Promise<ItemState> {
  const first = await answered<ItemState>(store.db, account, token);
  if (first) return reviveState(first.result);
  await needItem(store.db, account, id);
  const arrived = await arrive(store, bytesOf(content.mime));
  const all = wordsOf(arrived.mail);
  const state = await write(store, account, token, async (open) => {
    const before = await needItem(open.tx, account, id);
    const message = await arrived.keep(open.tx);
    const thread = await threadOf(open, arrived.mail.facts);
    const date = Math.trunc(content.date ?? before.date);
    const words = await addToIndex(open.tx, account, date, all);
    return await replaceMessage(open, id, { message, thread, date, words }, content.marks);
  });
  return reviveState(state);
}

/** Stores one message in the inboxes of several accounts: all of them, or none. */
export async function deliver(
  store: Store,
  mime: AsyncIterable<Uint8Array>,
  to: readonly Account[],
  token: string,
): Promise<void> {
  const missing: number[] = [];
  for (const account of to) {
    if (!await answered(store.db, account.id, token)) missing.push(account.id);
  }
  if (!missing.length) return;
  for (const account of missing) await ensureSpecial(store, account);
  const arrived = await arrive(store, mime);
  const all = wordsOf(arrived.mail);
  const notes = await store.db.transaction(async (tx) => {
    const now = store.clock.now();
    const open = missing.map((account) => new OpenWrite(tx, account, now));
    let message: number | undefined;
    for (const each of open) {
      await once(each, token, async () => {
        message ??= await arrived.keep(tx);
        const thread = await threadOf(each, arrived.mail.facts);
        const folder = await arrivalFolder(each, thread);
        const marks = firstMarks(undefined);
        const words = await addToIndex(tx, each.account, now, all);
        return await addItem(each, { folder, message, date: now, thread, words, marks });
      });
    }
    return open.flatMap((each) => each.notes);
  });
  for (const note of notes) store.watchers.tell(note);
}

/** What the full-text index has of a message. */
function wordsOf({ facts, text, html }: ReadMail): Indexed {
  return indexed(facts, text?.content, html?.content);
}

/** The conversation that a message belongs to in this account; it and its kin are remembered. */
async function threadOf({ tx, account }: Write, facts: MailFacts): Promise<string> {
  const { lookUp, fresh, remember, topic } = threadKeys(facts);
  const rows = await tx.all<{ key: string; thread: string }>(
    "SELECT t.key, t.thread FROM json_each(?) j " +
      "CROSS JOIN mailbox_thread t ON t.account = ? AND t.key = j.value",
    [JSON.stringify(lookUp), account],
  );
  const known = new Map(rows.map((row) => [row.key, row.thread]));
  const key = lookUp.find((each) => known.has(each));
  const thread = key === undefined ? fresh : known.get(key)!;
  await tx.run(
    "INSERT INTO mailbox_thread (account, key, thread) SELECT ?, value, ? FROM json_each(?) " +
      "WHERE true ON CONFLICT DO NOTHING",
    [account, thread, JSON.stringify(remember.filter((each) => !known.has(each)))],
  );
  if (topic) {
    await tx.run(
      "INSERT INTO mailbox_thread (account, key, thread) VALUES (?, ?, ?) " +
        "ON CONFLICT DO UPDATE SET thread = excluded.thread WHERE thread <> excluded.thread",
      [account, topic, thread],
    );
  }
  return thread;
}
