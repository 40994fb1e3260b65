// Hears of changes on a connection of its own: NOTIFY where it is offered, else IDLE and looks.
import type { ImapFlow } from "imapflow";
import type { Clock } from "../../../../../core/mod.ts";
import type { FolderId } from "../../../model.ts";
import { Bell } from "./bell.ts";
import { isRefusal } from "../connections/errors.ts";
import {
  type FolderNumbers,
  hasModseq,
  numberItems,
  openNumbers,
  readNumbers,
} from "../folders/folder_numbers.ts";
import { folderName, folderWord } from "../folders/mailbox_name.ts";
import type { Pace } from "./pace.ts";
import type { Place } from "../folders/places.ts";
import {
  atom,
  command,
  knowFolder,
  leaveFolder,
  onCode,
  onUntagged,
  type Token,
  word,
} from "../connections/raw.ts";
import { numbersOf } from "../folders/folder_looks.ts";

/** What a listener is told to do, and whom it tells. */
export interface Listening {
  readonly clock: Clock;
  /** The folders of which somebody wants to hear, as they are now; of all of them, the hierarchy. */
  readonly wanted: () => Promise<{ readonly places: readonly Place[]; readonly tree: boolean }>;
  /** A folder was found like this. */
  readonly found: (folder: FolderId, numbers: FolderNumbers) => void;
  /** Something has changed in a folder, who knows what. */
  readonly changed: (folder: FolderId) => void;
  /** The hierarchy may have changed. */
  readonly treeChanged: () => Promise<void>;
  /** NOTIFY is used where it is offered. */
  readonly notify: boolean;
  /** How often a server that holds news back is asked; absent: never. */
  readonly pace?: Pace | undefined;
  /** Milliseconds between looks at what the server tells no news of. */
  readonly every: number;
  /** Milliseconds after which a server that says nothing is given up. */
  readonly timeout: number;
  /** It hears now: what happens from here on is told. */
  readonly ready: () => void;
}

/** Even of a server that tells all by itself: the connection may be dead, and Dovecot has gone deaf. */
const CHECK_MS = 2 * 60_000;

/** So long after too many waited it is looked whether fewer do. */
const REST_MS = 5_000;

/** Listens on one connection until it is closed. */
export class Listener {
  readonly #client: ImapFlow;
  readonly #to: Listening;
  readonly #bell = new Bell();
  #places: readonly Place[] = [];
  #ids = new Map<string, FolderId>();
  #due = false;
  #deaf = false;
  #moved = false;
  #armed = false;

  constructor(client: ImapFlow, to: Listening) {
    this.#client = client;
    this.#to = to;
    client.once("close", this.#bell.ring);
    for (const event of ["exists", "expunge"]) client.on(event, () => this.#counted());
    client.on("flags", () => {
      const id = this.#ids.get("INBOX");
      if (id !== undefined) this.#to.changed(id);
    });
  }

  /** Others want to hear, or of other folders. */
  readonly again = (): void => {
    this.#moved = true;
    this.#bell.ring();
  };

  /** The server tells at once whatever changes in this folder. */
  hears(folder: FolderId): boolean {
    return this.#armed && this.#places.some(({ id }) => id === folder);
  }

  /** Resolves when the connection is closed. Throws imapflow's errors. */
  async listen(): Promise<void> {
    const client = this.#client;
    const offered = this.#to.notify && client.capabilities.has("NOTIFY");
    if (offered && await this.#notified()) return;
    if (client.capabilities.has("IDLE")) await this.#idle();
  }

  /** Answers false where the server, after all, does not notify. */
  async #notified(): Promise<boolean> {
    const client = this.#client;
    onUntagged(client, "STATUS", ([name, told]) => this.#heard(name, readNumbers(told)));
    onUntagged(client, "LIST", () => this.#tree());
    onCode(client, "NOTIFICATIONOVERFLOW", () => {
      this.#deaf = true;
      this.#bell.ring();
    });
    for (let first = true; !client.isClosed && !this.#deaf; first = false) {
      const { other, tree } = await this.#know();
      const kind = await this.#choose();
      if ((other || kind || first) && !await this.#arm(!first)) return false;
      // Looked at when it hears already: nothing falls between the two.
      if (tree && first) await this.#to.treeChanged();
      this.#armed = true;
      this.#to.ready();
      const rest = this.#hurry();
      await this.#until(CHECK_MS, () => this.#look()).finally(rest);
    }
    this.#armed = false;
    return client.isClosed;
  }

  /**
   * Dovecot holds news back for half a second, unless it is asked. A NOOP costs it some 50
   * microseconds, whatever the size of the folder, but needs the folder to be open; and of an open
   * folder it notifies unreliably. So the inbox is open as long as it is asked. Answers whether that
   * has changed.
   */
  async #choose(): Promise<boolean> {
    const client = this.#client;
    const quick = this.#ids.has("INBOX") && isDovecot(client) && this.#to.pace?.ms !== undefined;
    if (quick === Boolean(client.mailbox)) return false;
    if (quick) await this.#openInbox();
    else await this.#guarded(leaveFolder(client));
    return true;
  }

  /** Answers false where the server refuses. The numbers of all folders come with the answer. */
  async #arm(again: boolean): Promise<boolean> {
    const client = this.#client;
    this.#armed = false;
    const events = ["MessageNew", "MessageExpunge", "FlagChange"].map(atom);
    const names = this.#others().map(({ path }) => folderWord(client, path));
    const wanted: Token[] = [
      ...(client.mailbox ? [[atom("selected"), events]] : []),
      ...(names.length ? [[atom("mailboxes"), names, events]] : []),
    ];
    try {
      // Dovecot 2.3 hears nothing any more when it is told anew without being told to stop.
      if (again) await this.#ask("NOTIFY", [atom("NONE")]);
      const tree: Token = [atom("personal"), [atom("MailboxName"), atom("SubscriptionChange")]];
      await this.#ask("NOTIFY", [atom("SET"), atom("STATUS"), ...wanted, tree]);
      if (again) await this.#recount();
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }

  /** What Dovecot held back of the open folder when it was told to stop, it never tells. */
  async #recount(): Promise<void> {
    const client = this.#client;
    if (!client.mailbox) return;
    const { path } = client.mailbox;
    await this.#ask("STATUS", [folderWord(client, path), numberItems(hasModseq(client))]);
  }

  async #idle(): Promise<void> {
    const client = this.#client;
    while (!client.isClosed) {
      const { tree } = await this.#know();
      if (!client.mailbox) await this.#openInbox();
      if (tree) await this.#to.treeChanged();
      await this.#look();
      this.#counted();
      this.#to.ready();
      // RFC 2177: at most 29 minutes, and looks come far more often.
      const idle = client.idle();
      await this.#until(this.#to.every, async () => {});
      // Ends IDLE, and brings what the server held back. It answers false where that fails.
      await this.#ask("NOOP", []).catch(() => client.close());
      await idle;
    }
  }

  async #openInbox(): Promise<void> {
    const client = this.#client;
    knowFolder(client, "INBOX");
    const mailbox = await client.mailboxOpen("INBOX", { readOnly: true });
    const id = this.#ids.get("INBOX");
    if (id !== undefined) this.#to.found(id, openNumbers(mailbox));
  }

  /** Only the number of messages is told of the open folder without being asked for. */
  #counted(): void {
    const { mailbox } = this.#client;
    const id = this.#ids.get("INBOX");
    if (mailbox && id !== undefined) this.#to.found(id, { messages: mailbox.exists });
  }

