// A database or a mailbox that fails anywhere in any command: never HTTP 500, and nothing half done.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Account, task } from "../core/mod.ts";
import { el } from "../plugins/eas/api.ts";
import { easClient, Phone } from "../plugins/eas/client/mod.ts";
import type { Version } from "../plugins/eas/versions.ts";
import { mailboxes } from "../plugins/mailbox/api.ts";
import { plugins } from "../plugins/manifest.ts";
import { openSqlite } from "../storage/sqlite/mod.ts";
import { settle } from "./kit.ts";
import { type TestApp, testApp } from "./kit_app.ts";
import { engine, subjects } from "./kit_sync.ts";
import { type Trouble, troubled, type TroubledStorage, troubles } from "./kit_trouble.ts";

/** A whole program over a storage with trouble, and short ways to use it. */
class World {
  /** Every answer of the program so far. */
  readonly answers: Response[] = [];
  readonly storage: TroubledStorage;
  readonly anna: Account;
  readonly ben: Account;
  readonly #app: TestApp;
  #count = 0;

  constructor(app: TestApp, storage: TroubledStorage, anna: Account, ben: Account) {
    this.#app = app;
    this.storage = storage;
    this.anna = anna;
    this.ben = ben;
  }

  static async make(): Promise<World> {
    const storage = troubled(await openSqlite(":memory:"));
    const app = await testApp({ plugins, storage });
    const anna = await app.addAccount({ address: "anna@example.org", name: "Anna" });
    return new World(app, storage, anna, await app.addAccount({ address: "ben@example.org" }));
  }

  /** A new device of Anna's; with the folders and the inbox unless told. */
  async phone(version: Version, synced = true): Promise<Phone> {
    const phone = new Phone(easClient({
      url: "https://mail.example.org/Microsoft-Server-ActiveSync",
      user: this.anna.address,
      password: "password",
      deviceId: `PHONE${++this.#count}`,
      deviceType: "Test",
      version,
      fetch: async (request) => {
        const answer = await this.#app.fetch(request);
        this.answers.push(answer.clone());
        return answer;
      },
    }));
    if (!synced) return phone;
    await phone.syncFolders();
    await phone.syncAll(phone.folder(2).id);
    return phone;
  }

  /** Puts a mail into Anna's inbox; returns its id. */
  async arrives(subject: string): Promise<string> {
    const text =
      `From: x@example.com\r\nTo: ${this.anna.address}\r\nSubject: ${subject}\r\n\r\nHello`;
    const inbox = await this.#folder(this.anna, "inbox");
    const item = { mime: new TextEncoder().encode(text) };
    return (await this.#box(this.anna).create(inbox, item, `arrival ${++this.#count}`)).id;
  }

  async subjects(account: Account, role: string): Promise<string[]> {
    const box = this.#box(account);
    const { items } = await box.list(await this.#folder(account, role), {}, 1000);
    const found: string[] = [];
    for await (const { mail } of box.read(items.map(({ id }) => id), {})) {
      found.push(mail!.subject);
    }
    return found.sort();
  }

  /** Lets the queue of outgoing mail do what was left to do. */
  async later(): Promise<void> {
    const end = new AbortController();
    const outbox = this.#app.host().all(task).find(({ name }) => name === "outbox")!;
    await this.#app.clock.tick(5 * 60_000);
    const running = outbox.run(end.signal);
    for (let turn = 0; turn < 30; turn++) await settle();
    end.abort();
    await running;
  }

  tick(ms: number): Promise<void> {
    return this.#app.clock.tick(ms);
  }

  stop(): Promise<void> {
    return this.storage.close();
  }

  #box(account: Account) {
    return this.#app.host().one(mailboxes).open(account);
  }

  async #folder(account: Account, role: string): Promise<string> {
    const { changes } = await this.#box(account).folders(undefined);
    return changes.find(({ folder }) => folder?.role === role)!.id;
  }
}

/** What a phone wants, how it repeats that, and what must be true in the end. */
interface Errand {
  /** The request, and the same again after trouble. */
  attempt(): Promise<unknown>;
  verify(): Promise<void>;
}

const inboxOf = (phone: Phone) => phone.collection(phone.folder(2).id);

async function settled(world: World, phone: Phone): Promise<void> {
  const inbox = phone.folder(2).id;
  await phone.syncAll(inbox);
  assert.deepEqual(subjects(phone, inbox), await world.subjects(world.anna, "inbox"));
  assert.deepEqual(inboxOf(phone).anomalies, []);
  assert.equal(phone.resets, 0, "nobody starts again");
}

