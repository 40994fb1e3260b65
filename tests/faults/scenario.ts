// What happens in a run, as plain data made from a seed: it can be printed, cut down and run again.
import { atLeast, type Version, versions } from "../../plugins/eas/versions.ts";
import { seededRandom } from "../kit.ts";
import type { Cut } from "./power.ts";
import type { Strike } from "./upstream.ts";

/** A place in a list, whatever its length will be: 0 is the first, just below 1 the last. */
export type Place = number;

/** What goes wrong with a request. */
export interface Fault {
  /** It never arrives. */
  readonly request?: "lost";
  /** Its answer never arrives; it ends in the middle; the connection breaks off in the middle. */
  readonly answer?: "lost" | "cut" | "broken";
  /** Where it ends. */
  readonly at?: Place;
  /** The network sends it twice: both at once, or the second one after other requests. */
  readonly twin?: "atOnce" | "later";
  readonly power?: Cut;
  /** One statement of the database fails after so many. */
  readonly trouble?: number;
  /** A command to the server behind the gateway fails. */
  readonly upstream?: Strike;
}

export type Mark = "read" | "unread" | "flag" | "done" | "clear" | "words";

/** What happens to a folder. */
export type Edit = "create" | "rename" | "remove";

/** One thing that happens. */
export type Op =
  | {
    op: "arrive";
    account: Place;
    folder: Place;
    age: number;
    lines: number;
    /** Weak devices crash on it. */
    poison?: true;
    /** The conversation that it answers in. */
    thread?: string;
  }
  | {
    op: "elsewhere";
    account: Place;
    item: Place;
    what: Mark | "remove" | "move";
    word: number;
    to: Place;
  }
  | { op: "user"; device: Place; folder: Place; item: Place; what: Mark | "delete"; word: number }
  | { op: "sync"; device: Place; folders: number; how: "all" | "push" | "repeat"; fault?: Fault }
  | {
    op: "wait";
    device: Place;
    folders: number;
    how: "ping" | "sync";
    seconds: number;
    silent: boolean;
    fault?: Fault;
  }
  | { op: "folders"; device: Place; fault?: Fault }
  | { op: "fetch"; device: Place; folder: Place; item: Place; fault?: Fault }
  | { op: "estimate"; device: Place; folder: Place; fault?: Fault }
  | {
    op: "send";
    device: Place;
    to: Place;
    how: "new" | "reply" | "forward";
    folder: Place;
    item: Place;
    fault?: Fault;
  }
  | { op: "move"; device: Place; folder: Place; item: Place; to: Place; fault?: Fault }
  | { op: "edit"; device: Place; how: Edit; folder: Place; fault?: Fault }
  | { op: "tree"; account: Place; how: Edit; folder: Place }
  | { op: "draft"; device: Place; how: "write" | "change" | "send"; item: Place; to: Place }
  | { op: "filter"; device: Place; days: number; window: number }
  /** No answer comes through, so often, and as long as that takes. */
  | { op: "tunnel"; device: Place; folders: number; times: number; seconds: number }
  | { op: "late"; which: Place }
  | { op: "cut" }
  /** The server behind the gateway ends. */
  | { op: "outage" }
  | { op: "pass"; ms: number }
  | { op: "together"; ops: readonly Op[] }
  | { op: "rest" };

/** A device at the beginning. */
export interface DeviceSetup {
  readonly account: number;
  readonly version: Version;
  readonly window: number;
  /** How many days back its mail goes; 0: all. */
  readonly days: number;
  readonly conflict: 0 | 1;
  readonly deletesAsMoves: boolean;
  /** Bytes of a body. */
  readonly truncation: number;
  /** It crashes on answers with poisonous mail. */
  readonly weak?: true;
  /** It syncs whole conversations. */
  readonly whole?: true;
}

export interface Scenario {
  readonly accounts: number;
  readonly devices: readonly DeviceSetup[];
  readonly ops: readonly Op[];
}

const minute = 60_000, hour = 60 * minute, day = 24 * hour;

/** A source of choices that follow from a seed. */
class Dice {
  readonly next: () => number;
  /** Conversations have a source of their own: what happened without them happens as it did. */
  readonly talk: () => number;
  readonly wild: boolean;
  readonly loops: boolean;
  readonly talks: boolean;
  readonly gateway: boolean;
  constructor(
    { seed, wild = false, gateway = false, loops = false, talks = false }: ScenarioOptions,
  ) {
    this.next = seededRandom(seed);
    this.talk = seededRandom(seed + 0.5);
    this.wild = wild;
    this.loops = loops;
    this.gateway = gateway;
    this.talks = talks;
  }
  chance(odds: number): boolean {
    return this.next() < odds;
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }
  /** Short, so that a script stays readable. */
  place(): Place {
    return Math.floor(this.next() * 1000) / 1000;
  }
}

