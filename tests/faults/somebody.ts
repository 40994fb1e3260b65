// Somebody else at the same mail: messages arrive, marks and folders change, items move and go.
import { StorageError } from "../../core/database.ts";
import { type Account, Unavailable } from "../../core/mod.ts";
import { type EditsFolders, NotFound, Refused } from "../../plugins/mailbox/api.ts";
import { at } from "./device.ts";
import type { Ledger } from "./ledger.ts";
import { foldersOf, mailOf, marksOf, poisonous } from "./mail.ts";
import type { Elsewhere, Machine } from "./machine.ts";
import { PowerCut } from "./power.ts";
import type { Op } from "./scenario.ts";

export class Somebody {
  readonly #server: Machine;
  readonly #ledger: Ledger;
  #tokens = 0;
  #arrivals = 0;
  #folders = 0;

  constructor(server: Machine, ledger: Ledger) {
    this.#server = server;
    this.#ledger = ledger;
  }

  /** The mail as this somebody has it. */
  #box(account: Account): Elsewhere {
    const own = this.#server.mailbox(account) as ReturnType<Machine["mailbox"]> & EditsFolders;
    return this.#server.elsewhere?.(account) ?? own;
  }

  /** A name that no folder has had. */
  folderName(): string {
    return `folder-${++this.#folders}`;
  }

  /** A write that is tried again until it is done, always with the same token. */
  async #insist<R>(write: (token: string) => Promise<R>): Promise<R> {
    const token = `somebody ${++this.#tokens}`;
    for (let tries = 0;; tries++) {
      try {
        if (!this.#server.on) await this.#server.revive();
        return await write(token);
      } catch (error) {
        const passing = error instanceof PowerCut || error instanceof Unavailable ||
          error instanceof StorageError;
        if (!passing || tries > 10) throw error;
      }
    }
  }

  async arrive({ account, folder, ...mail }: Extract<Op, { op: "arrive" }>): Promise<void> {
    const to = at(this.#server.accounts, account)!;
    const folders = await this.#insist(() => foldersOf(this.#box(to)));
    await this.arriveIn(to, at(folders, folder)!.id, { ...mail, byPost: mail.lines === 20 });
  }

  /** A mail comes in where most of it does; returns its subject. */
  async arriveInInbox(to: Account): Promise<string> {
    const folders = await this.#insist(() => foldersOf(this.#box(to)));
    return await this.arriveIn(to, folders.find(({ role }) => role === "inbox")!.id);
  }

  /** A mail comes into a folder; returns its subject. */
  async arriveIn(
    to: Account,
    folder: string,
    { age = 0, lines = 1, poison, thread, byPost }: {
      age?: number;
      lines?: number;
      poison?: true;
      thread?: string;
      byPost?: boolean;
    } = {},
  ): Promise<string> {
    const subject = `mail-${++this.#arrivals}`;
    const mime = new TextEncoder().encode(
      `From: Bert <bert@example.net>\r\nTo: ${to.address}\r\nSubject: ${subject}\r\n` +
        (thread ? `References: <${thread}@example.net>\r\n` : "") +
        `Message-ID: <${subject}@example.net>\r\n\r\nThis is ${subject}.\r\n` +
        (poison ? `${poisonous}\r\n` : "") + "One more line of it.\r\n".repeat(lines),
    );
    const date = this.#server.now() - age;
    const { deliver } = this.#server;
    const put = (token: string) =>
      deliver && byPost && folder === "INBOX"
        ? deliver(to, mime, token)
        : this.#box(to).create(folder, { mime, date }, token);
    this.#ledger.add(to, subject, false);
    try {
      await this.#insist<unknown>(put);
      this.#ledger.add(to, subject);
    } catch (error) {
      // Its folder has gone meanwhile.
      if (!(error instanceof NotFound)) throw error;
    }
    return subject;
  }

  /** Marks, moves or removes a mail. */
  async change(op: Extract<Op, { op: "elsewhere" }>): Promise<void> {
    const owner = at(this.#server.accounts, op.account)!;
    const box = () => this.#box(owner);
    const found = at(await this.#insist(() => mailOf(box())), op.item);
    if (!found) return;
    const { id, mail, state } = found.item;
    const subject = mail?.subject ?? "";
    try {
      if (op.what === "remove") {
        this.#ledger.touched(owner, subject, "elsewhere", true);
        await this.#insist((token) => box().remove(id, token));
      } else if (op.what === "move") {
        this.#ledger.touched(owner, subject, "elsewhere", false);
        const to = at(await this.#insist(() => foldersOf(box())), op.to)!.id;
        await this.#insist((token) => box().move(id, to, token));
      } else {
        const plain = this.#server.plainFlags === true;
        const what = plain && op.what === "done" ? "clear" : op.what;
        const { marks, mark, value } = marksOf(what, op.word);
        if (plain && mark === "flag" && (state.marks.flag?.status ?? "") === value) return;
        this.#ledger.marked(owner, subject, "elsewhere", mark, value);
        await this.#insist((token) => box().mark(id, marks, token));
      }
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      this.#ledger.touched(owner, subject, "somebody faster", false);
    }
  }

  /** Makes, renames or removes a folder. */
  async tree({ account, how, folder }: Extract<Op, { op: "tree" }>): Promise<void> {
    const owner = at(this.#server.accounts, account)!;
    const box = () => this.#box(owner);
    const all = await this.#insist(() => foldersOf(box()));
    const one = at(all.filter(({ name }) => name.startsWith("folder-")), folder);
    const place = { name: this.folderName(), parent: undefined };
    try {
      if (how === "create") {
        await this.#insist((token) => box().createFolder({ ...place, class: "mail" }, token));
      } else if (one && how === "rename") {
        await this.#insist(() => box().updateFolder(one.id, place));
      } else if (one) {
        this.#ledger.disturbed(owner);
        const trash = all.find(({ role }) => role === "trash")?.id;
        await this.#insist(() => box().removeFolder(one.id, trash));
      }
    } catch (error) {
      if (!(error instanceof NotFound || error instanceof Refused)) throw error;
    }
  }
}
