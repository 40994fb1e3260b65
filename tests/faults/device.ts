// A device of the play: a phone with a user, an outbox, a held request and a bad line.
import {
  type Collection,
  type EasClient,
  easClient,
  EasError,
  Phone,
  type PhoneFolder,
  type SyncReply,
} from "../../plugins/eas/client/mod.ts";
import { atLeast } from "../../plugins/eas/versions.ts";
import { type Element, WbxmlError } from "../../plugins/eas/wbxml/mod.ts";
import type { Account } from "../../core/mod.ts";
import type { DeviceSetup, Fault, Mark, Op, Place } from "./scenario.ts";
import type { Errand } from "./errands.ts";
import { habits } from "./habits.ts";
import { isNotice, markElement, poisonous, stubbed } from "./mail.ts";
import { Violation } from "./violation.ts";
import { type Wire, wire, type WireParts } from "./wire.ts";

/** What a request came to: answered, or not. */
export type Came = "answered" | "failed";

/** The folders of a device that the play looks at: MS-ASCMD 2.2.3.186.3, the inbox first. */
const kept = [2, 3, 4, 12];
const mostFolders = 5;

/** What a device needs from its world. */
export interface DeviceParts extends Omit<WireParts, "actor" | "crashesOn"> {
  /** Lets time pass. Milliseconds. */
  pause(ms: number): Promise<void>;
}

export class Device {
  readonly name: string;
  readonly setup: DeviceSetup;
  readonly account: Account;
  readonly phone: Phone;
  readonly wire: Wire;
  /** Days back and items in an answer, as they are now. */
  days: number;
  window: number;
  /** What it wants done and was not told about. */
  readonly errands: Errand[] = [];
  /** It may be told to start over: the server keeps nothing for repeats. */
  startsOver = false;
  /** The server said that something is wrong with it now. */
  excused: () => boolean = () => false;
  #held: AbortController | undefined;
  /** What the user does not see any more, whether the server knows it or not. */
  readonly hidden: Set<string> = new Set();
  /** The folders of the last Sync, where an empty request would mean the same one again. */
  #last: readonly string[] | undefined;

  constructor(name: string, setup: DeviceSetup, account: Account, parts: DeviceParts) {
    this.name = name;
    this.setup = setup;
    this.account = account;
    this.days = setup.days;
    this.window = setup.window;
    this.#pause = parts.pause;
    const crashesOn = (answer: Uint8Array) =>
      setup.weak === true && new TextDecoder().decode(answer).includes(poisonous);
    this.wire = wire({ ...parts, actor: name, crashesOn });
    const client = easClient({
      url: "http://mail.invalid/Microsoft-Server-ActiveSync",
      user: account.address,
      password: "password",
      deviceId: name,
      deviceType: "Play",
      version: setup.version,
      fetch: (request) => this.wire.fetch(request),
    });
    this.phone = new Phone(client, habits(this));
  }

  readonly #pause: DeviceParts["pause"];

  /** Syncs a folder until nothing more comes, however often the device crashes on the way. */
  async syncAll(id: string): Promise<void> {
    const { key } = this.phone.collection(id);
    for (let crashes = 0, last = key;; crashes++) {
      try {
        return await this.phone.syncAll(id);
      } catch (error) {
        if (!(error instanceof TypeError) || !this.setup.weak) throw error;
        const { key } = this.phone.collection(id);
        if (key !== last) [crashes, last] = [0, key];
        if (crashes > 50) throw new Violation(`${this.name} crashes for ever on folder ${id}`);
        await this.#pause(20_000);
      }
    }
  }

  /** Asks, and hears nothing; then it asks again. */
  async tunnel({ folders, times, seconds }: Extract<Op, { op: "tunnel" }>): Promise<void> {
    for (let n = 0; n < times; n++) {
      await this.sync({ folders, how: "all", fault: { answer: "lost" } });
      await this.#pause(seconds * 1000);
    }
  }

  get client(): EasClient {
    return this.phone.client;
  }

  /** The mail folders that it keeps, the inbox first. */
  folders(): PhoneFolder[] {
    return this.phone.mailFolders().filter(({ type }) => kept.includes(type))
      .sort((a, b) => a.type - b.type).slice(0, mostFolders);
  }

  /** Folders that somebody made during the play. */
  ownFolders(): PhoneFolder[] {
    return this.phone.mailFolders().filter(({ name }) => name.startsWith("folder-"));
  }

  /** A folder, where it knows any. */
  folderAt(place: number): Collection | undefined {
    const folder = at(this.folders(), place);
    return folder && this.phone.collection(folder.id);
  }

  #turn: Promise<unknown> = Promise.resolve();

