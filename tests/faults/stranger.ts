// Another mail program at the same mailbox: plain IMAP, without any part of the product.
import { type FetchMessageObject, ImapFlow } from "imapflow";
import { Unavailable } from "../../core/mod.ts";
import {
  type Folder,
  type Item,
  type ItemState,
  type Marks,
  type NewItem,
  NotFound,
  Refused,
  type Role,
} from "../../plugins/mailbox/api.ts";
import type { MailServer, User } from "../servers/mail_server.ts";
import type { Elsewhere } from "./machine.ts";

const roles: Readonly<Record<string, Role>> = {
  "\\Inbox": "inbox",
  "\\Drafts": "drafts",
  "\\Sent": "sent",
  "\\Trash": "trash",
  "\\Junk": "junk",
  "\\Archive": "archive",
};

/** Categories as other programs write them into keywords. */
const keywords = new Map([["red", "red"], ["blue", "blue"], ["to do", "to_do"]]);

/**
 * Folders are called by their paths, items by path and UID: what has moved is another item. A
 * repeated write looks first whether it has happened.
 */
export class Stranger implements Elsewhere {
  readonly #open: () => ImapFlow;
  readonly #lmtp: (mime: Uint8Array) => Promise<void>;
  #client: ImapFlow | undefined;
  /** The tokens of writes that were begun. */
  readonly #begun = new Set<string>();

  constructor(server: MailServer, user: User) {
    this.#lmtp = (mime) => server.deliver(user, mime);
    this.#open = () =>
      new ImapFlow({
        host: "127.0.0.1",
        port: server.port,
        secure: false,
        doSTARTTLS: false,
        auth: { user: user.address, pass: user.password },
        logger: false,
        disableAutoIdle: true,
      });
  }

  close(): void {
    this.#client?.close();
  }

  #turn: Promise<unknown> = Promise.resolve();

  /** One after the other: there is one connection, with one folder open in it. */
  #ask<R>(work: (client: ImapFlow) => Promise<R>): Promise<R> {
    const result = this.#turn.then(async () => {
      try {
        return await work(await this.#connected());
      } catch (error) {
        throw translated(error);
      }
    });
    this.#turn = result.catch(() => {});
    return result;
  }

  async #connected(): Promise<ImapFlow> {
    if (this.#client?.usable) return this.#client;
    const client = this.#open();
    client.on("error", () => {});
    await client.connect();
    return this.#client = client;
  }

  /** Works in a folder, as it is now. */
  async #in<R>(path: string, work: (client: ImapFlow) => Promise<R>): Promise<R> {
    return await this.#ask(async (client) => {
      const open = client.mailbox ? client.mailbox.path : undefined;
      if (open === path) await client.noop();
      else await client.mailboxOpen(path);
      return await work(client);
    });
  }

  async folders() {
    const all = await this.#ask((client) => client.list());
    const changes = all.filter(({ flags }) => !flags.has("\\NonExistent"))
      .map(({ path, name, specialUse }) => {
        const role = specialUse ? roles[specialUse] : roleByName(path);
        const folder: Folder = { id: path, parent: undefined, name, class: "mail", role };
        return { id: path, folder };
      });
    return { changes, cursor: "", more: false };
  }

  async list(folder: string) {
    const found = await this.#in(folder, (client) => fetchAll(client, "1:*", folder));
    return { items: found.map(({ state }) => state), next: undefined };
  }

  async *read(items: readonly string[]): AsyncGenerator<Item> {
    const folders = new Map<string, string[]>();
    for (const id of items) {
      const [path, uid] = split(id);
      folders.set(path, [...folders.get(path) ?? [], uid]);
    }
    for (const [path, uids] of folders) {
      yield* await this.#in(path, (client) => fetchAll(client, uids.join(), path));
    }
  }

  async create(folder: string, { mime, date }: NewItem, token: string): Promise<ItemState> {
    const bytes = Buffer.from(mime as Uint8Array);
    const uid = await this.#once(folder, bytes, token, async () => {
      const put = await this.#ask((client) => client.append(folder, bytes, [], new Date(date!)));
      if (!put) throw new NotFound(`Cannot append to ${folder}`);
    });
    return stateOf(`${folder}\n${uid}`, {});
  }

  /** As {@link create} in the inbox, but by LMTP: it carries the date of today. */
  async deliver(mime: Uint8Array, token: string): Promise<void> {
    await this.#once("INBOX", mime, token, async () => {
      await this.#lmtp(mime).catch((error) => {
        throw new Unavailable(`Cannot deliver: ${error}`);
      });
    });
  }

  /** Puts a mail somewhere, unless an attempt before has done it. Answers its UID. */
  async #once(folder: string, mime: Uint8Array, token: string, put: () => Promise<void>) {
    const id = /^Message-ID: (.*)\r$/mi.exec(Buffer.from(mime).toString("latin1"))![1]!;
    const find = async () => {
      const query = { header: { "message-id": id } };
      return await this.#in(folder, (client) => client.search(query, { uid: true })) || [];
    };
    const before = this.#begun.has(token) ? await find() : [];
    this.#begun.add(token);
    if (before.length > 0) return before[0];
    await put();
    return (await find())[0];
  }

  async mark(item: string, marks: Partial<Marks>): Promise<ItemState> {
    const [path, uid] = split(item);
    return await this.#in(path, async (client) => {
      for (const [flags, on] of flagsOf(marks)) {
        if (on) await client.messageFlagsAdd(uid, flags, { uid: true });
        else await client.messageFlagsRemove(uid, flags, { uid: true });
      }
      return await stateIn(client, path, uid);
    });
  }

  async move(item: string, to: string): Promise<string> {
    const [path, uid] = split(item);
    if (to === path) return item;
    return await this.#in(path, async (client) => {
      const moved = await client.messageMove(uid, to, { uid: true });
      const there = moved && moved.uidMap?.get(Number(uid));
      if (!there) throw new NotFound(`Cannot move ${uid} of ${path}`);
      return `${to}\n${there}`;
    });
  }

  async remove(item: string): Promise<void> {
    const [path, uid] = split(item);
    await this.#in(path, async (client) => {
      // The library says so where it came to a half: then it is marked, and there still.
      const gone = await client.messageDelete(uid, { uid: true });
      if (!gone) throw new Unavailable(`Cannot remove ${uid} of ${path}`);
    });
  }

  async createFolder({ name }: { name: string }): Promise<Folder> {
    const { path } = await this.#ask((client) => client.mailboxCreate(name));
    return { id: path, parent: undefined, name, class: "mail", role: undefined };
  }

  async updateFolder(id: string, { name }: { name: string }): Promise<Folder> {
    await this.#outside(id);
    const { newPath } = await this.#ask((client) => client.mailboxRename(id, name));
    return { id: newPath, parent: undefined, name, class: "mail", role: undefined };
  }

  async removeFolder(id: string, keepIn?: string): Promise<void> {
    if (keepIn !== undefined) {
      await this.#in(id, async (client) => {
        if (client.mailbox && client.mailbox.exists > 0) await client.messageMove("1:*", keepIn);
      });
    }
    await this.#outside(id);
    await this.#ask((client) => client.mailboxDelete(id));
  }

  /** Nobody moves the folder that he stands in. */
  async #outside(path: string): Promise<void> {
    await this.#ask(async (client) => {
      if (client.mailbox && client.mailbox.path === path) await client.mailboxOpen("INBOX");
    });
  }
}