let unique = 0;

const errands: Record<string, (world: World, version: Version) => Promise<Errand>> = {
  async "what is offered"(world, version) {
    const phone = await world.phone(version, false);
    return {
      attempt: () => phone.client.options(),
      verify: async () => assert.equal((await phone.client.options()).http, 200),
    };
  },
  async "the folders"(world, version) {
    const phone = await world.phone(version, false);
    return {
      attempt: () => phone.syncFolders(),
      async verify() {
        await phone.syncFolders();
        assert.equal(phone.folders.size, 7);
        assert.equal(phone.resets, 0);
      },
    };
  },
  async "the first Sync"(world, version) {
    const phone = await world.phone(version, false);
    await phone.syncFolders();
    return {
      attempt: () => phone.syncAll(phone.folder(2).id),
      verify: () => settled(world, phone),
    };
  },
  async "a Sync both ways"(world, version) {
    const subject = `gone ${++unique}`;
    const id = await world.arrives(subject);
    const phone = await world.phone(version);
    await world.arrives(`new ${unique}`);
    inboxOf(phone).delete(id);
    return {
      attempt: () => phone.sync([phone.folder(2).id]),
      async verify() {
        await settled(world, phone);
        assert.ok(!subjects(phone, phone.folder(2).id).includes(subject));
        const trash = await world.subjects(world.anna, "trash");
        assert.equal(trash.filter((one) => one === subject).length, 1);
      },
    };
  },
  async "a Ping"(world, version) {
    const phone = await world.phone(version);
    await world.arrives(`rings ${++unique}`);
    const folders = [{ id: phone.folder(2).id, class: "Email" as const }];
    const ping = () => phone.client.ping({ heartbeat: 60, folders });
    return {
      attempt: ping,
      async verify() {
        assert.equal((await ping()).status, 2);
        await settled(world, phone);
      },
    };
  },
  async "an estimate"(world, version) {
    const phone = await world.phone(version);
    await world.arrives(`counted ${++unique}`);
    const { id, key } = inboxOf(phone);
    const estimate = () => phone.client.getItemEstimate({ collectionId: id, key });
    return {
      attempt: estimate,
      verify: async () => assert.equal((await estimate()).estimate, 1),
    };
  },
  async "a message"(world, version) {
    const phone = await world.phone(version);
    const subject = `sent ${++unique}`;
    const mime = `Message-ID: <${unique}@phone>\r\nDate: Sun, 1 Mar 2026 12:00:00 +0000\r\n` +
      `To: ben@example.org\r\nSubject: ${subject}\r\n\r\nHi`;
    const send = () => phone.client.sendMail(mime, { clientId: subject });
    return {
      attempt: send,
      async verify() {
        await send().catch(() => {});
        await world.later();
        const here = await world.subjects(world.ben, "inbox");
        assert.equal(here.filter((one) => one === subject).length, 1, "it arrives once");
        const kept = await world.subjects(world.anna, "sent");
        assert.equal(kept.filter((one) => one === subject).length, 1, "it is kept once");
      },
    };
  },
  async "a move"(world, version) {
    const subject = `moved ${++unique}`;
    const id = await world.arrives(subject);
    const phone = await world.phone(version);
    const [from, to] = [phone.folder(2).id, phone.folder("Archive").id];
    return {
      attempt: () => phone.move([id], from, to),
      async verify() {
        if (phone.collection(from).items.has(id)) await phone.move([id], from, to);
        assert.ok((await world.subjects(world.anna, "archive")).includes(subject));
        await settled(world, phone);
      },
    };
  },
  async "a folder"(world, version) {
    const phone = await world.phone(version);
    const name = `Folder ${++unique}`;
    const make = () => phone.createFolder(name);
    return {
      attempt: make,
      async verify() {
        if (![...phone.folders.values()].some((one) => one.name === name)) await make();
        const other = await world.phone(version);
        const made = [...other.folders.values()].filter((folder) => folder.name === name);
        assert.equal(made.length, 1);
        await phone.syncFolders();
        await phone.deleteFolder(made[0]!.id);
      },
    };
  },
  async "the settings"(world, version) {
    const phone = await world.phone(version, false);
    const oof = el("Settings:Oof", el("Settings:Get", el("Settings:BodyType", "Text")));
    const model = el("Settings:Set", el("Settings:Model", "Test"));
    const body = el("Settings:Settings", oof, el("Settings:DeviceInformation", model));
    return {
      attempt: () => phone.client.send("Settings", body),
      async verify() {
        const { document } = await phone.client.send("Settings", body);
        assert.equal(document?.textOf("Settings:Status"), "1");
      },
    };
  },
  async "the policies"(world, version) {
    const phone = await world.phone(version, false);
    return {
      attempt: () => phone.client.provision(),
      verify: async () => void await phone.client.provision(),
    };
  },
};

