// Plays a scenario: devices and somebody else work on the same mail, and at each rest all must agree.
import { type Account, Unavailable } from "../../core/mod.ts";
import { StorageError } from "../../core/database.ts";
import {
  type Folder,
  type Item,
  type Mailbox,
  type Marks,
  NotFound,
} from "../../plugins/mailbox/api.ts";
import type { Collection } from "../../plugins/eas/client/mod.ts";
import { settle } from "../kit.ts";
import { compareDevices, pingsRest } from "./checks.ts";
import { Device, Violation, words } from "./device.ts";
import { Ledger, type MarkName } from "./ledger.ts";
import { type Machine, machine, type MachineOptions } from "./machine.ts";
import { PowerCut } from "./power.ts";
import type { Fault, Mark, Op, Scenario } from "./scenario.ts";
import type { Late } from "./wire.ts";

export interface PlayOptions extends Pick<MachineOptions, "sabotage"> {
  /** What makes the server; default: one in this process. */
  readonly machine?: (options: MachineOptions) => Promise<Machine>;
}

/** What went wrong, and at which operation. */
export interface Failure {
  readonly at: number;
  readonly message: string;
}

/** Plays; undefined where nothing went wrong. */
export async function play(
  scenario: Scenario,
  options: PlayOptions = {},
): Promise<Failure | undefined> {
  const ledger = new Ledger();
  const server = await (options.machine ?? machine)({
    accounts: scenario.accounts,
    tap: ledger.tap,
    ...(options.sabotage && { sabotage: options.sabotage }),
  });
  const stage = new Stage(server, ledger, scenario);
  let at = 0;
  try {
    for (const op of scenario.ops) {
      await stage.perform(op);
      at++;
    }
    return undefined;
  } catch (error) {
    const message = error instanceof Violation
      ? error.message
      : error instanceof Error
      ? error.stack ?? error.message
      : String(error);
    return { at, message };
  } finally {
    stage.devices.forEach((device) => device.hangUp());
    await server.end();
  }
}

/** Requests of one operation, a rest with many devices and small windows included. */
const mostRequests = 5000;

/** Everything of one run. */
export class Stage {
  readonly server: Machine;
  readonly ledger: Ledger;
  readonly devices: readonly Device[];
  readonly #late: Late[] = [];
  /** Held requests; each is caught, and looked at when all comes to rest. */
  readonly #held = new Set<Promise<unknown>>();
  readonly #wrong: unknown[] = [];
  #tokens = 0;
  #arrivals = 0;
  #rests = 0;
  /** Something was armed, went off, or runs beside other things: devices may be told to wait. */
  #excused = false;
  #requests = 0;
  /** Troubles up to the present operation. */
  #calm = 0;

