// The phone's memory: what answers do to it, and what lost answers do not.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { el, type Element } from "../wbxml/mod.ts";
import { clientOf, scripted, type Seen } from "../../../tests/client/scripted.ts";
import { EndlessSync, Phone } from "./phone.ts";

/** A Sync answer for collection 5. */
function answer(key: string, ...more: (Element | false | undefined)[]): Element {
  return el(
    "AirSync:Sync",
    el(
      "AirSync:Collections",
      el(
        "AirSync:Collection",
        el("AirSync:SyncKey", key),
        el("AirSync:CollectionId", "5"),
        el("AirSync:Status", 1),
        ...more.filter((child) => child !== false && child !== undefined),
      ),
    ),
  );
}
function failed(status: number): Element {
  return el(
    "AirSync:Sync",
    el(
      "AirSync:Collections",
      el(
        "AirSync:Collection",
        el("AirSync:SyncKey", "0"),
        el("AirSync:CollectionId", "5"),
        el("AirSync:Status", status),
      ),
    ),
  );
}
function change(kind: "Add" | "Change", id: string, ...fields: Element[]): Element {
  return el(
    `AirSync:${kind}`,
    el("AirSync:ServerId", id),
    el("AirSync:ApplicationData", ...fields),
  );
}
function end(kind: "Delete" | "SoftDelete", id: string): Element {
  return el(`AirSync:${kind}`, el("AirSync:ServerId", id));
}
const more = el("AirSync:MoreAvailable");
function commands(...children: Element[]): Element {
  return el("AirSync:Commands", ...children);
}
function keyOf({ document }: Seen): string {
  return collectionOf(document).textOf("AirSync:SyncKey") ?? "";
}
function collectionOf(document: Element | undefined): Element {
  return document!.child("AirSync:Collections")!.child("AirSync:Collection")!;
}
function phoneOf(answers: Record<string, (seen: Seen) => Element | Response | undefined>) {
  const server = scripted((seen) =>
    seen.command === "FolderSync" ? folders() : answers[keyOf(seen)]!(seen)
  );
  return { phone: new Phone(clientOf(server.fetch)), server };
}
function folders(): Element {
  return el(
    "FolderHierarchy:FolderSync",
    el("FolderHierarchy:Status", 1),
    el("FolderHierarchy:SyncKey", "1"),
    el(
      "FolderHierarchy:Changes",
      el("FolderHierarchy:Count", 1),
      el(
        "FolderHierarchy:Add",
        el("FolderHierarchy:ServerId", "5"),
        el("FolderHierarchy:ParentId", "0"),
        el("FolderHierarchy:DisplayName", "Inbox"),
        el("FolderHierarchy:Type", 2),
      ),
    ),
  );
}
const subject = (text: string) => el("Email:Subject", text);

