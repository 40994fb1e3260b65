// ItemOperations Move: a conversation goes to a folder, now and from now on.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { altered, documentOf } from "../../../../tests/kit_eas.ts";
import { elsewhere, type Engine, engine, subjects } from "../../../../tests/kit_sync.ts";
import { type FolderChange, type Mailbox, Refused, type Role } from "../../../mailbox/api.ts";
import { el, type Element } from "../../wbxml/mod.ts";

describe("ItemOperations Move", () => {
  let app: Engine;
  let more: FolderChange[];
  let instead: Partial<Mailbox>;
  beforeEach(async () => {
    more = [];
    instead = {};
    app = await engine({
      wrap: (inner) =>
        altered(inner, {
          async folders(since) {
            const page = await inner.folders(since);
            return { ...page, changes: [...page.changes, ...more] };
          },
          move: (...args) => (instead.move ?? inner.move.bind(inner))(...args),
        }),
    });
  });
  afterEach(() => app.stop());

  const folderOf = async (role: Role) =>
    (await app.mailbox().folders(undefined)).changes
      .find(({ folder }) => folder?.role === role)!.id;
  const mail = (subject: string, headers: string) =>
    new TextEncoder().encode(
      `From: bert@example.org\r\nTo: anna@example.org\r\nSubject: ${subject}\r\n${headers}\r\n\r\nHi\r\n`,
    );
  const first = "Message-ID: <lunch@example.org>";
  const reply = "In-Reply-To: <lunch@example.org>";
  const put = async (folder: string, subject: string, headers: string) =>
    (await app.mailbox().create(folder, { mime: mail(subject, headers) }, elsewhere())).id;
  const threadOf = async (id: string) => {
    for await (const item of app.mailbox().read([id], {})) return item.mail!.thread;
    throw new RangeError(`Cannot find ${id}`);
  };
  const bytes = (thread: string) =>
    Uint8Array.from(thread.match(/../g)!, (pair) => parseInt(pair, 16));
  const order = (thread: string, to: string, always = true): Element =>
    el(
      "ItemOperations:Move",
      el("ItemOperations:ConversationId", bytes(thread)),
      el("ItemOperations:DstFldId", to),
      el("ItemOperations:Options", always && el("ItemOperations:MoveAlways") || undefined),
    );
  const ask = async (operation: Element, version = "14.1") => {
    const body = el("ItemOperations:ItemOperations", operation);
    const document = await documentOf(await app.ask("ItemOperations", { version, body }));
    assert.equal(document.textOf("ItemOperations:Status"), "1");
    return document.child("ItemOperations:Response")!.child("ItemOperations:Move")!;
  };
  const status = async (operation: Element, version?: string) =>
    (await ask(operation, version)).textOf("ItemOperations:Status");
  /** The backend behind the mailbox can deliver; here it arrives as from outside. */
  const arrives = (subject: string) => {
    const box = app.mailbox() as unknown as {
      deliver(mime: Uint8Array, token: string): Promise<void>;
    };
    return box.deliver(mail(subject, reply), elsewhere());
  };
  const subjectsIn = async (folder: string) => {
    const { items } = await app.mailbox().list(folder, {}, 100);
    const found: string[] = [];
    for await (const item of app.mailbox().read(items.map(({ id }) => id), {})) {
      found.push(item.mail!.subject);
    }
    return found.sort();
  };

  it("moves what is in all folders but the user's own mail, and what is to come", async () => {
    const [archive, sent, drafts, trash] = [
      await folderOf("archive"),
      await folderOf("sent"),
      await folderOf("drafts"),
      app.trash,
    ];
    const id = await put(app.inbox, "Lunch", first);
    await put(trash, "Re: Lunch, thrown away", reply);
    await put(sent, "Re: Lunch, sent", reply);
    await put(drafts, "Re: Lunch, begun", reply);
    await put(archive, "Re: Lunch, there", reply);
    await put(app.inbox, "Dinner", "X-Other: 1");
    const phone = await app.phone();
    for (const folder of [app.inbox, archive]) await phone.syncAll(folder);
    const thread = await threadOf(id);
    const answer = await ask(order(thread, archive));
    assert.equal(answer.textOf("ItemOperations:Status"), "1");
    assert.deepEqual(answer.child("ItemOperations:ConversationId")?.bytes, bytes(thread));
    const moved = ["Lunch", "Re: Lunch, there", "Re: Lunch, thrown away"];
    assert.deepEqual(await subjectsIn(archive), moved);
    assert.deepEqual(await subjectsIn(sent), ["Re: Lunch, sent"]);
    assert.deepEqual(await subjectsIn(drafts), ["Re: Lunch, begun"]);
    await arrives("Re: Lunch, later");
    for (const folder of [app.inbox, archive]) await phone.syncAll(folder);
    assert.deepEqual(subjects(phone, app.inbox), ["Dinner"]);
    assert.deepEqual(subjects(phone, archive), [...moved, "Re: Lunch, later"].sort());
    const anomalies = [app.inbox, archive].flatMap((box) => phone.collection(box).anomalies);
    assert.deepEqual(anomalies, []);
  });

  it("may be repeated, and ends where the conversation goes to the inbox again", async () => {
    const archive = await folderOf("archive");
    const thread = await threadOf(await put(app.inbox, "Lunch", first));
    for (let n = 0; n < 3; n++) assert.equal(await status(order(thread, archive)), "1");
    assert.deepEqual(await subjectsIn(archive), ["Lunch"]);
    assert.equal(await status(order(thread, app.inbox)), "1");
    await arrives("Re: Lunch");
    assert.deepEqual(await subjectsIn(app.inbox), ["Lunch", "Re: Lunch"]);
  });

  it("that was cut off goes on where it was when it is repeated", async () => {
    const archive = await folderOf("archive");
    const thread = await threadOf(await put(app.inbox, "Lunch", first));
    await put(app.inbox, "Re: Lunch", reply);
    const inner = app.mailbox();
    let count = 0;
    instead.move = async (...args) => {
      if (++count === 2) throw new Error("the power fails");
      const own = instead.move!;
      delete instead.move;
      const moved = await inner.move(...args);
      instead.move = own;
      return moved;
    };
    const body = el("ItemOperations:ItemOperations", order(thread, archive));
    const broken = await documentOf(await app.ask("ItemOperations", { version: "14.1", body }));
    assert.equal(broken.textOf("ItemOperations:Status"), "111");
    assert.equal((await subjectsIn(archive)).length, 1);
    delete instead.move;
    assert.equal(await status(order(thread, archive)), "1");
    assert.deepEqual(await subjectsIn(archive), ["Lunch", "Re: Lunch"]);
  });

  it("takes along what arrives while it works", async () => {
    const archive = await folderOf("archive");
    const thread = await threadOf(await put(app.inbox, "Lunch", first));
    const inner = app.mailbox();
    instead.move = async (...args) => {
      delete instead.move;
      await arrives("Re: Lunch");
      return await inner.move(...args);
    };
    assert.equal(await status(order(thread, archive)), "1");
    assert.deepEqual(await subjectsIn(archive), ["Lunch", "Re: Lunch"]);
  });

  it("that takes too long has status 154, and the next goes on", async () => {
    const archive = await folderOf("archive");
    const thread = await threadOf(await put(app.inbox, "Lunch", first));
    for (let n = 0; n < 3; n++) await put(app.inbox, `Re: Lunch ${n}`, reply);
    const inner = app.mailbox();
    const slow: Mailbox["move"] = async (...args) => {
      delete instead.move;
      await app.clock.tick(11_000);
      const moved = await inner.move(...args);
      instead.move = slow;
      return moved;
    };
    instead.move = slow;
    assert.equal(await status(order(thread, archive)), "154");
    assert.equal((await subjectsIn(archive)).length, 2);
    assert.equal(await status(order(thread, archive)), "1");
    assert.equal((await subjectsIn(archive)).length, 4);
  });

  it("has the documented status for each thing that is wrong", async () => {
    const archive = await folderOf("archive");
    const thread = await threadOf(await put(app.inbox, "Lunch", first));
    const calendar = {
      id: "calendar",
      parent: undefined,
      name: "Calendar",
      class: "event" as const,
      role: undefined,
    };
    more = [{ id: calendar.id, folder: calendar }];
    assert.equal(await status(order(thread, archive, false)), "155", "not for ever");
    assert.equal(await status(order(thread, "calendar")), "156", "no folder of mail");
    assert.equal(await status(order(thread, "999")), "156", "no folder at all");
    assert.equal(await status(order("ab".repeat(16), archive)), "6", "no such conversation");
    assert.equal(await status(order(thread, archive), "12.1"), "2", "12.1 has no conversations");
    assert.equal(
      await status(el("ItemOperations:Move", el("ItemOperations:DstFldId", archive))),
      "2",
    );
    instead.move = () => Promise.reject(new Refused("readonly", "Cannot move"));
    assert.equal(await status(order(thread, archive)), "154", "the mailbox refuses");
    await arrives("Re: Lunch");
    assert.deepEqual(await subjectsIn(app.inbox), ["Lunch", "Re: Lunch"], "nothing was begun");
  });

  it("has status 154 where nobody knows conversations", async () => {
    const plain = await engine({
      wrap: (inner) =>
        new Proxy(altered(inner, {}), {
          has: (target, name) => name !== "conversation" && name in target,
        }),
    });
    const body = el("ItemOperations:ItemOperations", order("ab".repeat(16), plain.inbox));
    const document = await documentOf(await plain.ask("ItemOperations", { version: "14.1", body }));
    const move = document.child("ItemOperations:Response")?.child("ItemOperations:Move");
    assert.equal(move?.textOf("ItemOperations:Status"), "154");
    await plain.stop();
  });
});