/** An answer to trouble is one that devices wait and repeat after, or a document that they read. */
async function assertDecent(answer: Response): Promise<void> {
  assert.ok([200, 503].includes(answer.status), `HTTP ${answer.status}`);
  if (answer.status === 503) {
    assert.ok(Number(answer.headers.get("Retry-After")) > 0, "it says when to come back");
  }
  await answer.arrayBuffer();
}

/** Sends one errand into trouble at its `at`-th statement; false: it has fewer. */
async function meets(
  world: World,
  errand: Errand,
  trouble: Trouble,
): Promise<boolean> {
  // What is remembered for some seconds is asked for again.
  await world.tick(10_000);
  world.answers.length = 0;
  world.storage.expect(trouble);
  await errand.attempt().catch(() => {});
  const came = world.storage.recover();
  assert.ok(world.answers.length > 0, "it was answered");
  for (const answer of world.answers) await assertDecent(answer);
  return came;
}

const kinds = [
  ...troubles.map((error) => ["before", error] as const),
  ["after", troubles[0]!] as const,
];

for (const [name, errand] of Object.entries(errands)) {
  for (const version of ["12.1", "16.1"] as const) {
    test(`${name} in trouble at any statement (${version})`, async () => {
      const world = await World.make();
      for (const subject of ["one", "two", "three"]) await world.arrives(subject);
      for (const [when, error] of version === "16.1" ? kinds : kinds.slice(-2)) {
        let at = 0;
        for (let came = true; came && at < 400;) {
          const one = await errand(world, version);
          came = await meets(world, one, { at: ++at, when, error });
          await one.verify().catch((cause) => {
            throw new Error(`After trouble ${when} statement ${at}: ${error()}`, { cause });
          });
        }
        assert.ok(at > 1 && at < 400, `${at} statements were tried`);
      }
      await world.stop();
    });
  }
}

const methods = ["folders", "changes", "list", "count", "read", "part", "mark", "move", "send"];
for (const method of methods) {
  test(`a mailbox that fails in ${method}() makes no HTTP 500, and works when it is back`, async () => {
    let broken = false;
    const app = await engine({
      wrap: (mailbox) =>
        new Proxy(mailbox, {
          get(target, name) {
            const value = Reflect.get(target, name, target);
            if (name === method && broken) return () => fail(name);
            return typeof value === "function" ? value.bind(target) : value;
          },
        }),
    });
    const id = await app.arrives("one");
    const answers: Response[] = [];
    const phone = await app.phone({
      fetch: (inner) => async (request) => {
        const answer = await inner(request);
        answers.push(answer.clone());
        return answer;
      },
    });
    await phone.syncAll(app.inbox);
    await app.arrives("two");
    const inbox = phone.collection(app.inbox);
    const attempts = [
      () => phone.client.ping({ heartbeat: 60, folders: [{ id: app.inbox, class: "Email" }] }),
      () => phone.client.getItemEstimate({ collectionId: app.inbox, key: inbox.key }),
      () => phone.client.fetch({ collectionId: app.inbox, id }),
      () => phone.client.sendMail("To: x@example.com\r\n\r\nHi", { clientId: "1" }),
      () => phone.sync([app.inbox]),
      () => phone.syncFolders(),
    ];
    inbox.change(id, el("Email:Read", true));
    broken = true;
    for (const attempt of attempts) await attempt().catch(() => {});
    for (const answer of answers) await assertDecent(answer);
    broken = false;
    for (const attempt of attempts.slice(1)) {
      await attempt().catch((error) => assert.equal(error.status, 118, "sent before"));
    }
    assert.equal(app.sent.length, 1);
    await phone.syncAll(app.inbox);
    assert.deepEqual(subjects(phone, app.inbox), ["one", "two"]);
    assert.deepEqual(inbox.anomalies, []);
    assert.equal(phone.resets, 0);
    await app.stop();
  });
}

/** Streams fail when they are read, everything else when it is called. */
function fail(name: string): unknown {
  const error = new Error("the store is broken");
  if (name !== "read") return Promise.reject(error);
  return {
    // deno-lint-ignore require-yield
    async *[Symbol.asyncIterator]() {
      throw error;
    },
  };
}