  /** What is watched, without what is open. */
  #others(): readonly Place[] {
    const { mailbox } = this.#client;
    return mailbox ? this.#places.filter(({ path }) => path !== mailbox.path) : this.#places;
  }

  /** Asks for news of the open inbox, as often as is right now. Answers what ends the questions. */
  #hurry(): () => void {
    const { pace, clock } = this.#to;
    if (!pace || !isDovecot(this.#client) || !this.#ids.has("INBOX")) return () => {};
    const open = Boolean(this.#client.mailbox);
    const leave = pace.join();
    let cancel = () => {};
    let over = false;
    const next = () => {
      cancel = clock.after(pace.ms ?? REST_MS, async () => {
        // Too many wait now, or no more so.
        if (open !== (pace.ms !== undefined)) return this.again();
        if (open) await this.#ask("NOOP", []).catch(() => {});
        if (!over) next();
      });
    };
    next();
    return () => {
      over = true;
      cancel();
      leave();
    };
  }

  /** Waits until something else is to be done; does `check` every now and then. */
  async #until(ms: number, check: () => Promise<void>): Promise<void> {
    this.#moved = false;
    while (!this.#client.isClosed && !this.#deaf && !this.#moved) {
      const cancel = this.#to.clock.after(ms, () => {
        this.#due = true;
        this.#bell.ring();
      });
      await this.#bell.heard();
      cancel();
      if (!this.#due || this.#client.isClosed) continue;
      this.#due = false;
      if (this.#client.idling) return;
      await check();
    }
  }

  /** What is wanted now; `other`: something else than before. */
  async #know(): Promise<{ readonly other: boolean; readonly tree: boolean }> {
    const { places, tree } = await this.#to.wanted();
    const before = this.#ids;
    this.#places = places;
    this.#ids = new Map(places.map(({ path, id }) => [path, id]));
    const other = before.size !== places.length ||
      places.some(({ path, id }) => before.get(path) !== id);
    return { other, tree };
  }

  async #look(): Promise<void> {
    await this.#guarded(numbersOf(this.#client, this.#others(), this.#to.found));
    if (this.#client.mailbox) await this.#ask("NOOP", []);
  }

  #heard(name: Token | undefined, numbers: FolderNumbers): void {
    const { mailbox } = this.#client;
    const path = folderName(this.#client, word(name) ?? "");
    const id = this.#ids.get(path);
    // Of a count that it takes for the old one, the library tells nothing.
    if (mailbox && mailbox.path === path) mailbox.exists = numbers.messages ?? mailbox.exists;
    if (id !== undefined) this.#to.found(id, numbers);
  }

  #tree(): void {
    // A path may be another folder's now: the next look is at what is there then.
    this.#to.treeChanged().then(this.again).catch(() => {});
  }

  async #ask(name: string, words: readonly Token[]): Promise<void> {
    if (name === "NOOP") {
      await this.#guarded(this.#client.noop());
      return;
    }
    await this.#guarded(command(this.#client, name, words));
  }

  /** The library waits for long on a connection that is meant to be quiet. */
  async #guarded<R>(work: Promise<R>): Promise<R> {
    const cancel = this.#to.clock.after(this.#to.timeout, () => this.#client.close());
    try {
      return await work;
    } finally {
      cancel();
    }
  }
}

function isDovecot({ serverInfo, greeting }: ImapFlow): boolean {
  return /dovecot/i.test(`${serverInfo?.["name"] ?? ""} ${greeting ?? ""}`);
}
