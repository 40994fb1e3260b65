// GetHierarchy: what it lists, and that FolderSync does not notice it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EditsFolders, Mailbox } from "../../mailbox/api.ts";
import { documentOf, easApp } from "../../../tests/kit_eas.ts";
import { engine } from "../../../tests/kit_sync.ts";

test("GetHierarchy lists every folder with its parent, parents first, each time", async () => {
  const app = await easApp();
  const box = app.mailbox() as Mailbox & EditsFolders;
  const made = await box.createFolder({ name: "Made", parent: undefined, class: "mail" }, "t1");
  await box.createFolder({ name: "Below", parent: made.id, class: "mail" }, "t2");
  for (const version of ["2.5", "12.1"]) {
    const answer = await documentOf(await app.ask("GetHierarchy", { version }));
    const folders = answer.all("FolderHierarchy:Folder").map((folder) => ({
      name: folder.textOf("FolderHierarchy:DisplayName"),
      parent: folder.textOf("FolderHierarchy:ParentId"),
      type: folder.textOf("FolderHierarchy:Type"),
    }));
    assert.equal(folders.find(({ type }) => type === "2")?.name, "Inbox");
    assert.deepEqual(folders.filter(({ name }) => name === "Made" || name === "Below"), [
      { name: "Made", parent: "0", type: "12" },
      { name: "Below", parent: made.id, type: "12" },
    ]);
  }
  await app.stop();
});

test("GetHierarchy leaves the state of FolderSync and of folders alone", async () => {
  const app = await engine();
  await app.arrives("Lunch");
  const phone = await app.phone({ version: "2.5" });
  await phone.syncAll(app.inbox);
  const key = phone.folderKey;
  await app.ask("GetHierarchy", { version: "2.5" });
  await phone.syncFolders();
  await phone.syncAll(app.inbox);
  assert.equal(phone.folderKey, key);
  assert.equal(phone.resets, 0);
  assert.deepEqual(phone.collection(app.inbox).anomalies, []);
  await app.stop();
});
