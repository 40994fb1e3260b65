// Phones, a mailbox and a bad line, at random: in the end all have the same, and nobody started again.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { definePlugin } from "../../../../core/mod.ts";
import { seededRandom, settle } from "../../../../tests/kit.ts";
import { altered } from "../../../../tests/kit_eas.ts";
import { asReceived, withSessions } from "../../../../tests/kit_state.ts";
import type { Mailbox } from "../../../mailbox/api.ts";
import { migrations } from "../../../smartsync/migrations.ts";
import { smartsync } from "../../../smartsync/state.ts";
import { atLeast, type Session, type SyncState, syncState } from "../../api.ts";
import type { Phone } from "../../client/mod.ts";
import { el, type Element } from "../../wbxml/element.ts";
import {
  day,
  elsewhere,
  type Engine,
  engine,
  hour,
  type Line,
  line,
} from "../../../../tests/kit_sync.ts";

interface Actor {
  readonly phone: Phone;
  readonly wire: Line;
  readonly days: number;
  /** Whole conversations. */
  readonly whole: boolean;
}

/** FilterType by days. */
const filters = new Map([[0, 0], [1, 1], [3, 2], [7, 3], [14, 4]]);

/** Where a chance is set, writes fail after they happened, and reads in the middle. */
class Faults {
  chance: (() => number) | undefined;

  strike(odds: number): void {
    if (this.chance && this.chance() < odds) throw new Error("the store broke down");
  }

  mailbox(inner: Mailbox): Mailbox {
    const after = async <R>(result: Promise<R>): Promise<R> => {
      const value = await result;
      this.strike(0.3);
      return value;
    };
    const strike = (odds: number) => this.strike(odds);
    return altered(inner, {
      mark: (item, marks, token) => after(inner.mark(item, marks, token)),
      move: (item, to, token) => after(inner.move(item, to, token)),
      remove: (item, token) => after(inner.remove(item, token)),
      changes: (folder, since, limit) => after(inner.changes(folder, since, limit)),
      async *read(items, want) {
        for await (const item of inner.read(items, want)) {
          strike(0.05);
          yield item;
        }
      },
    });
  }

  state(inner: SyncState): SyncState {
    const failing = (session: Session): Session => ({
      ...session,
      commit: async (next) => {
        this.strike(0.2);
        const key = await session.commit(next);
        this.strike(0.2);
        return key;
      },
    });
    return {
      ...inner,
      async open(device, wanted) {
        const sessions = await inner.open(device, wanted);
        return new Map([...sessions].map(([id, session]) => [id, failing(session)]));
      },
    };
  }
}

class Play {
  readonly random: () => number;
  readonly app: Engine;
  readonly phones: Actor[] = [];
  readonly ids: string[] = [];
  readonly done: string[] = [];
  readonly faults: Faults;

  constructor(app: Engine, seed: number, faults: Faults) {
    this.app = app;
    this.random = seededRandom(seed);
    this.faults = faults;
  }

  pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.random() * all.length)]!;
  }

  async begin(): Promise<void> {
    const versions = ["2.5", "12.0", "12.1", "14.1", "16.1"] as const;
    for (let n = 0; n < 2; n++) {
      const wire = line();
      const days = this.pick([0, 0, 3, 7]);
      const version = this.pick(versions);
      const whole = atLeast(version, "14.0") && this.pick([true, false]);
      const phone = await this.app.phone({
        id: `PHONE${n}`,
        version,
        ...(whole && { conversationMode: true }),
        fetch: wire.fetch,
        windowSize: this.pick([1, 3, 10, 100]),
        options: {
          filter: filters.get(days)!,
          conflict: this.pick([0, 1]),
          bodies: [{ type: 1, truncationSize: 100 }],
        },
      });
      this.phones.push({ phone, wire, days, whole });
    }
  }

  async step(): Promise<void> {
    const dice = this.random();
    if (dice < 0.2) await this.arrival();
    else if (dice < 0.4) await this.elsewhere();
    else if (dice < 0.6) this.byUser(this.pick(this.phones));
    else if (dice < 0.65) await this.app.clock.tick(this.pick([hour, 7 * hour, day]));
    else await this.syncs(this.pick(this.phones));
  }

  async arrival(): Promise<void> {
    const thread = this.pick(["lunch", "tea", "dinner", ""]);
    const id = await this.app.arrives(`mail ${this.ids.length}`, {
      age: this.random() * 9 * day,
      ...(thread && { thread }),
    });
    this.ids.push(id);
    this.done.push(`arrives ${id}`);
  }

  async elsewhere(): Promise<void> {
    if (this.ids.length === 0) return;
    const id = this.pick(this.ids);
    const box = this.app.mailbox();
    const what = this.pick(["read", "unread", "flag", "clear", "words", "remove", "move"] as const);
    this.done.push(`elsewhere ${what} ${id}`);
    try {
      if (what === "remove") await box.remove(id, elsewhere());
      else if (what === "move") await box.move(id, this.app.trash, elsewhere());
      else if (what === "flag") await box.mark(id, { flag: { status: "active" } }, elsewhere());
      else if (what === "clear") await box.mark(id, { flag: undefined }, elsewhere());
      else if (what === "words") {
        await box.mark(id, { keywords: [this.pick(["a", "b"])] }, elsewhere());
      } else await box.mark(id, { read: what === "read" }, elsewhere());
    } catch (error) {
      assert.equal((error as Error).name, "NotFound");
    }
  }

  byUser({ phone }: Actor): void {
    const collection = phone.collection(this.app.inbox);
    const ids = [...collection.items.keys()];
    if (ids.length === 0 || collection.waiting > 0) return;
    const id = this.pick(ids);
    const marks = flags(phone) ? (["flag", "clear"] as const) : [];
    const what = this.pick(["read", "unread", "delete", ...marks] as const);
    this.done.push(`user ${what} ${id}`);
    const flag = (...fields: Element[]) => el("Email:Flag", ...fields);
    if (what === "delete") collection.delete(id);
    else if (what === "flag") {
      collection.change(id, flag(el("Email:Status", 2), el("Email:FlagType", "x")));
    } else if (what === "clear") collection.change(id, flag());
    else collection.change(id, el("Email:Read", what === "read"));
  }

  async syncs({ phone, wire }: Actor): Promise<void> {
    const dice = this.random();
    if (dice < 0.3) wire.next = dice < 0.2 ? "answer is lost" : "request is lost";
    this.faults.chance = this.random() < 0.3 ? this.random : undefined;
    this.done.push(`${phone.client.version} syncs, ${wire.next}`);
    try {
      const reply = await phone.sync([this.app.inbox]);
      const allowed = this.faults.chance ? [1, 5] : [1];
      for (const { status } of reply.collections) assert.ok(allowed.includes(status), `${status}`);
    } catch (error) {
      // Lost on the line; or, with faults, cut off in the middle, or asked to come back later.
      const expected = this.faults.chance ? /TypeError|EasError|WbxmlError|Error/ : /TypeError/;
      assert.match(String(error), expected);
    }
    wire.next = "arrives";
    this.faults.chance = undefined;
  }

  /** All that was in motion comes to rest; then everybody must have the same. */
  async end(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      for (const { phone } of this.phones) await phone.syncAll(this.app.inbox);
    }
    for (const actor of this.phones) {
      await actor.phone.syncAll(this.app.inbox);
      await this.compare(actor);
      await this.pingIsQuiet(actor);
    }
  }

  async compare({ phone, days, whole }: Actor): Promise<void> {
    const collection = phone.collection(this.app.inbox);
    assert.equal(phone.resets, 0, "nobody starts again");
    // A Delete of what a lost answer had told is harmless; doubles and gaps are not.
    assert.deepEqual(collection.anomalies.filter((text) => !text.startsWith("Delete")), []);
    const now = this.app.clock.now();
    const since = days === 0 ? 0 : Math.floor((now - days * day) / hour) * hour;
    const { items } = await this.app.mailbox().list(this.app.inbox, {}, 100_000);
    const recent = items.filter(({ date }) => date >= since);
    const alive = new Set(whole ? recent.map(({ thread }) => thread) : []);
    const belongs = items.filter(({ date, thread }) => date >= since || alive.has(thread));
    const wanted = belongs.map(({ id, marks }) =>
      [
        id,
        marks.read,
        flags(phone) && marks.flag?.status || "none",
        words(marks.keywords, phone),
      ].join(" ")
    );
    const has = [...collection.items.values()].map(({ id, fields }) => {
      const status = fields.get("Email:Flag")?.textOf("Email:Status");
      const keywords = fields.get("Email:Categories")?.children.map(({ text }) => text) ?? [];
      const flag = status === "2" ? "active" : status === "1" ? "complete" : "none";
      return [id, fields.get("Email:Read")?.text === "1", flag, words(keywords, phone)].join(" ");
    });
    assert.deepEqual(has.sort(), wanted.sort());
  }

  async pingIsQuiet({ phone }: Actor): Promise<void> {
    const answer = phone.ping(60, [this.app.inbox]);
    for (let n = 0; n < 20; n++) await settle();
    await this.app.clock.tick(61_000);
    assert.equal((await answer).status, 1);
  }
}

/** 12.1 does not know categories. */
/** What old versions do not show. */
const flags = ({ client }: Phone) => atLeast(client.version, "12.0");
const words = (keywords: readonly string[], { client }: Phone) =>
  atLeast(client.version, "14.0") ? [...keywords].sort().join() : "";

interface Setting {
  readonly store?: "memory" | "local";
  readonly broken?: (inner: SyncState) => SyncState;
}

async function play(
  seed: number,
  steps: number,
  { store = "memory", broken = (inner) => inner }: Setting = {},
) {
  const faults = new Faults();
  const state = definePlugin({
    id: "smartsync",
    summary: "The state, with faults",
    needs: ["eas"],
    migrations,
    contributes: (host) => [syncState.of(broken(faults.state(smartsync(host.db, host.clock))))],
  });
  const app = await engine({ store, wrap: (mailbox) => faults.mailbox(mailbox) }, state);
  const play = new Play(app, seed, faults);
  try {
    await play.begin();
    for (let n = 0; n < steps; n++) await play.step();
    await play.end();
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${play.done.join("\n")}`, {
      cause: error,
    });
  } finally {
    await app.stop();
  }
}

describe("phones on a bad line", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const store = seed % 3 === 0 ? "local" : "memory";
    it(`have in the end what the ${store} mailbox has (seed ${seed})`, () =>
      play(seed, 120, { store }));
  }
});

/** Takes every answer as received. */
const forgetful = (inner: SyncState) => withSessions(inner, asReceived);

/** Does not keep the first item of what it hands out. */
function leaking(inner: SyncState): SyncState {
  return withSessions(inner, (session) => ({
    ...session,
    commit: (next) => session.commit({ ...next, held: next.held.slice(1) }),
  }));
}

describe("the play itself", () => {
  for (const [name, state] of Object.entries({ forgetful, leaking })) {
    it(`notices a state that is ${name}`, async () => {
      for (let seed = 1; seed <= 4; seed++) {
        await assert.rejects(
          play(seed, 120, { broken: state }),
          new RegExp(`^Error: seed ${seed}: `),
        );
      }
    });
  }
});