  /** One thing after the other: a device does not sync twice at once. */
  inTurn<R>(work: () => Promise<R>): Promise<R> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }

  /** Makes one request; what the network does to it is no violation. */
  async #try(work: () => Promise<unknown>, fault: Fault | undefined): Promise<Came> {
    this.wire.next = fault;
    try {
      await work();
      return "answered";
    } catch (error) {
      const refused = error instanceof EasError;
      if (refused && !(isPassing(error) && this.excused())) {
        throw new Violation(`${this.name}: ${error.message}`);
      }
      if (!refused && !(error instanceof TypeError || error instanceof WbxmlError)) throw error;
      return "failed";
    } finally {
      this.wire.next = undefined;
    }
  }

  /** Leaves a held request: real devices do before they ask for something else. */
  hangUp(): void {
    this.#held?.abort();
    this.#held = undefined;
  }

  get holds(): boolean {
    return this.#held !== undefined;
  }

  /** A FolderSync. */
  async syncFolders(fault?: Fault): Promise<Came> {
    return await this.#try(() => this.phone.syncFolders(), fault);
  }

  /** A Sync of its first folders. */
  async sync({ folders, how, fault }: Omit<Extract<Op, { op: "sync" }>, "op" | "device">) {
    this.hangUp();
    const ids = this.folders().slice(0, folders).map(({ id }) => id);
    if (ids.length === 0) return await this.syncFolders(fault);
    return await this.#syncOf(ids, how === "push" ? { getChanges: false } : {}, fault);
  }

  async #syncOf(
    ids: readonly string[],
    asked: { getChanges?: boolean; heartbeat?: number; wait?: number; signal?: AbortSignal },
    fault: Fault | undefined,
  ): Promise<Came> {
    let status = 0;
    this.#last = undefined;
    const came = await this.#try(async () => {
      const reply = await this.phone.sync(ids, asked);
      status = reply.status;
      this.#check(reply);
      // What an empty request would repeat is known now; a push is not worth it.
      if (asked.getChanges !== false && status === 1) this.#last = ids;
    }, fault);
    if (status === 12 || this.#looksAtFolders) {
      this.#looksAtFolders = false;
      await this.syncFolders();
    }
    return came;
  }

  #looksAtFolders = false;

  /** An empty request means the last one again; not where the user did something meanwhile. */
  #mayRepeat(): boolean {
    return this.#last !== undefined &&
      this.#last.every((id) => {
        const { waiting, key } = this.phone.collection(id);
        return waiting === 0 && key !== "0";
      });
  }

  /** Asks for the same as the last time, by an empty request; it waits if that one did. */
  async repeat(fault?: Fault): Promise<Came> {
    if (!this.#mayRepeat() || !atLeast(this.setup.version, "12.1")) return "failed";
    const ids = this.#last!;
    this.#last = undefined;
    return await this.#holding((signal) => this.#repeat(ids, signal, fault));
  }

  async #repeat(
    ids: readonly string[],
    signal: AbortSignal,
    fault: Fault | undefined,
  ): Promise<Came> {
    return await this.#try(async () => {
      const reply = await this.client.sync(undefined, signal);
      this.#check(reply, [13]);
      for (const part of reply.collections) this.phone.collection(part.id).apply(part);
      if (reply.status === 1) this.#last = ids;
    }, fault);
  }

  /** No status may come that the network does not explain. */
  #check(reply: SyncReply, more: readonly number[] = []): void {
    const allowed = [1, 12, ...more, ...(this.excused() ? [16] : [])];
    if (!allowed.includes(reply.status)) {
      throw new Violation(`${this.name}: Sync ended with status ${reply.status}`);
    }
    for (const { id, status } of reply.collections) {
      if (status === 8 || status === 12) this.#looksAtFolders = true;
      else if (status === 3 && this.startsOver) continue;
      else if (status !== 1 && !(status === 5 && this.excused())) {
        throw new Violation(`${this.name}: folder ${id} was answered with status ${status}`);
      }
    }
  }

  /** Begins a request that waits; what it brings is taken in when it comes. */
  hold(op: Omit<Extract<Op, { op: "wait" }>, "op" | "device">): Promise<Came> {
    this.hangUp();
    const ids = this.folders().slice(0, op.folders).map(({ id }) => id);
    // What has no key cannot be waited for.
    const ready = ids.filter((id) => this.phone.collection(id).key !== "0");
    if (ready.length === 0) return Promise.resolve("failed");
    const patience = atLeast(this.setup.version, "14.0")
      ? { heartbeat: op.seconds }
      : { wait: op.seconds / 60 };
    this.wire.silent = op.silent;
    return this.#holding((signal) =>
      op.how === "ping" || !atLeast(this.setup.version, "12.1")
        ? this.#ping(op.seconds, ready, signal, op.fault)
        : this.#syncOf(ready, { ...patience, signal }, op.fault)
    );
  }

  /** A request that may take its time, until `hangUp`. */
  #holding(request: (signal: AbortSignal) => Promise<Came>): Promise<Came> {
    this.hangUp();
    const controller = new AbortController();
    this.#held = controller;
    return request(controller.signal).finally(() => {
      if (this.#held === controller) this.#held = undefined;
    });
  }

  #ping(
    seconds: number,
    ids: readonly string[],
    signal: AbortSignal,
    fault: Fault | undefined,
  ): Promise<Came> {
    return this.#try(async () => {
      const { status } = await this.phone.ping(seconds, ids, signal);
      if (![1, 2, 7].includes(status)) {
        throw new Violation(`${this.name}: Ping was answered with status ${status}`);
      }
      if (status === 7) this.#looksAtFolders = true;
    }, fault);
  }

  /** The items that the user works with, by id: what cannot be shown is left alone. */
  shown(collection: Collection): string[] {
    const { items } = collection;
    const isHidden = (id: string) =>
      this.hidden.has(id) || this.subjectOf(collection, id) === stubbed;
    return [...items.keys()].filter((id) => !isHidden(id)).sort();
  }

  /** The user does something to an item; the next Sync tells it. The item, if there was one. */
  act(
    collection: Collection,
    place: number,
    what: Mark | "delete",
    word: number,
  ): string | undefined {
    const id = at(this.shown(collection), place);
    const knows = what === "words" ? this.knowsWords : this.knowsFlags || !flags.includes(what);
    if (id === undefined || !knows || this.#shows(collection, id, what, word)) return undefined;
    if (what === "delete") {
      this.hidden.add(id);
      collection.delete(id);
    } else collection.change(id, markElement(what, word));
    return id;
  }

  /** Nobody marks as read what is shown as read. */
  #shows(collection: Collection, id: string, what: Mark | "delete", word: number): boolean {
    if (what === "delete") return false;
    const { tag, text, children } = markElement(what, word);
    const shown = collection.items.get(id)?.fields.get(tag);
    if (tag === "Email:Read") return shown?.text === text;
    const first = (element: Element | undefined) => element?.children[0]?.text ?? "";
    return first(shown) === (children[0]?.text ?? "");
  }

  /** Old versions have no categories. */
  get knowsWords(): boolean {
    return atLeast(this.setup.version, "14.0");
  }

  get knowsFlags(): boolean {
    return atLeast(this.setup.version, "12.0");
  }

  /** How much of a text it has: its beginning. */
  get textSize(): number {
    return atLeast(this.setup.version, "12.0") ? this.setup.truncation : 512;
  }

  subjectOf(collection: Collection, id: string): string {
    return collection.items.get(id)?.fields.get("Email:Subject")?.text ?? "";
  }

  /** Fetches the whole of an item: it has to be the one that the device has. */
  async fetchItem(collection: Collection, place: number, fault?: Fault): Promise<Came> {
    const id = at(this.shown(collection), place);
    if (id === undefined || !atLeast(this.setup.version, "12.0")) return "failed";
    const subject = this.subjectOf(collection, id);
    return await this.#try(async () => {
      const fetched = await this.client.fetch({ collectionId: collection.id, id }, {
        bodies: [{ type: 1 }],
      });
      const statuses = [1, 6, 8, ...(this.excused() ? [3, 14] : [])];
      if (!statuses.includes(fetched.status)) {
        throw new Violation(`${this.name}: Fetch of ${id} was answered with ${fetched.status}`);
      }
      const text = new TextDecoder().decode(fetched.content ?? new Uint8Array());
      // Notices are about letters; all else says itself what it is.
      const wanted = isNotice(subject) ? subject.replace(/^.*: /, "") : `This is ${subject}.`;
      if (fetched.status === 1 && !text.includes(wanted)) {
        throw new Violation(`${this.name}: Fetch of ${id} (${subject}) brought "${text}"`);
      }
    }, fault);
  }

  async estimate(collection: Collection, fault?: Fault): Promise<Came> {
    if (collection.key === "0") return "failed";
    return await this.#try(async () => {
      const { id: collectionId, key } = collection;
      const { status } = await this.client.getItemEstimate({ collectionId, key });
      if (status === 1 || (status === 4 && this.startsOver)) return;
      if (status === 2 && await this.#hasLost(collectionId)) return;
      throw new Violation(`${this.name}: an estimate ended with ${status}`);
    }, fault);
  }

  /** Whether a folder has gone meanwhile. */
  async #hasLost(id: string): Promise<boolean> {
    await this.phone.syncFolders();
    return !this.phone.folders.has(id);
  }

  /** Tries what it wants done, the oldest first. */
  async runErrand(fault?: Fault): Promise<Came> {
    const [errand] = this.errands;
    if (!errand) return "failed";
    return await this.#try(async () => {
      await errand.attempt();
      if (this.errands[0] === errand) this.errands.shift();
    }, fault);
  }

  /** Drafts can be written from 16.0 on. */
  get writesDrafts(): boolean {
    return atLeast(this.setup.version, "16.0");
  }
}

const flags: readonly string[] = ["flag", "done", "clear"];

/** What stands at a place of a list. */
export function at<T>(list: readonly T[], place: Place): T | undefined {
  return list[Math.floor(place * list.length)];
}

/** Come back later: the only refusals that are no violation. */
const isPassing = ({ http, status }: EasError) => http === 503 || status === 111;