function roleByName(path: string): Role | undefined {
  return roles[`\\${path[0]!.toUpperCase()}${path.slice(1).toLowerCase()}`];
}

const split = (id: string): [path: string, uid: string] => id.split("\n") as [string, string];

async function fetchAll(client: ImapFlow, range: string, folder: string): Promise<Item[]> {
  if (range === "1:*" && client.mailbox && client.mailbox.exists === 0) return [];
  const query = { flags: true, internalDate: true, headers: ["subject"] };
  const found = await client.fetchAll(range, query, { uid: true });
  return found.map((one) => {
    const id = `${folder}\n${one.uid}`;
    const subject = /^Subject: (.*?)\r?\n/mi.exec(one.headers?.toString() ?? "")?.[1] ?? "";
    return {
      id,
      folder,
      state: stateOf(id, one),
      mail: { subject } as Item["mail"],
      problem: undefined,
    };
  });
}

async function stateIn(client: ImapFlow, path: string, uid: string): Promise<ItemState> {
  const [one] = await fetchAll(client, uid, path);
  if (!one) throw new NotFound(`Cannot find ${uid} in ${path}`);
  return one.state;
}

function stateOf(
  id: string,
  { flags = new Set(), internalDate }: Pick<FetchMessageObject, "flags" | "internalDate">,
): ItemState {
  const has = (name: string) => flags.has(name);
  const marks = {
    read: has("\\Seen"),
    answered: has("\\Answered"),
    forwarded: has("$Forwarded"),
    draft: has("\\Draft"),
    flag: has("\\Flagged") ? { status: "active" as const } : undefined,
    keywords: [...keywords].filter(([, keyword]) => has(keyword)).map(([word]) => word),
  };
  return { id, date: new Date(internalDate ?? 0).getTime(), revision: "", marks };
}

/** What is to be set and taken away. */
function flagsOf(marks: Partial<Marks>): [flags: string[], on: boolean][] {
  if (marks.read !== undefined) return [[["\\Seen"], marks.read]];
  if ("flag" in marks) return [[["\\Flagged"], marks.flag?.status === "active"]];
  const wanted = marks.keywords ?? [];
  const named = (is: (word: string) => boolean) =>
    [...keywords].filter(([word]) => is(word)).map(([, keyword]) => keyword);
  return [
    [named((word) => !wanted.includes(word)), false],
    [named((word) => wanted.includes(word)), true],
  ];
}

/** What the server says, as the port would say it. */
function translated(error: unknown): Error {
  if (error instanceof NotFound || error instanceof Refused) return error;
  const { responseStatus, serverResponseCode, message } = error as {
    responseStatus?: string;
    serverResponseCode?: string;
    message?: string;
  };
  if (responseStatus !== "NO") return new Unavailable(`Cannot reach the server: ${message}`);
  if (serverResponseCode === "ALREADYEXISTS") return new Refused("exists", "It exists");
  return new NotFound(`The server says NO: ${message}`);
}
