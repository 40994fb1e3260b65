// Everything of one run: the server, the devices, somebody else, and what each operation does.
import { at, Device } from "./device.ts";
import type { Ledger } from "./ledger.ts";
import type { Machine } from "./machine.ts";
import { rest } from "./rest.ts";
import type { Op, Scenario } from "./scenario.ts";
import { Somebody } from "./somebody.ts";
import { acts, drafts, edits, moves, sends, type World } from "./user.ts";
import { Violation } from "./violation.ts";
import type { Late } from "./wire.ts";

/** Requests of one operation, a rest with many devices and small windows included. */
const mostRequests = 5000;

export class Stage {
  readonly server: Machine;
  readonly ledger: Ledger;
  readonly devices: readonly Device[];
  readonly somebody: Somebody;
  /** Rests so far. */
  rests = 0;
  readonly #world: World;
  readonly #late: Late[] = [];
  /** Held requests; each is caught, and looked at when all comes to rest. */
  readonly #held = new Set<Promise<unknown>>();
  readonly #wrong: unknown[] = [];
  /** Something was armed, went off, or runs beside other things: devices may be told to wait. */
  #excused = false;
  /** Troubles up to the present operation. */
  #calm = 0;
  #requests = 0;

  constructor(server: Machine, ledger: Ledger, scenario: Scenario) {
    this.server = server;
    this.ledger = ledger;
    this.somebody = new Somebody(server, ledger);
    this.devices = scenario.devices.map((_, n) => this.#makeDevice(scenario, n));
    let mails = 0;
    this.#world = {
      accounts: server.accounts,
      ledger,
      folderName: () => this.somebody.folderName(),
      subject: (kind) => `${kind}-${++mails}`,
    };
  }

  #makeDevice(scenario: Scenario, n: number): Device {
    const setup = scenario.devices[n]!;
    const device = new Device(`PHONE${n}`, setup, this.server.accounts[setup.account]!, {
      machine: () => this.server,
      pause: (ms) => this.server.jump(ms),
      late: (send) => void this.#late.push(send),
      asked: () => {
        if (++this.#requests > mostRequests) throw new Violation("there is no end of requests");
      },
      seen: (status, command) => {
        // 500 is what versions up to 12.1 hear where the original of an answer is gone.
        if (status < 500 || status === 503 || command.startsWith("Smart")) return;
        this.#wrong.push(new Violation(`${command} was answered with HTTP ${status}`));
      },
    });
    device.excused = () => this.#excused || this.server.troubles > this.#calm;
    return device;
  }

  /** Does one operation, and starts the server again where that ended it. */
  async perform(op: Op): Promise<void> {
    this.#calm = this.server.troubles;
    this.#requests = 0;
    await this.#do(op);
    await this.server.settle();
    if (!this.server.on) await this.server.revive();
    if (this.#wrong.length > 0) throw this.#wrong[0];
    this.#excused = this.#held.size > 0;
  }

  async #do(op: Op): Promise<void> {
    if ("fault" in op && op.fault) this.#excused = true;
    switch (op.op) {
      case "arrive":
        return await this.somebody.arrive(op);
      case "elsewhere":
        return await this.somebody.change(op);
      case "tree":
        return await this.somebody.tree(op);
      case "late":
        return await this.#sendLate(op.which);
      case "cut":
        return this.server.cut();
      case "outage":
        return this.server.outage?.();
      case "pass":
        return await this.server.jump(op.ms);
      case "together":
        this.#excused = true;
        await Promise.all(op.ops.map((one) => this.#do(one)));
        return;
      case "rest":
        await this.#comeToRest();
        return await rest(this);
      default: {
        const device = at(this.devices, op.device)!;
        this.#byUser(device, op);
        return await device.inTurn(() => this.#byDevice(device, op));
      }
    }
  }

  /** What the user does at once, whatever the device is busy with. */
  #byUser(device: Device, op: Extract<Op, { device: number }>): void {
    const world = this.#world;
    switch (op.op) {
      case "user": {
        const collection = device.folderAt(op.folder);
        if (collection) acts(world, device, collection, op);
        return;
      }
      case "send":
        return sends(world, device, op);
      case "move":
        return moves(world, device, op);
      case "edit":
        return edits(world, device, op);
      case "draft":
        return drafts(world, device, op);
      case "filter":
        device.days = op.days;
        device.window = op.window;
    }
  }

  /** What the device then asks of the server. */
  async #byDevice(device: Device, op: Extract<Op, { device: number }>): Promise<void> {
    const collection = "folder" in op ? device.folderAt(op.folder) : undefined;
    switch (op.op) {
      case "sync":
        if (op.how === "repeat") return this.#hold(device.repeat(op.fault));
        return void await device.sync(op);
      case "tunnel":
        return await device.tunnel(op);
      case "wait":
        return this.#hold(device.hold(op));
      case "folders":
        return void await device.syncFolders(op.fault);
      case "fetch":
        return void (collection && await device.fetchItem(collection, op.item, op.fault));
      case "estimate":
        return void (collection && await device.estimate(collection, op.fault));
      case "send":
      case "move":
      case "edit":
        return void await device.runErrand(op.fault);
    }
  }

  #hold(held: Promise<unknown>): void {
    const done = held.catch((error) => void this.#wrong.push(error))
      .finally(() => this.#held.delete(done));
    this.#held.add(done);
  }

  async #sendLate(which: number): Promise<void> {
    const [send] = this.#late.splice(Math.floor(which * this.#late.length), 1);
    this.#excused = true;
    // It may be one that waits.
    if (send) this.#hold(send());
    await this.server.settle();
  }

  /** Nothing goes wrong any more, and nothing is under way. */
  async #comeToRest(): Promise<void> {
    this.server.calm();
    if (!this.server.on) await this.server.revive();
    while (this.#late.length > 0) await this.#sendLate(0);
    for (const device of this.devices) device.hangUp();
    // Nobody hung up on a request that came late: its time has to pass.
    for (let tries = 0; tries < 20 && (tries === 0 || this.#held.size > 0); tries++) {
      await this.server.jump(900_000);
      await this.server.settle();
    }
    await Promise.all(this.#held);
    this.#excused = false;
    // Mail that was on its way when the power went is free again after this.
    await this.server.jump(150_000);
  }
}