  constructor(server: Machine, ledger: Ledger, scenario: Scenario) {
    this.server = server;
    this.ledger = ledger;
    this.devices = scenario.devices.map((setup, n) => {
      const device = new Device(`PHONE${n}`, setup, server.accounts[setup.account]!, {
        machine: () => server,
        late: (send) => void this.#late.push(send),
        asked: () => {
          if (++this.#requests > mostRequests) throw new Violation("there is no end of requests");
        },
        seen: (status, command) => {
          if (status >= 500 && status !== 503) {
            this.#wrong.push(new Violation(`${command} was answered with HTTP ${status}`));
          }
        },
      });
      device.excused = () => this.#excused || server.troubles > this.#calm;
      return device;
    });
  }

  /** Does one operation, and starts the server again where that ended it. */
  async perform(op: Op): Promise<void> {
    this.#calm = this.server.troubles;
    this.#requests = 0;
    await this.#do(op);
    await settle();
    if (!this.server.on) await this.server.revive();
    if (this.#wrong.length > 0) throw this.#wrong[0];
    this.#excused = this.#held.size > 0;
  }

  #device(place: number): Device {
    return this.devices[Math.floor(place * this.devices.length)]!;
  }

  async #do(op: Op): Promise<void> {
    if ("fault" in op && op.fault) this.#excused = true;
    switch (op.op) {
      case "arrive":
        return await this.#arrive(op);
      case "elsewhere":
        return await this.#elsewhere(op);
      case "user":
        return this.#user(op);
      case "late":
        return await this.#sendLate(op.which);
      case "cut":
        return this.server.cut();
      case "pass":
        return await this.server.jump(op.ms);
      case "together":
        this.#excused = true;
        await Promise.all(op.ops.map((one) => this.#do(one)));
        return;
      case "rest":
        return await this.#rest();
      default: {
        const device = this.#device(op.device);
        return await device.inTurn(() => this.#byDevice(device, op));
      }
    }
  }

  async #byDevice(device: Device, op: Extract<Op, { device: number }>): Promise<void> {
    const collection = "folder" in op ? device.folderAt(op.folder) : undefined;
    switch (op.op) {
      case "sync":
        if (op.how === "repeat") return this.#hold(device.repeat(op.fault));
        return void await device.sync(op);
      case "wait":
        return this.#hold(device.hold(op));
      case "folders":
        return void await device.syncFolders(op.fault);
      case "fetch":
        return void (collection && await device.fetchItem(collection, op.item, op.fault));
      case "estimate":
        return void (collection && await device.estimate(collection, op.fault));
      case "send":
        return await this.#send(device, op);
      case "filter":
        device.days = op.days;
        device.window = op.window;
    }
  }

  #hold(held: Promise<unknown>): void {
    const done = held.catch((error) => void this.#wrong.push(error))
      .finally(() => this.#held.delete(done));
    this.#held.add(done);
  }

  /** Somebody else's write: he tries again until it is done, always with the same token. */
  async #insist<R>(write: (token: string) => Promise<R>): Promise<R> {
    const token = `play ${++this.#tokens}`;
    for (let tries = 0;; tries++) {
      try {
        if (!this.server.on) await this.server.revive();
        return await write(token);
      } catch (error) {
        const passing = error instanceof PowerCut || error instanceof Unavailable ||
          error instanceof StorageError;
        if (!passing || tries > 10) throw error;
      }
    }
  }

  async #arrive({ account, folder, age, lines }: Extract<Op, { op: "arrive" }>): Promise<void> {
    const { accounts } = this.server;
    const to = accounts[Math.floor(account * accounts.length)]!;
    const folders = await this.#insist(() => foldersOf(this.server.mailbox(to)));
    const { id } = folders[Math.floor(folder * folders.length)]!;
    await this.#arriveIn(to, id, age, lines);
  }

  async #arriveIn(to: Account, folder: string, age: number, lines: number): Promise<string> {
    const subject = `mail-${++this.#arrivals}`;
    const mime = new TextEncoder().encode(
      `From: Bert <bert@example.net>\r\nTo: ${to.address}\r\nSubject: ${subject}\r\n` +
        `Message-ID: <${subject}@example.net>\r\n\r\nThis is ${subject}.\r\n` +
        "One more line of it.\r\n".repeat(lines),
    );
    const date = this.server.now() - age;
    this.ledger.add(to, subject, false);
    await this.#insist((token) => this.server.mailbox(to).create(folder, { mime, date }, token));
    this.ledger.add(to, subject);
    return subject;
  }

