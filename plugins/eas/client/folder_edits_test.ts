// What the phone does with its user's folders and moves: only what the server confirmed.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { el, type Element, show } from "../wbxml/mod.ts";
import { clientOf, scripted } from "../../../tests/client/scripted.ts";
import { Phone } from "./phone.ts";

const status = (command: string, code: number, ...more: Element[]) =>
  el(
    `FolderHierarchy:${command}` as "FolderHierarchy:FolderCreate",
    el("FolderHierarchy:Status", code),
    ...more,
  );
const key = (text: string) => el("FolderHierarchy:SyncKey", text);

function phoneOf(answers: Element[]) {
  const server = scripted(() => answers.shift());
  const phone = new Phone(clientOf(server.fetch));
  phone.folderKey = "1-a";
  return { phone, asked: () => server.seen.map(({ document }) => show(document!)) };
}

describe("a phone's folders", () => {
  test("are made, renamed and removed under the key that each answer brings", async () => {
    const { phone, asked } = phoneOf([
      status("FolderCreate", 1, key("2-b"), el("FolderHierarchy:ServerId", "8")),
      status("FolderUpdate", 1, key("3-c")),
      status("FolderDelete", 1, key("4-d")),
    ]);
    assert.equal(await phone.createFolder("Projects"), "8");
    assert.deepEqual(phone.folder("Projects"), {
      id: "8",
      parent: "0",
      name: "Projects",
      type: 12,
      class: "Email",
    });
    await phone.updateFolder("8", { name: "Old", parent: "5" });
    assert.equal(phone.folder("Old").parent, "5");
    await phone.deleteFolder("8");
    assert.equal(phone.folders.size, 0);
    assert.equal(phone.folderKey, "4-d");
    const [create, update, remove] = asked();
    assert.equal(
      create,
      [
        "<FolderHierarchy:FolderCreate>",
        '  <FolderHierarchy:SyncKey> "1-a"',
        '  <FolderHierarchy:ParentId> "0"',
        '  <FolderHierarchy:DisplayName> "Projects"',
        '  <FolderHierarchy:Type> "12"',
      ].join("\n"),
    );
    assert.equal(
      update,
      [
        "<FolderHierarchy:FolderUpdate>",
        '  <FolderHierarchy:SyncKey> "2-b"',
        '  <FolderHierarchy:ServerId> "8"',
        '  <FolderHierarchy:ParentId> "5"',
        '  <FolderHierarchy:DisplayName> "Old"',
      ].join("\n"),
    );
    assert.equal(
      remove,
      [
        "<FolderHierarchy:FolderDelete>",
        '  <FolderHierarchy:SyncKey> "3-c"',
        '  <FolderHierarchy:ServerId> "8"',
      ].join("\n"),
    );
  });

  test("stay as they are where the server refuses", async () => {
    const { phone } = phoneOf([status("FolderCreate", 2), status("FolderDelete", 3)]);
    await assert.rejects(phone.createFolder("Inbox"), /status 2/);
    await assert.rejects(phone.deleteFolder("1"), /status 3/);
    assert.deepEqual([phone.folderKey, phone.folders.size], ["1-a", 0]);
  });
});

describe("a phone's moves", () => {
  const response = (id: string, code: number) =>
    el("Move:Response", el("Move:SrcMsgId", id), el("Move:Status", code));
  const sync = (syncKey: string, ...children: Element[]) =>
    el(
      "AirSync:Sync",
      el(
        "AirSync:Collections",
        el(
          "AirSync:Collection",
          el("AirSync:SyncKey", syncKey),
          el("AirSync:CollectionId", "5"),
          el("AirSync:Status", 1),
          children.length > 0 ? el("AirSync:Commands", ...children) : undefined,
        ),
      ),
    );
  const id = (text: string) => el("AirSync:ServerId", text);
  const add = (text: string) => el("AirSync:Add", id(text), el("AirSync:ApplicationData"));
  const gone = el("AirSync:Delete", id("5:1"));

  test("take away what was moved; that it is gone may be told once more, and only once", async () => {
    const { phone } = phoneOf([
      sync("1"),
      sync("2", add("5:1"), add("5:2")),
      el("Move:MoveItems", response("5:1", 3), response("5:2", 7)),
      sync("3", gone),
      sync("4", gone),
    ]);
    for (let n = 0; n < 2; n++) await phone.sync(["5"]);
    const moved = await phone.move(["5:1", "5:2"], "5", "6");
    assert.deepEqual(moved.map((one) => one.status), [3, 7]);
    const { items, anomalies } = phone.collection("5");
    assert.deepEqual([...items.keys()], ["5:2"]);
    await phone.sync(["5"]);
    assert.deepEqual(anomalies, []);
    await phone.sync(["5"]);
    assert.deepEqual(anomalies, ["Delete of 5:1, which it does not have"]);
  });
});
