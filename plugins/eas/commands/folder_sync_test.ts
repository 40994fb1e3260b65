// FolderSync: the tree, its changes, and that starting over never costs items.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { altered, documentOf, shown } from "../../../tests/kit_eas.ts";
import { elsewhere, type Engine, engine, line, subjects } from "../../../tests/kit_sync.ts";
import { type EditsFolders, type FolderChange, Forgotten } from "../../mailbox/api.ts";
import { el } from "../wbxml/element.ts";

describe("FolderSync", () => {
  let app: Engine;
  let more: FolderChange[];
  let forgotten: boolean;
  beforeEach(async () => {
    more = [];
    forgotten = false;
    app = await engine({
      wrap: (inner) =>
        altered(inner, {
          async folders(since) {
            if (forgotten && since !== undefined) throw new Forgotten("Cannot tell");
            const page = await inner.folders(since);
            return { ...page, changes: [...more, ...page.changes] };
          },
        }),
    });
  });
  afterEach(() => app.stop());

  const edits = () => app.mailbox() as unknown as EditsFolders;
  const create = (name: string, parent?: string) =>
    edits().createFolder({ name, parent, class: "mail" }, elsewhere());
  const names = (folders: readonly { name: string }[]) => folders.map(({ name }) => name);
  const client = () => app.client();

  it("key 0 brings every folder of mail with its type and parent", async () => {
    const parent = await create("Work");
    await create("Invoices", parent.id);
    const reply = await client().folderSync("0");
    assert.equal(reply.status, 1);
    assert.deepEqual(
      reply.adds.map(({ name, type }) => [name, type]),
      [
        ["Inbox", 2],
        ["Drafts", 3],
        ["Sent", 5],
        ["Trash", 4],
        ["Junk", 12],
        ["Archive", 12],
        ["Outbox", 6],
        ["Work", 12],
        ["Invoices", 12],
      ],
    );
    assert.equal(reply.adds.at(-1)?.parent, parent.id);
    assert.equal(reply.adds[0]?.parent, "0");
  });

  it("answers in the order that clients expect, with the count of all changes", async () => {
    const work = await create("Work"), old = await create("Old");
    const { key } = await client().folderSync("0");
    await edits().updateFolder(work.id, { name: "Office", parent: undefined });
    await edits().removeFolder(old.id);
    const added = await create("New");
    const body = el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", key!));
    const document = await documentOf(await app.ask("FolderSync", { body }));
    const next = document.textOf("FolderHierarchy:SyncKey")!;
    assert.notEqual(next, key);
    assert.equal(
      shown(document),
      [
        "FolderHierarchy:FolderSync",
        "  FolderHierarchy:Status 1",
        `  FolderHierarchy:SyncKey ${next}`,
        "  FolderHierarchy:Changes",
        "    FolderHierarchy:Count 3",
        "    FolderHierarchy:Update",
        `      FolderHierarchy:ServerId ${work.id}`,
        "      FolderHierarchy:ParentId 0",
        "      FolderHierarchy:DisplayName Office",
        "      FolderHierarchy:Type 12",
        "    FolderHierarchy:Delete",
        `      FolderHierarchy:ServerId ${old.id}`,
        "    FolderHierarchy:Add",
        `      FolderHierarchy:ServerId ${added.id}`,
        "      FolderHierarchy:ParentId 0",
        "      FolderHierarchy:DisplayName New",
        "      FolderHierarchy:Type 12",
        "",
      ].join("\n"),
    );
  });

  it("without changes keeps the key and counts none", async () => {
    const { key } = await client().folderSync("0");
    const reply = await client().folderSync(key!);
    assert.deepEqual([reply.key, reply.adds, reply.updates, reply.deletes], [key, [], [], []]);
  });

  it("has status 9 for a key that it does not know, and 10 for a request without one", async () => {
    assert.equal((await client().folderSync("5-abc")).status, 9);
    const body = el("FolderHierarchy:FolderSync");
    const document = await documentOf(await app.ask("FolderSync", { body }));
    assert.equal(document.textOf("FolderHierarchy:Status"), "10");
    const empty = await documentOf(await app.ask("FolderSync"));
    assert.equal(empty.textOf("FolderHierarchy:Status"), "10");
  });

  it("shows no folder of another class than mail", async () => {
    const folder = {
      id: "calendar",
      parent: undefined,
      name: "Calendar",
      class: "event" as const,
      role: undefined,
    };
    more = [{ id: folder.id, folder }];
    const reply = await client().folderSync("0");
    assert.equal(names(reply.adds).includes("Calendar"), false);
  });

  it("brings parents before their children", async () => {
    const child = {
      id: "child",
      parent: "parent",
      name: "Child",
      class: "mail" as const,
      role: undefined,
    };
    const parent = { ...child, id: "parent", parent: undefined, name: "Parent" };
    more = [{ id: "child", folder: child }, { id: "parent", folder: parent }];
    const reply = await client().folderSync("0");
    assert.deepEqual(names(reply.adds).slice(0, 2), ["Parent", "Child"]);
  });

  it("whose answer was lost brings the same again under the same key", async () => {
    const wire = line();
    const lossy = app.client({ fetch: wire.fetch });
    const { key } = await lossy.folderSync("0");
    await create("New");
    wire.next = "answer is lost";
    await assert.rejects(lossy.folderSync(key!));
    const [again, twice] = [await lossy.folderSync(key!), await lossy.folderSync(key!)];
    assert.deepEqual([names(again.adds), again.key], [["New"], twice.key]);
    await create("Newer");
    const third = await lossy.folderSync(key!);
    assert.deepEqual(names(third.adds), ["New", "Newer"]);
    assert.deepEqual((await lossy.folderSync(third.key!)).adds, []);
  });

  it("key 0 twice at once gives the same key, so that either answer is good", async () => {
    const [one, two] = await Promise.all([client().folderSync("0"), client().folderSync("0")]);
    assert.equal(one.key, two.key);
    assert.equal((await client().folderSync(one.key!)).status, 1);
  });

  it("whose lost answer told of a folder that is gone again says so under a new key", async () => {
    const { key } = await client().folderSync("0");
    const work = await create("Work");
    const lost = await client().folderSync(key!);
    assert.deepEqual(names(lost.adds), ["Work"]);
    await edits().removeFolder(work.id);
    const repeat = await client().folderSync(key!);
    assert.deepEqual([repeat.adds, repeat.deletes], [[], []]);
    assert.equal([key, lost.key].includes(repeat.key), false);
    const next = await client().folderSync(repeat.key!);
    assert.deepEqual([next.status, next.deletes, next.key], [1, [], repeat.key]);
  });

  it("repeated late, and more than once, leaves alone what the device has", async () => {
    const { key } = await client().folderSync("0");
    const work = await create("Work");
    const mine = await client().folderSync(key!);
    assert.deepEqual(names(mine.adds), ["Work"]);
    const old = await create("Old");
    const late = await client().folderSync(key!);
    assert.deepEqual(names(late.adds), ["Work", "Old"]);
    await edits().removeFolder(old.id);
    assert.equal((await client().folderSync(key!)).key, mine.key, "it says the same once more");
    await edits().updateFolder(work.id, { name: "Office", parent: undefined });
    await client().folderSync(key!);
    const next = await client().folderSync(mine.key!);
    assert.deepEqual([next.status, names(next.adds), names(next.updates)], [1, [], ["Office"]]);
  });

  it("reconciles where the history is lost", async () => {
    const old = await create("Old");
    const { key } = await client().folderSync("0");
    await edits().removeFolder(old.id);
    await create("New");
    forgotten = true;
    const reply = await client().folderSync(key!);
    assert.deepEqual([names(reply.adds), reply.deletes, reply.updates], [["New"], [old.id], []]);
  });

  it("key 0 on pull-to-refresh (Gmail 2025.11.02) keeps ids and what the phone has of folders", async () => {
    const phone = await app.phone();
    await app.arrives("one");
    await phone.syncAll(app.inbox);
    const ids = [...phone.folders.keys()];
    for (let pull = 0; pull < 3; pull++) {
      phone.folderKey = "0";
      await phone.syncFolders();
      assert.deepEqual([...phone.folders.keys()], ids);
    }
    await app.arrives("two");
    const reply = await phone.sync([app.inbox]);
    assert.equal(reply.collections[0]?.adds.length, 1);
    assert.deepEqual(subjects(phone, app.inbox), ["one", "two"]);
    assert.equal(phone.resets, 0);
  });

  it("forgets what devices had of a folder that is gone, and only that", async () => {
    const folder = await create("Short");
    const phone = await app.phone();
    await app.arrives("one", { folder: folder.id });
    for (const id of [folder.id, app.inbox]) await phone.syncAll(id);
    const rows = () =>
      app.db.all<{ collection: string }>(
        "SELECT collection FROM smartsync_copy WHERE device = 'PHONE1' ORDER BY collection",
      );
    assert.equal((await rows()).length, 3);
    await edits().removeFolder(folder.id);
    await phone.syncFolders();
    assert.deepEqual((await rows()).map(({ collection }) => collection), ["0", app.inbox]);
    // Gone while the device starts over: found by comparing.
    const other = await create("Other");
    await phone.syncFolders();
    await phone.syncAll(other.id);
    await edits().removeFolder(other.id);
    phone.folderKey = "0";
    await phone.syncFolders();
    assert.deepEqual((await rows()).map(({ collection }) => collection), ["0", "0", app.inbox]);
  });
});
