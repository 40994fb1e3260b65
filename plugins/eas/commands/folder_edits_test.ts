// FolderCreate, FolderUpdate, FolderDelete: one key for all, nothing twice, and no mail lost.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { deferred } from "../../../tests/kit.ts";
import { altered, documentOf } from "../../../tests/kit_eas.ts";
import { elsewhere, type Engine, engine, line, subjects } from "../../../tests/kit_sync.ts";
import { type EditsFolders, Refused } from "../../mailbox/api.ts";
import { el, type Element, type Tag } from "../wbxml/mod.ts";

type Edits = { -readonly [name in keyof EditsFolders]?: EditsFolders[name] };

describe("the folder commands", () => {
  let app: Engine;
  /** What the mailbox does instead. */
  let instead: Edits;
  beforeEach(async () => {
    instead = {};
    const names = ["createFolder", "updateFolder", "removeFolder"] as const;
    app = await engine({
      wrap: (inner) => {
        const own = inner as unknown as EditsFolders;
        const methods = names.map((name) => [
          name,
          (...args: unknown[]) =>
            ((instead[name] ?? own[name].bind(own)) as (...args: unknown[]) => unknown)(...args),
        ]);
        return altered(inner, Object.fromEntries(methods));
      },
    });
  });
  afterEach(() => app.stop());

  const edits = () => app.mailbox() as unknown as EditsFolders;
  const make = (name: string, parent?: string) =>
    edits().createFolder({ name, parent, class: "mail" }, elsewhere());
  const folders = async () =>
    (await app.mailbox().folders(undefined)).changes.map(({ folder }) => folder!);
  const named = async (name: string) => (await folders()).filter((one) => one.name === name);
  const start = async () => (await app.client().folderSync("0")).key!;
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

  /** Sends just these elements; the status. */
  const raw = async (command: string, ...content: Element[]) => {
    const root = `FolderHierarchy:${command}` as Tag;
    const body = el(root, ...content);
    const document = await documentOf(await app.ask(command, { body }));
    assert.equal(document.tag, root);
    return document.textOf("FolderHierarchy:Status");
  };

  describe("FolderCreate", () => {
    it("makes a folder under a new key, and does not tell of it again", async () => {
      const key = await start();
      const reply = await app.client().folderCreate(key, { name: "Projects" });
      assert.equal(reply.status, 1);
      assert.notEqual(reply.key, key);
      const [folder] = await named("Projects");
      assert.deepEqual([folder?.id, folder?.class], [reply.id, "mail"]);
      const below = await app.client().folderCreate(reply.key!, {
        name: "Projects",
        parent: reply.id!,
        type: 1,
      });
      assert.equal((await folders()).find(({ id }) => id === below.id)?.parent, reply.id);
      const next = await app.client().folderSync(below.key!);
      assert.deepEqual([next.adds, next.updates, next.deletes], [[], [], []]);
    });

    it("leaves what others did since for the next FolderSync", async () => {
      const old = await make("Old");
      const key = await start();
      const before = await make("Before");
      const { key: next } = await app.client().folderCreate(key, { name: "Own" });
      await edits().removeFolder(old.id);
      const reply = await app.client().folderSync(next!);
      assert.deepEqual([names(reply.adds), reply.deletes], [[before.name], [old.id]]);
    });

    it("whose answer was lost answers the same again: one folder, one id, one key", async () => {
      const wire = line();
      const lossy = app.client({ fetch: wire.fetch });
      const key = await start();
      wire.next = "answer is lost";
      await assert.rejects(lossy.folderCreate(key, { name: "Once" }));
      const one = await lossy.folderCreate(key, { name: "Once" });
      const two = await lossy.folderCreate(key, { name: "Once" });
      assert.deepEqual([one, one.status], [two, 1]);
      assert.deepEqual((await named("Once")).map(({ id }) => id), [one.id]);
      const next = await app.client().folderSync(one.key!);
      assert.deepEqual([next.status, next.adds], [1, []]);
    });

    it("whose answer was lost is told by a FolderSync that comes in its place", async () => {
      const wire = line();
      const lossy = app.client({ fetch: wire.fetch });
      const key = await start();
      wire.next = "answer is lost";
      await assert.rejects(lossy.folderCreate(key, { name: "Once" }));
      const { adds, key: next } = await lossy.folderSync(key);
      assert.deepEqual(names(adds), ["Once"]);
      // The answer that was thought to be lost still fits: both carry one key.
      const late = await lossy.folderCreate(key, { name: "Once" });
      assert.deepEqual([late.key, late.id], [next, adds[0]?.id]);
      assert.equal((await lossy.folderCreate(next!, { name: "Once" })).status, 2);
    });

    it("two folders under one key, both answers lost, are both made once", async () => {
      const key = await start();
      const lose = (name: string) => app.client().folderCreate(key, { name });
      const [a, b] = [await lose("A"), await lose("B")];
      const again = await lose("A");
      assert.equal(again.id, a.id);
      const next = await app.client().folderSync(again.key!);
      assert.deepEqual(next.adds.map(({ id }) => id), [b.id]);
      assert.equal((await named("A")).length, 1);
    });

    it("that was cut off before it was noted makes no second folder", async () => {
      const key = await start();
      let made = "";
      instead.createFolder = async (folder, token) => {
        delete instead.createFolder;
        made = (await edits().createFolder(folder, token)).id;
        throw new Error("the power fails");
      };
      await assert.rejects(app.client().folderCreate(key, { name: "Once" }));
      const reply = await app.client().folderCreate(key, { name: "Once" });
      assert.deepEqual([reply.status, reply.id], [1, made]);
      assert.equal((await named("Once")).length, 1);
    });

    it("that was cut off, and whose folder went again unseen, leaves no folder behind", async () => {
      const key = await start();
      let made = "";
      instead.createFolder = async (folder, token) => {
        delete instead.createFolder;
        made = (await edits().createFolder(folder, token)).id;
        await edits().removeFolder(made);
        throw new Error("the power fails");
      };
      await assert.rejects(app.client().folderCreate(key, { name: "Once" }));
      const unseen = await app.client().folderSync(key);
      assert.deepEqual([unseen.key, unseen.adds, unseen.deletes], [key, [], []]);
      const reply = await app.client().folderCreate(key, { name: "Once" });
      assert.deepEqual([reply.status, reply.id], [1, made]);
      const { deletes } = await app.client().folderSync(reply.key!);
      assert.deepEqual([deletes, await named("Once")], [[made], []]);
    });

    it("has status 2 for a name that is taken there, in whatever case", async () => {
      await make("Übersicht");
      const key = await start();
      for (const name of ["Übersicht", "übersicht", "INBOX", " Übersicht "]) {
        const reply = await app.client().folderCreate(key, { name });
        assert.deepEqual([reply.status, reply.key, reply.id], [2, undefined, undefined], name);
      }
      const reply = await app.client().folderCreate(key, { name: "übersicht", parent: app.inbox });
      assert.equal(reply.status, 1);
    });

    it("has status 3 below the recipient cache, 5 below what is not there", async () => {
      const key = await start();
      const status = async (parent: string) =>
        (await app.client().folderCreate(key, { name: "New", parent })).status;
      assert.deepEqual([await status("RI"), await status("999")], [3, 5]);
    });

    it("has status 9 for a foreign key, an old one, and key 0", async () => {
      const key = await start();
      const { key: next } = await app.client().folderCreate(key, { name: "One" });
      assert.equal((await app.client().folderCreate(next!, { name: "Two" })).status, 1);
      for (const wrong of [key, "7-abc", "0"]) {
        assert.equal((await app.client().folderCreate(wrong, { name: "Three" })).status, 9, wrong);
      }
      assert.equal((await named("Three")).length, 0);
    });

    it("has status 10 for special types, unknown ones, and classes that are not kept", async () => {
      const key = await start();
      for (const type of [0, 2, 4, 7, 8, 9, 11, 13, 14, 15, 16, 17, 18, 19, 99]) {
        const reply = await app.client().folderCreate(key, { name: "New", type });
        assert.equal(reply.status, 10, `type ${type}`);
      }
    });

    it("has status 10 where something is missing, and for names that cannot be", async () => {
      const key = await start();
      const parts = [
        el("FolderHierarchy:SyncKey", key),
        el("FolderHierarchy:ParentId", 0),
        el("FolderHierarchy:DisplayName", "New"),
        el("FolderHierarchy:Type", 12),
      ];
      for (const part of parts) {
        const rest = parts.filter((one) => one !== part);
        assert.equal(await raw("FolderCreate", ...rest), "10", `without ${part.tag}`);
      }
      const empty = await documentOf(await app.ask("FolderCreate"));
      assert.equal(empty.textOf("FolderHierarchy:Status"), "10");
      for (const name of ["", " ", "x".repeat(257), "a\nb"]) {
        assert.equal((await app.client().folderCreate(key, { name })).status, 10, name);
      }
      const longest = await app.client().folderCreate(key, { name: "x".repeat(256) });
      assert.equal(longest.status, 1);
    });

    it("has status 3 in a mailbox that nobody may change, 113 in one that is full", async () => {
      const key = await start();
      instead.createFolder = () => Promise.reject(new Refused("readonly", "Cannot create"));
      assert.equal((await app.client().folderCreate(key, { name: "New" })).status, 3);
      instead.createFolder = () => Promise.reject(new Refused("quota", "Cannot create"));
      const full = app.client().folderCreate(key, { name: "New" });
      await assert.rejects(full, { name: "EasError", status: 113 });
    });

    it("tells of another name where the folder is kept under another one", async () => {
      const key = await start();
      const { key: next, id } = await app.client().folderCreate(key, { name: " Cafe\u0301 " });
      const { updates } = await app.client().folderSync(next!);
      assert.deepEqual(updates.map((one) => [one.id, one.name]), [[id, "Caf\u00e9"]]);
    });
  });

  describe("FolderUpdate", () => {
    it("renames and moves, and does not tell of it again", async () => {
      const phone = await app.phone();
      const above = await phone.createFolder("Above");
      const id = await phone.createFolder("Plain");
      await app.arrives("one", { folder: id });
      await phone.syncAll(id);
      await phone.updateFolder(id, { name: "Fancy", parent: above });
      const key = phone.folderKey;
      await phone.syncFolders();
      assert.equal(phone.folderKey, key, "there was nothing to tell");
      const [folder] = await named("Fancy");
      assert.deepEqual([folder?.id, folder?.parent], [id, above]);
      await app.arrives("two", { folder: id });
      await phone.syncAll(id);
      assert.deepEqual([subjects(phone, id), phone.resets], [["one", "two"], 0]);
      const other = await app.phone({ id: "PHONE2" });
      assert.equal(other.folder("Fancy").parent, above);
    });

    it("whose answer was lost does not overrule what others did since", async () => {
      const folder = await make("First");
      const wire = line();
      const lossy = app.client({ fetch: wire.fetch });
      const key = await start();
      wire.next = "answer is lost";
      await assert.rejects(lossy.folderUpdate(key, folder.id, { name: "Second" }));
      await edits().updateFolder(folder.id, { name: "Third", parent: undefined });
      const reply = await lossy.folderUpdate(key, folder.id, { name: "Second" });
      assert.equal(reply.status, 1);
      const { updates } = await lossy.folderSync(reply.key!);
      assert.deepEqual(names(updates), ["Third"]);
    });

    it("may change the case of a name, and nothing at all", async () => {
      const folder = await make("receipts");
      const key = await start();
      const once = await app.client().folderUpdate(key, folder.id, { name: "Receipts" });
      const twice = await app.client().folderUpdate(once.key!, folder.id, { name: "Receipts" });
      assert.deepEqual([once.status, twice.status], [1, 1]);
      assert.equal((await named("Receipts")).length, 1);
    });

    it("has the documented status for each thing that is wrong", async () => {
      await make("Taken");
      const folder = await make("Mine");
      const below = await make("Below", folder.id);
      const key = await start();
      const status = async (id: string, name: string, parent = "0", by = key) =>
        (await app.client().folderUpdate(by, id, { name, parent })).status;
      assert.equal(await status(folder.id, "TAKEN"), 2, "the name is taken");
      assert.equal(await status(app.inbox, "In"), 2, "a special folder");
      assert.equal(await status("RI", "People"), 3, "the recipient cache");
      assert.equal(await status("999", "Nothing"), 4, "no such folder");
      assert.equal(await status(folder.id, "Mine", "999"), 5, "no such parent");
      assert.equal(await status(folder.id, "Mine", below.id), 5, "inside itself");
      assert.equal(await status(folder.id, "Mine", folder.id), 5, "inside itself");
      assert.equal(await status(folder.id, "New", "0", "7-abc"), 9, "a foreign key");
      assert.equal(await status(folder.id, " "), 10, "no name");
      assert.equal(
        await raw("FolderUpdate", el("FolderHierarchy:SyncKey", key)),
        "10",
        "nothing but a key",
      );
      const after = await app.client().folderSync(key);
      assert.deepEqual([after.key, after.updates], [key, []], "nothing has changed");
    });
  });

  describe("FolderDelete", () => {
    it("puts the mail of the folder and of those below it into the trash", async () => {
      const phone = await app.phone();
      const outer = await phone.createFolder("Outer");
      const inner = await phone.createFolder("Inner", outer);
      await app.arrives("one", { folder: outer, marks: { read: true } });
      await app.arrives("two", { folder: inner });
      await app.arrives("kept");
      for (const id of [outer, inner, app.trash, app.inbox]) await phone.syncAll(id);
      await phone.deleteFolder(outer);
      assert.equal(phone.folders.has(inner), true);
      await phone.syncFolders();
      assert.equal(phone.folders.has(inner), false, "what was below it is told as gone");
      for (const id of [app.trash, app.inbox]) await phone.syncAll(id);
      assert.deepEqual(subjects(phone, app.trash), ["one", "two"]);
      assert.deepEqual(subjects(phone, app.inbox), ["kept"]);
      const { anomalies } = phone.collection(app.trash);
      assert.deepEqual([anomalies, phone.resets], [[], 0]);
    });

    it("forgets what the device had of the folder", async () => {
      const phone = await app.phone();
      const id = await phone.createFolder("Short");
      await phone.syncAll(id);
      const kept = async () =>
        (await app.db.all<{ collection: string }>("SELECT collection FROM smartsync_copy"))
          .map(({ collection }) => collection);
      assert.deepEqual((await kept()).sort(), ["0", id].sort());
      await phone.deleteFolder(id);
      assert.deepEqual(await kept(), ["0"]);
    });

    it("removes for good what is removed inside the trash", async () => {
      const folder = await make("Thrown away", app.trash);
      await app.arrives("one", { folder: folder.id });
      await app.arrives("two", { folder: app.trash });
      const reply = await app.client().folderDelete(await start(), folder.id);
      assert.equal(reply.status, 1);
      assert.equal(await app.mailbox().count(app.trash, {}), 1);
    });

    it("whose answer was lost answers the same again", async () => {
      const folder = await make("Gone");
      const wire = line();
      const lossy = app.client({ fetch: wire.fetch });
      const key = await start();
      wire.next = "answer is lost";
      await assert.rejects(lossy.folderDelete(key, folder.id));
      const [one, two] = [
        await lossy.folderDelete(key, folder.id),
        await lossy.folderDelete(key, folder.id),
      ];
      assert.deepEqual([one, one.status], [two, 1]);
      const next = await lossy.folderSync(one.key!);
      assert.deepEqual([next.status, next.deletes], [1, []]);
      assert.equal((await lossy.folderDelete(one.key!, folder.id)).status, 4);
    });

    it("that was cut off before it was noted succeeds when it is repeated", async () => {
      const folder = await make("Gone");
      const key = await start();
      instead.removeFolder = async (id) => {
        delete instead.removeFolder;
        await edits().removeFolder(id);
        throw new Error("the power fails");
      };
      await assert.rejects(app.client().folderDelete(key, folder.id));
      const reply = await app.client().folderDelete(key, folder.id);
      assert.equal(reply.status, 1);
      assert.deepEqual((await app.client().folderSync(reply.key!)).deletes, []);
    });

    it("has status 3 for special folders, 4 for what is not there, however often", async () => {
      const key = await start();
      const status = async (id: string) => (await app.client().folderDelete(key, id)).status;
      for (const id of [app.inbox, app.trash, "RI"]) assert.equal(await status(id), 3, id);
      for (const id of ["999", "0", "999"]) assert.equal(await status(id), 4, id);
      assert.equal((await app.client().folderDelete("7-abc", app.inbox)).status, 9);
      assert.equal(await raw("FolderDelete", el("FolderHierarchy:SyncKey", key)), "10");
    });

    it("has status 3 where a special folder is below it", async () => {
      const folder = await make("Above");
      await app.stop();
      app = await engine({
        wrap: (inner) =>
          altered(inner, {
            async folders(since) {
              const page = await inner.folders(since);
              const changes = page.changes.map(({ id, folder: one }) => ({
                id,
                folder: one?.role === "junk" ? { ...one, parent: folder.id } : one,
              }));
              return { ...page, changes };
            },
          }),
      });
      await make("Above");
      assert.equal((await app.client().folderDelete(await start(), folder.id)).status, 3);
      assert.equal((await named("Above")).length, 1);
    });
  });

  it("do not wake the device's own wait, but those of others", async () => {
    const phone = await app.phone(), other = await app.phone({ id: "PHONE2" });
    for (const one of [phone, other]) await one.syncAll(app.inbox);
    const gate = deferred<void>();
    instead.createFolder = async (folder, token) => {
      delete instead.createFolder;
      const made = await edits().createFolder(folder, token);
      // The mailbox tells of it now; that the device knows is noted later.
      await gate.promise;
      return made;
    };
    const own = phone.ping(60, [app.inbox]), theirs = other.ping(60, [app.inbox]);
    await app.clock.tick(10);
    const making = phone.createFolder("New");
    assert.equal((await theirs).status, 7);
    gate.resolve();
    const id = await making;
    await phone.updateFolder(id, { name: "Newer" });
    await phone.deleteFolder(id);
    await app.clock.tick(60_000);
    assert.equal((await own).status, 1);
    const waiting = phone.sync([app.inbox], { heartbeat: 60 });
    await app.clock.tick(10);
    await phone.createFolder("Newest");
    await app.clock.tick(10);
    await make("Foreign");
    assert.equal((await waiting).status, 12);
    await phone.syncFolders();
    assert.equal(phone.folder("Foreign").type, 12);
  });
});
