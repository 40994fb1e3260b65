// A connection of an account, and what is known of the folder that is open in it.
import type { ImapFlow, MailboxObject } from "imapflow";
import type { Clock } from "../../../../../core/mod.ts";
import { Refused } from "../../../api.ts";
import type { Use } from "./connections.ts";
import type { Told } from "./fetch_answers.ts";
import { folderNumbers } from "../folders/folder_numbers.ts";
import { command, knowFolder, leaveFolder, onCode } from "./raw.ts";

/** For so long a look at the folder does for work that may do with a recent one, in milliseconds. */
const recentMs = 1000;
/** For so long what was told is kept, if nothing happens: then a NOOP shows that it still holds. */
const keptMs = 30_000;

/** One connection, used by one at a time. */
export class Line {
  readonly client: ImapFlow;
  /** Since when nobody uses it. */
  idleSince = 0;
  /** The work of this use has begun: the server may have done something. */
  started = false;
  /** See {@link OpenFolder.told}. */
  readonly told = new Map<number, Told>();
  /** See {@link OpenFolder.latency}. */
  latency = 0;
  readonly #clock: Clock;
  /** The folder was looked at a moment ago. */
  #recent = false;
  /** Something was heard that may have changed the numbers of the open folder. */
  #news = false;
  /** Bytes sent when everything below was last true: whatever else is sent ends it. */
  #at = -1;
  /** The open folder's numbers are right. */
  #right = false;
  /** What is to be asked in advance, when what was told is read. */
  #next: (() => Promise<Iterable<Told>>) | undefined;
  /** What is asked in advance, until it has come. */
  #coming: Promise<void> | undefined;
  /** How often what was told ceased to hold. */
  #forgotten = 0;
  /** The version of the folder's rows than which what is seen here is not older. */
  #version: number | undefined;

  constructor(client: ImapFlow, clock: Clock) {
    this.client = client;
    this.#clock = clock;
    const news = () => {
      this.#news = true;
      this.#untell();
    };
    for (const event of ["exists", "expunge", "flags", "mailboxClose"]) client.on(event, news);
    onCode(client, "HIGHESTMODSEQ", news);
  }

  /** The folder that is open. */
  get path(): string | undefined {
    return this.client.mailbox ? this.client.mailbox.path : undefined;
  }

  /**
   * Opens a folder, or looks what has become of it. Always for writing (SELECT): measured, it costs
   * what EXAMINE costs, and a change of kind would cost as much again, which grows with the folder.
   */
  async enter(path: string, how: Use = {}): Promise<MailboxObject> {
    await this.#coming;
    const mailbox = this.path === path ? await this.#freshen(path, how) : await this.#open(path);
    if (how.write && mailbox.readOnly) {
      throw new Refused("readonly", `Cannot change ${path}: the server opens it for reading only`);
    }
    return mailbox;
  }

  /** Runs what somebody wants of it. */
  async work<R>(work: () => Promise<R>): Promise<R> {
    this.started = true;
    return await work();
  }

  /** After work: what only asks leaves everything as it was. */
  keep({ asks, glance }: Use): void {
    if (!asks && !glance) return this.forget();
    this.#isQuiet();
    const ask = this.#next;
    if (!glance || !ask) return;
    this.#next = undefined;
    const begun = this.#forgotten;
    this.#coming = ask().catch(() => []).then((rows) => { // whoever needs them asks again
      this.#coming = undefined;
      this.#isQuiet();
      if (this.#forgotten !== begun) return;
      for (const row of rows) this.told.set(row.uid, row);
    });
  }

  #isQuiet(): void {
    this.#at = this.client.stats().sent;
  }

  /** See {@link OpenFolder.inAdvance}. */
  inAdvance(ask: () => Promise<Iterable<Told>>): void {
    this.#next = ask;
  }

  /** Called before each use: what was seen and told gets old. `now` in milliseconds. */
  age(now: number): void {
    const idle = now - this.idleSince;
    this.#recent = idle <= recentMs;
    if (idle > keptMs) this.forget();
  }

  /** What was seen and told is not to be relied on any more. */
  forget(): void {
    this.#untell();
    this.#version = undefined;
  }

  /** See {@link OpenFolder.looked}. What was told under another version may be older than its rows. */
  looked(version: number): void {
    if (version !== this.#version) this.#untell();
    this.#version = version;
  }

  #untell(): void {
    this.told.clear();
    this.#next = undefined;
    this.#forgotten++;
  }

  /** Makes the numbers of the open folder right. */
  async renew(): Promise<void> {
    this.forget();
    if (this.client.mailbox) await this.#renew(this.client.mailbox);
  }

  /** Nothing is open in it any more. */
  async leave(): Promise<void> {
    if (this.client.mailbox) await leaveFolder(this.client);
  }

  async #open(path: string): Promise<MailboxObject> {
    this.forget();
    knowFolder(this.client, path);
    const mailbox = await this.client.mailboxOpen(path);
    this.#isRight();
    return mailbox;
  }

  /**
   * NOOP brings what has happened. The numbers that it leaves out (UIDNEXT, and HIGHESTMODSEQ where a
   * command took the answer for its own) are asked for by STATUS, but only when there is a reason to.
   */
  async #freshen(path: string, { glance = false, version }: Use): Promise<MailboxObject> {
    const { client } = this;
    const quiet = client.stats().sent === this.#at && !this.#news;
    if (!quiet) this.forget();
    const right = quiet && this.#right;
    const seen = right && version !== undefined && version === this.#version;
    const enough = glance ? this.told.size > 0 : seen;
    if (client.mailbox && this.#recent && enough) return client.mailbox;
    const asked = this.#clock.now();
    await command(client, "NOOP");
    this.latency = this.#clock.now() - asked;
    const mailbox = client.mailbox;
    // The server has closed it: renamed or removed by somebody else.
    if (!mailbox) return await this.#open(path);
    this.#at = client.stats().sent;
    this.#right = right && !this.#news;
    if (!this.#right && !glance) await this.#renew(mailbox);
    if (version !== undefined) this.looked(version);
    return mailbox;
  }

  /** What is told along with the numbers, or after them, is not in them: then they are asked again. */
  async #renew(mailbox: MailboxObject): Promise<void> {
    this.#news = false;
    await this.#ask(mailbox);
    if (!this.#news) this.#isRight();
  }

  #isRight(): void {
    this.#at = this.client.stats().sent;
    this.#right = true;
    this.#news = false;
  }

  /**
   * Some servers answer STATUS from what this connection has seen of the folder (Dovecot), others from
   * the folder itself: then it may be ahead of what can be fetched, and a NOOP brings the rest.
   */
  async #ask(mailbox: MailboxObject): Promise<void> {
    const modseq = mailbox.highestModseq !== undefined && !mailbox.noModseq;
    const found = await folderNumbers(this.client, mailbox.path, modseq);
    if (found.uidValidity !== undefined && found.uidValidity !== mailbox.uidValidity) {
      await this.#open(mailbox.path);
      Object.assign(mailbox, this.client.mailbox);
      return;
    }
    if (found.messages !== mailbox.exists) await command(this.client, "NOOP");
    if (found.uidNext !== undefined) mailbox.uidNext = found.uidNext;
    if (found.highestModseq !== undefined) mailbox.highestModseq = found.highestModseq;
  }
}