  async #elsewhere(op: Extract<Op, { op: "elsewhere" }>): Promise<void> {
    const { accounts } = this.server;
    const owner = accounts[Math.floor(op.account * accounts.length)]!;
    const all = await this.#insist(() => mailOf(this.server.mailbox(owner)));
    const found = all[Math.floor(op.item * all.length)];
    if (!found) return;
    const { id, mail } = found.item;
    const subject = mail?.subject ?? "";
    try {
      if (op.what === "remove" || op.what === "move") {
        this.ledger.touched(owner, subject, "elsewhere", op.what === "remove");
        if (op.what === "remove") {
          await this.#insist((token) => this.server.mailbox(owner).remove(id, token));
          return;
        }
        const folders = await this.#insist(() => foldersOf(this.server.mailbox(owner)));
        const to = folders[Math.floor(op.to * folders.length)]!.id;
        await this.#insist((token) => this.server.mailbox(owner).move(id, to, token));
        return;
      }
      const { marks, mark, value } = marksOf(op.what, op.word);
      this.ledger.marked(owner, subject, "elsewhere", mark, value);
      await this.#insist((token) => this.server.mailbox(owner).mark(id, marks, token));
    } catch (error) {
      // A device was faster.
      if (!(error instanceof NotFound)) throw error;
    }
  }

  #user({ device: place, folder, item, what, word }: Extract<Op, { op: "user" }>): void {
    const device = this.#device(place);
    const collection = device.folderAt(folder);
    if (!collection) return;
    const id = device.act(collection, item, what, word);
    if (id !== undefined) this.#note(device, collection, id, what, word);
  }

  #note(
    device: Device,
    collection: Collection,
    id: string,
    what: Mark | "delete",
    word: number,
  ): void {
    const subject = device.subjectOf(collection, id);
    if (what === "delete") {
      this.ledger.acted(device.name, id, "gone");
      const role = device.phone.folders.get(collection.id)?.type;
      const forGood = !device.setup.deletesAsMoves || role === 4;
      this.ledger.touched(device.account, subject, device.name, forGood);
    } else {
      const { mark, value } = marksOf(what, word);
      this.ledger.acted(device.name, id, `${mark}=${value}`);
      this.ledger.marked(device.account, subject, device.name, mark, value);
    }
  }

  async #send(device: Device, { to, fault }: Extract<Op, { op: "send" }>): Promise<void> {
    const { accounts } = this.server;
    const recipient = accounts[Math.floor(to * accounts.length)]!;
    // To oneself it would be twice in one mailbox.
    if (recipient !== device.account) {
      const letter = device.write(recipient);
      this.ledger.add(device.account, letter.id, false);
      this.ledger.add(recipient, letter.id, false);
    }
    await this.#flush(device, fault);
  }

  async #flush(device: Device, fault?: Fault): Promise<void> {
    await device.send(({ id, to }) => {
      this.ledger.add(device.account, id);
      this.ledger.add(to, id);
    }, fault);
  }

  async #sendLate(which: number): Promise<void> {
    const [send] = this.#late.splice(Math.floor(which * this.#late.length), 1);
    this.#excused = true;
    // It may be one that waits.
    if (send) this.#hold(send());
    await settle();
  }

  /** Nothing goes wrong any more; then everybody has the same. */
  async #rest(): Promise<void> {
    this.server.calm();
    if (!this.server.on) await this.server.revive();
    while (this.#late.length > 0) await this.#sendLate(0);
    for (const device of this.devices) device.hangUp();
    // Nobody hung up on a request that came late: its time has to pass.
    await this.server.jump(900_000);
    await Promise.all(this.#held);
    await settle();
    this.#excused = false;
    // Mail that was on its way when the power went is free again after this.
    await this.server.jump(150_000);
    for (let round = 0; round < 3; round++) {
      for (const device of this.devices) await this.#comeToRest(device, round === 2);
    }
    this.#rests++;
    await this.#ownChange(this.#inTurn());
    for (const device of this.devices) await this.#comeToRest(device, false);
    await this.#compare();
  }

  /** Another device at each rest. */
  #inTurn(): Device {
    return this.devices[this.#rests % this.devices.length]!;
  }

  /** A new mail ends a Ping at once, and the next Sync brings it. */
  async #wakes({ name, phone, account }: Device): Promise<void> {
    const folder = phone.mailFolders().find(({ type }) => type === 2);
    if (!folder) return;
    let status = 0;
    const answer = phone.ping(600, [folder.id]).then((reply) => void (status = reply.status));
    answer.catch(() => {});
    for (let n = 0; n < 5; n++) await settle();
    const subject = await this.#arriveIn(account, folder.id, 0, 1);
    for (let n = 0; n < 5; n++) await settle();
    await this.server.jump(1000);
    if (status !== 2) throw new Violation(`${name}: Ping does not notice "${subject}"`);
    await answer;
    await phone.sync([folder.id]);
    const { items, moreAvailable } = phone.collection(folder.id);
    const got = [...items.values()].some(({ fields }) =>
      fields.get("Email:Subject")?.text === subject
    );
    if (!got && !moreAvailable) {
      throw new Violation(`${name}: "${subject}" woke it and is not there`);
    }
  }

  /** What the user does himself comes back neither with its own answer nor with the next. */
  async #ownChange(device: Device): Promise<void> {
    const [folder] = device.folders();
    const collection = folder && device.phone.collection(folder.id);
    const id = collection && device.act(collection, 0.5, "read", 0);
    if (id === undefined) return;
    this.#note(device, collection!, id, "read", 0);
    for (let round = 0; round < 2; round++) {
      const reply = await device.phone.sync([collection!.id]);
      for (const { adds, changes, deletes } of reply.collections) {
        if (adds.length + changes.length + deletes.length > 0) {
          throw new Violation(`${device.name} was told of its own change of ${id}`);
        }
      }
    }
  }

  /** Syncs until nothing more comes. `still`: nothing may come at all. */
  async #comeToRest(device: Device, still: boolean): Promise<void> {
    for (let tries = device.outbox.length; tries > 0; tries--) await this.#flush(device);
    await device.syncFolders();
    for (const { id } of device.folders()) {
      const { phone } = device;
      const before = phone.collection(id).key;
      await phone.syncAll(id);
      if (still && phone.collection(id).key !== before) {
        throw new Violation(`${device.name}: folder ${id} does not come to rest`);
      }
    }
  }

  async #compare(): Promise<void> {
    const wrong: string[] = [];
    for (const account of this.server.accounts) {
      const present = new Map<string, { folder: string; item: Item }[]>();
      for (const one of await mailOf(this.server.mailbox(account))) {
        const subject = one.item.mail?.subject ?? `(${one.item.id})`;
        present.set(subject, [...present.get(subject) ?? [], one]);
      }
      wrong.push(...this.ledger.settle(account, present));
    }
    wrong.push(...this.ledger.halves(), ...this.ledger.repeated());
    wrong.push(...await compareDevices(this.server, this.devices));
    if (wrong.length === 0) wrong.push(...await pingsRest(this.server, this.devices));
    if (wrong.length === 0) await this.#wakes(this.#inTurn());
    if (wrong.length > 0) throw new Violation(wrong.join("\n"));
  }
}