export interface ScenarioOptions {
  readonly seed: number;
  readonly operations: number;
  /** Of the devices; default: all. */
  readonly versions?: readonly Version[];
  /** Operations between two rests. */
  readonly between?: number;
  /** Twice the faults, on a few mails that everybody works on: what is weak breaks sooner. */
  readonly wild?: boolean;
  /** Devices that crash on some mail, and long tunnels: they ask for the same again and again. */
  readonly loops?: boolean;
  /** The server behind the gateway fails too. */
  readonly gateway?: boolean;
  /** Hardly anything but conversations, and devices that sync them whole. */
  readonly talks?: boolean;
}

/** The scenario of a seed: always the same. */
export function scenario(options: ScenarioOptions): Scenario {
  const { operations, between = 120 } = options;
  const dice = new Dice(options);
  const accounts = 1 + dice.below(2);
  const devices = Array.from({ length: 2 + dice.below(3) }, (_, n): DeviceSetup => ({
    account: n % accounts,
    version: dice.pick(newest(dice, options.versions ?? versions)),
    window: dice.pick([1, 3, 10, 100]),
    days: dice.pick([0, 0, 3, 7, 30]),
    conflict: dice.pick([0, 1]),
    deletesAsMoves: dice.chance(0.7),
    truncation: dice.pick([100, 512, 5000]),
    ...(dice.loops && dice.chance(0.6) && { weak: true as const }),
  })).map((device) => talking(dice, device));
  const ops: Op[] = [];
  for (let n = 1; n <= operations; n++) {
    ops.push(n === operations || n % between === 0 ? { op: "rest" } : anyOp(dice));
  }
  return { accounts, devices, ops };
}

/** From 14.0 on a device may ask for whole conversations; then its time is short. */
const talking = (dice: Dice, device: DeviceSetup): DeviceSetup =>
  atLeast(device.version, "14.0") && dice.talk() < (dice.talks ? 1 : 0.6)
    ? { ...device, whole: true, days: dice.talk() < 0.7 ? 3 : 7 }
    : device;

/** The newest versions can do most, and most can go wrong with them. */
const newest = (dice: Dice, all: readonly Version[]) =>
  dice.wild && dice.chance(0.5) ? all.slice(-2) : all;

/** How many operations there are, those that happen together counted one by one. */
export function countOps(ops: readonly Op[]): number {
  return ops.reduce((sum, op) => sum + (op.op === "together" ? op.ops.length : 1), 0);
}

function anyOp(dice: Dice): Op {
  if (dice.loops && dice.chance(0.06)) return tunnel(dice);
  const roll = dice.next();
  if (roll < 0.08) {
    const ops = Array.from({ length: 2 + dice.below(3) }, () => single(dice));
    return { op: "together", ops };
  }
  if (roll < 0.1) return dice.gateway && dice.chance(0.5) ? { op: "outage" } : { op: "cut" };
  if (roll < 0.14) return { op: "late", which: dice.place() };
  if (roll < 0.18) return { op: "pass", ms: dice.pick([minute, hour, 7 * hour, day]) };
  return single(dice);
}

/** Weights of what may happen beside other things. */
const kinds: readonly (readonly [number, (dice: Dice) => Op])[] = [
  [16, arrive],
  [14, elsewhere],
  [18, user],
  [34, sync],
  [7, wait],
  [3, (dice) => ({ op: "folders", device: dice.place(), ...faulty(dice, 0.4) })],
  [3, (dice) => ({ op: "fetch", ...item(dice), ...faulty(dice, 0.3) })],
  [1, (dice) => ({ op: "estimate", device: dice.place(), folder: dice.place() })],
  [5, (dice) => ({
    op: "send",
    to: dice.place(),
    how: dice.pick(["new", "new", "reply", "forward"] as const),
    ...item(dice),
    ...faulty(dice, 0.5),
  })],
  [5, (dice) => ({ op: "move", ...item(dice), to: dice.place(), ...faulty(dice, 0.5) })],
  [3, (dice) => ({ op: "edit", ...edit(dice), device: dice.place(), ...faulty(dice, 0.5) })],
  [1, (dice) => ({ op: "tree", ...edit(dice), account: dice.place() })],
  [3, draft],
  [3, (dice) => ({
    op: "filter",
    device: dice.place(),
    days: dice.pick([0, 1, 3, 7, 14, 30]),
    window: dice.pick([1, 3, 10, 100]),
  })],
];
const weight = kinds.reduce((sum, [part]) => sum + part, 0);