describe("a phone", () => {
  test("follows the keys until nothing more is available, and keeps what it is told", async () => {
    const { phone, server } = phoneOf({
      "0": () => answer("1"),
      "1": () => answer("2", more, commands(change("Add", "a", subject("A"), el("Email:Read", 0)))),
      "2": () =>
        answer(
          "3",
          commands(change("Add", "b", subject("B")), change("Change", "a", el("Email:Read", 1))),
        ),
      "3": () => answer("4", commands(end("Delete", "a"), end("SoftDelete", "b"))),
    });
    await phone.syncAll("5");
    const { items } = phone.collection("5");
    assert.deepEqual([...items.keys()], ["a", "b"]);
    assert.equal(items.get("a")?.fields.get("Email:Subject")?.text, "A");
    assert.equal(items.get("a")?.fields.get("Email:Read")?.text, "1");
    assert.deepEqual(server.seen.map(keyOf), ["0", "1", "2"]);
    const first = collectionOf(server.seen[0]?.document);
    assert.equal(first.child("AirSync:GetChanges"), undefined);
    await phone.syncAll("5");
    assert.equal(items.size, 0);
    assert.deepEqual(phone.collection("5").anomalies, []);
  });

  test("notes what a server must never do", async () => {
    const { phone } = phoneOf({
      "0": () => answer("1"),
      "1": () => answer("2", more, commands(change("Add", "a"))),
      "2": () =>
        answer("3", commands(change("Add", "a"), change("Change", "x"), end("Delete", "y"))),
    });
    await phone.syncAll("5");
    assert.deepEqual(phone.collection("5").anomalies, [
      "Add of a, which it has",
      "Change of x, which it does not have",
      "Delete of y, which it does not have",
    ]);
  });

  test("repeats the same key and commands after a lost answer", async () => {
    let lost = 2;
    const { phone, server } = phoneOf({
      "0": () => answer("1"),
      "1": () => answer("2", commands(change("Add", "a", el("Email:Read", 0)))),
      "2": () => lost-- > 0 ? Response.error() : answer("3"),
      "3": () => answer("4"),
    });
    await phone.syncAll("5");
    const collection = phone.collection("5");
    collection.change("a", el("Email:Read", 1));
    await assert.rejects(phone.sync(["5"]));
    collection.change("a", subject("later"));
    await assert.rejects(phone.sync(["5"]));
    assert.equal(collection.items.get("a")?.fields.get("Email:Read")?.text, "0");
    await phone.syncAll("5");
    const repeats = server.seen.filter((seen) => keyOf(seen) === "2").map(({ document }) =>
      document
    );
    assert.equal(repeats.length, 3);
    assert.deepEqual(repeats[1], repeats[0]);
    assert.deepEqual(repeats[2], repeats[0]);
    assert.equal(collection.items.get("a")?.fields.get("Email:Read")?.text, "1");
    assert.equal(collection.items.get("a")?.fields.get("Email:Subject")?.text, "later");
    assert.equal(collection.waiting, 0);
  });

  test("sends one command for an item at a time", async () => {
    const { phone, server } = phoneOf({
      "0": () => answer("1"),
      "1": () => answer("2", commands(change("Add", "a"), change("Add", "b"))),
      "2": () => answer("3"),
      "3": () => answer("4"),
      "4": () => answer("5"),
    });
    await phone.syncAll("5");
    const collection = phone.collection("5");
    collection.change("a", el("Email:Read", 1));
    collection.change("a", el("Email:Read", 0));
    collection.change("b", el("Email:Read", 1));
    await phone.syncAll("5");
    const sent = server.seen.map(({ document }) =>
      document?.child("AirSync:Collections")?.child("AirSync:Collection")
        ?.child("AirSync:Commands")?.children.map((one) => one.textOf("AirSync:ServerId"))
    );
    assert.deepEqual(sent.filter((ids) => ids !== undefined), [["a", "b"], ["a"]]);
    assert.equal(collection.items.get("a")?.fields.get("Email:Read")?.text, "0");
  });

  test("takes an empty answer as: nothing new, and the commands are done", async () => {
    const { phone } = phoneOf({
      "0": () => answer("1"),
      "1": () => answer("2", commands(change("Add", "a"))),
      "2": () => undefined,
    });
    await phone.syncAll("5");
    phone.collection("5").delete("a");
    await phone.syncAll("5");
    assert.equal(phone.collection("5").items.size, 0);
    assert.equal(phone.collection("5").key, "2");
  });

  test("does what the user did only as far as the server accepts it", async () => {
    const responses = el(
      "AirSync:Responses",
      el(
        "AirSync:Add",
        el("AirSync:ClientId", "new"),
        el("AirSync:ServerId", "n"),
        el("AirSync:Status", 1),
      ),
      el("AirSync:Change", el("AirSync:ServerId", "a"), el("AirSync:Status", 7)),
      el("AirSync:Delete", el("AirSync:ServerId", "b"), el("AirSync:Status", 8)),
    );
    const { phone } = phoneOf({
      "0": () => answer("1"),
      "1": () =>
        answer("2", commands(change("Add", "a", subject("A")), change("Add", "b", subject("B")))),
      "2": () => answer("3", responses, commands(change("Change", "a", subject("server")))),
    });
    await phone.syncAll("5");
    const collection = phone.collection("5");
    collection.add("new", subject("N"));
    collection.change("a", subject("phone"));
    collection.delete("b");
    await phone.syncAll("5");
    const subjects = [...collection.items].map((
      [id, { fields }],
    ) => [id, fields.get("Email:Subject")?.text]);
    assert.deepEqual(subjects, [["a", "server"], ["n", "N"]]);
    assert.deepEqual(collection.responses.map(({ status }) => status), [1, 7, 8]);
  });

  test("starts a folder again after status 3, keeping the user's commands", async () => {
    let forgotten = true;
    const { phone, server } = phoneOf({
      "0": () => answer("1"),
      "1": () => answer("2", commands(change("Add", "a", el("Email:Read", 0)))),
      "2": () => {
        if (!forgotten) return answer("3");
        forgotten = false;
        return failed(3);
      },
    });
    await phone.syncAll("5");
    phone.collection("5").change("a", el("Email:Read", 1));
    await phone.syncAll("5");
    assert.equal(phone.resets, 1);
    assert.deepEqual(server.seen.map(keyOf), ["0", "1", "2", "0", "1", "2"]);
    const sent = (n: number) => collectionOf(server.seen[n]?.document).child("AirSync:Commands");
    assert.deepEqual([sent(3), sent(4)], [undefined, undefined]);
    assert.deepEqual(sent(5), sent(2));
    assert.equal(phone.collection("5").items.get("a")?.fields.get("Email:Read")?.text, "1");
    assert.equal(phone.collection("5").waiting, 0);
  });

  test("asks for the folders after status 12, and goes on", async () => {
    let changed = true;
    const { phone, server } = phoneOf({
      "0": () => answer("1"),
      "1": () => {
        if (!changed) return answer("2");
        changed = false;
        return el("AirSync:Sync", el("AirSync:Status", 12));
      },
    });
    await phone.syncAll("5");
    assert.deepEqual(server.seen.map(({ command }) => command), [
      "Sync",
      "Sync",
      "FolderSync",
      "Sync",
    ]);
    assert.equal(phone.folder(2).name, "Inbox");
  });

  test("gives up where more is announced for ever, or every key is forgotten", async () => {
    const idle = phoneOf({ "0": () => answer("1"), "1": () => answer("1", more) });
    await assert.rejects(idle.phone.syncAll("5"), EndlessSync);
    const forgetful = phoneOf({ "0": () => answer("1"), "1": () => failed(3) });
    await assert.rejects(forgetful.phone.syncAll("5"), EndlessSync);
  });

  test("rejects with any other status", async () => {
    const { phone } = phoneOf({ "0": () => failed(5) });
    await assert.rejects(phone.syncAll("5"), /status 5/);
  });

  test("sends the class up to 12.1, and not after", async () => {
    for (const [version, sent] of [["12.1", "Email"], ["14.0", undefined]] as const) {
      const server = scripted(() => answer("1"));
      await new Phone(clientOf(server.fetch, { version })).sync(["5"]);
      assert.equal(collectionOf(server.seen[0]?.document).textOf("AirSync:Class"), sent);
    }
  });

  test("starts the hierarchy again after status 9, and keeps the items of what is still there", async () => {
    const server = scripted((seen) => {
      if (seen.command === "Sync") {
        return keyOf(seen) === "0" ? answer("1") : answer("2", commands(change("Add", "a")));
      }
      return seen.document?.textOf("FolderHierarchy:SyncKey") === "0"
        ? folders()
        : el("FolderHierarchy:FolderSync", el("FolderHierarchy:Status", 9));
    });
    const phone = new Phone(clientOf(server.fetch));
    await phone.syncFolders();
    await phone.sync(["5"]);
    await phone.sync(["5"]);
    await phone.syncFolders();
    assert.equal(phone.resets, 1);
    assert.equal(phone.collection("5").items.size, 1);
  });
});