/** The folders of mail. */
export async function foldersOf(mailbox: Mailbox): Promise<Folder[]> {
  const { changes } = await mailbox.folders(undefined);
  return changes.map(({ folder }) => folder).filter((folder) =>
    folder?.class === "mail"
  ) as Folder[];
}

/** All mail of an account, in the order of its ids. */
export async function mailOf(mailbox: Mailbox): Promise<{ folder: string; item: Item }[]> {
  const all: { folder: string; item: Item }[] = [];
  for (const { id } of await foldersOf(mailbox)) {
    const { items } = await mailbox.list(id, {}, 100_000);
    for await (const item of mailbox.read(items.map(({ id }) => id), {})) {
      all.push({ folder: id, item });
    }
  }
  return all;
}

function marksOf(
  what: Mark,
  word: number,
): { marks: Partial<Marks>; mark: MarkName; value: string } {
  switch (what) {
    case "read":
    case "unread":
      return { marks: { read: what === "read" }, mark: "read", value: what === "read" ? "1" : "0" };
    case "flag":
      return { marks: { flag: { status: "active" } }, mark: "flag", value: "active" };
    case "done":
      return { marks: { flag: { status: "complete" } }, mark: "flag", value: "complete" };
    case "clear":
      return { marks: { flag: undefined }, mark: "flag", value: "" };
    case "words":
      return { marks: { keywords: [words[word]!] }, mark: "words", value: words[word]! };
  }
}