function draft(dice: Dice): Op {
  return {
    op: "draft",
    device: dice.place(),
    how: dice.pick(["write", "change", "send"] as const),
    item: dice.place(),
    to: dice.place(),
  };
}

function single(dice: Dice): Op {
  if (dice.wild && dice.chance(0.1)) return draft(dice);
  let roll = dice.next() * weight;
  for (const [part, make] of kinds) {
    if (roll < part) return make(dice);
    roll -= part;
  }
  return arrive(dice);
}

function arrive(dice: Dice): Op {
  if (dice.wild && dice.chance(0.6)) return user(dice);
  return {
    op: "arrive",
    account: dice.place(),
    folder: dice.chance(0.8) ? 0 : dice.place(),
    age: dice.chance(0.5) ? 0 : Math.floor(dice.next() * 40 * day / hour) * hour,
    lines: dice.pick([1, 1, 20, 400]),
    ...(dice.loops && dice.chance(0.25) && { poison: true as const }),
    ...(dice.talk() < 0.8 && talk(dice)),
    ...(dice.talks && { account: 0, folder: 0 }),
  };
}

/** Most of a conversation is old: whether it is shown hangs on a mail or two. */
const talk = (dice: Dice) => ({
  thread: `talk-${Math.floor(dice.talk() * 4)}`,
  age: dice.talk() < 0.3 ? 0 : Math.floor(dice.talk() * 20 * day / hour) * hour,
});

function tunnel(dice: Dice): Op {
  return {
    op: "tunnel",
    device: dice.place(),
    folders: 1 + dice.below(3),
    times: 2 + dice.below(16),
    seconds: dice.pick([1, 10, 60]),
  };
}

const marks = ["read", "unread", "flag", "done", "clear", "words"] as const;

function elsewhere(dice: Dice): Op {
  const roll = dice.next();
  return {
    op: "elsewhere",
    account: dice.place(),
    item: dice.place(),
    what: roll < 0.2 ? "remove" : roll < 0.4 ? "move" : dice.pick(marks),
    word: dice.below(3),
    to: dice.place(),
  };
}

const item = (dice: Dice) => ({
  device: dice.place(),
  folder: dice.chance(0.7) ? 0 : dice.place(),
  item: dice.place(),
});

const edit = (dice: Dice) => ({
  how: dice.pick(["create", "rename", "remove"] as const),
  folder: dice.place(),
});

function user(dice: Dice): Op {
  const what = dice.chance(0.25) ? "delete" as const : dice.pick(marks);
  return { op: "user", ...item(dice), what, word: dice.below(3) };
}

function sync(dice: Dice): Op {
  const how = dice.pick(["all", "all", "all", "all", "push", "repeat"] as const);
  return {
    op: "sync",
    device: dice.place(),
    folders: 1 + dice.below(3),
    how,
    ...faulty(dice, 0.4),
  };
}

function wait(dice: Dice): Op {
  return {
    op: "wait",
    device: dice.place(),
    folders: 1 + dice.below(3),
    how: dice.pick(["ping", "sync"] as const),
    seconds: dice.pick([60, 300, 900]),
    silent: dice.chance(0.3),
    ...faulty(dice, 0.2),
  };
}

function faulty(dice: Dice, odds: number): { fault?: Fault } {
  return dice.chance(dice.wild ? 2 * odds : odds) ? { fault: fault(dice) } : {};
}

function fault(dice: Dice): Fault {
  if (dice.gateway && dice.chance(0.35)) return { upstream: strike(dice) };
  const roll = dice.next();
  const cut = (): Cut => ({ after: dice.below(60), written: dice.chance(0.5) });
  if (roll < 0.15) return { request: "lost" };
  if (roll < 0.45) return { answer: "lost" };
  if (roll < 0.55) return { answer: "cut", at: dice.place() };
  if (roll < 0.6) return { answer: "broken", at: dice.place() };
  if (roll < 0.68) return { twin: "atOnce" };
  if (roll < 0.72) return { twin: "atOnce", answer: "lost" };
  if (roll < 0.78) return { twin: "later", ...(dice.chance(0.5) && { answer: "lost" as const }) };
  if (roll < 0.92) return { power: cut() };
  return { trouble: dice.below(60) };
}

function strike(dice: Dice): Strike {
  const on = dice.pick([undefined, undefined, "APPEND", "MOVE", "STORE", "FETCH"] as const);
  return {
    ...(on && { on }),
    after: on ? dice.below(2) : dice.below(12),
    fate: dice.pick(["cut", "cut answer", "cut answer", "freeze", "kill"] as const),
  };
}
