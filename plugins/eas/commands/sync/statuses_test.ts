// What goes wrong, and what the device hears of it: in its own collection, or for the whole request.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Unavailable } from "../../../../core/mod.ts";
import { altered, documentOf } from "../../../../tests/kit_eas.ts";
import { type Engine, engine } from "../../../../tests/kit_sync.ts";
import { el, type Element } from "../../wbxml/element.ts";

describe("Sync", () => {
  let app: Engine;
  let fails: Map<string, Error>;
  beforeEach(async () => {
    fails = new Map();
    app = await engine({
      config: { eas: { maxFolders: 5 } },
      wrap: (inner) =>
        altered(inner, {
          changes(folder, since, limit) {
            const error = fails.get(folder);
            if (error) throw error;
            return inner.changes(folder, since, limit);
          },
        }),
    });
  });
  afterEach(() => app.stop());

  const collection = (...children: (Element | undefined)[]) =>
    el("AirSync:Collection", ...children);
  const id = (folder = app.inbox) => el("AirSync:CollectionId", folder);
  const key = (text: string) => el("AirSync:SyncKey", text);
  const request = (collections: Element[], ...rest: Element[]) =>
    el("AirSync:Sync", el("AirSync:Collections", ...collections), ...rest);
  /** The status of the request, or those of its collections. */
  async function statuses(body: Element, version = "16.1"): Promise<string> {
    const response = await app.ask("Sync", { body, version });
    if (response.headers.get("Content-Length") === "0") return `HTTP ${response.status}`;
    const document = await documentOf(response);
    const limit = document.textOf("AirSync:Limit");
    const root = document.textOf("AirSync:Status");
    if (root !== undefined) return limit ? `${root} limit ${limit}` : root;
    return document.child("AirSync:Collections")!.children
      .map((one) => one.textOf("AirSync:Status")).join();
  }
  async function primed(folder = app.inbox): Promise<string> {
    const body = request([collection(key("0"), id(folder))]);
    const document = await documentOf(await app.ask("Sync", { body }));
    return document.child("AirSync:Collections")!.children[0]!.textOf("AirSync:SyncKey")!;
  }

  it("has status 3 for a key that it does not know, and key 0 with it", async () => {
    const body = request([collection(key("7-abc"), id())]);
    assert.equal(await statuses(body), "3");
    const document = await documentOf(await app.ask("Sync", { body }));
    const [part] = document.child("AirSync:Collections")!.children;
    assert.equal(part?.textOf("AirSync:SyncKey"), "0");
  });

  it("has status 12 for a folder that is not there", async () => {
    assert.equal(await statuses(request([collection(key("0"), id("999"))])), "12");
    // "0" is the hierarchy, which has a SyncKey of its own.
    const { key: folders } = await app.client().folderSync("0");
    assert.equal(await statuses(request([collection(key(folders!), id("0"))])), "12");
    assert.equal((await app.client().folderSync(folders!)).status, 1);
  });

  it("has status 4 for a document without its parts", async () => {
    for (
      const body of [
        el("AirSync:Sync"),
        request([collection(key("0"))]),
        request([collection(id())]),
        request([collection(key("0"), id()), collection(key("0"), id())]),
        request([collection(key("0"), id())], el("AirSync:WindowSize", "many")),
      ]
    ) assert.equal(await statuses(body), "4");
  });

  it("refuses more than 200 commands, counted over all collections", async () => {
    const commands = (count: number) =>
      el(
        "AirSync:Commands",
        ...Array.from({ length: count }, (_, n) =>
          el("AirSync:Delete", el("AirSync:ServerId", `1:${1000 + n}`))),
      );
    const one = await primed(), other = await primed(app.trash);
    const ask = (count: number) =>
      statuses(request([
        collection(key(one), id(), commands(100)),
        collection(key(other), id(app.trash), commands(count)),
      ]));
    assert.equal(await ask(101), "4");
    assert.equal(await ask(100), "1,1");
  });

  it("refuses only the collection whose Options are wrong", async () => {
    const other = await primed(app.trash);
    await app.arrives("one", { folder: app.trash });
    const wrong: (readonly [string, Element[]])[] = [
      ["filter for tasks", [el("AirSync:Options", el("AirSync:FilterType", 8))]],
      ["no conflict", [el("AirSync:Options", el("AirSync:Conflict", 2))]],
      ["no number", [el("AirSync:Options", el("AirSync:FilterType", "x"))]],
      ["a class twice", [el("AirSync:Options"), el("AirSync:Options")]],
      ["another class", [el("AirSync:Options", el("AirSync:Class", "Tasks"))]],
      ["no flag", [el("AirSync:GetChanges", 7)]],
    ];
    for (const [what, options] of wrong) {
      const body = request([
        collection(key("0"), id(), ...options),
        collection(key(other), id(app.trash)),
      ]);
      assert.equal(await statuses(body), "4,1", what);
    }
  });

  it("takes a second Options for SMS, and the class of the collection from 12.1", async () => {
    const sms = [
      el("AirSync:Options", el("AirSync:FilterType", 3)),
      el("AirSync:Options", el("AirSync:Class", "SMS")),
    ];
    assert.equal(await statuses(request([collection(key("0"), id(), ...sms)])), "1");
    const withClass = (name: string) =>
      request([collection(el("AirSync:Class", name), key("0"), id())]);
    assert.equal(await statuses(withClass("Email"), "12.1"), "1");
    assert.equal(await statuses(withClass("Contacts"), "12.1"), "4");
    assert.equal(await statuses(request([collection(key("0"), id())]), "12.1"), "1");
  });

  it("answers 14 with the nearest bound, in the unit that was used", async () => {
    const one = [collection(key(await primed()), id())];
    const ask = (...patience: Element[]) => statuses(request(one, ...patience));
    assert.equal(await ask(el("AirSync:Wait", 0)), "14 limit 1");
    assert.equal(await ask(el("AirSync:Wait", 60)), "14 limit 59");
    assert.equal(await ask(el("AirSync:HeartbeatInterval", 59)), "14 limit 60");
    assert.equal(await ask(el("AirSync:HeartbeatInterval", 3541)), "14 limit 3540");
    assert.equal(await ask(el("AirSync:Wait", 5), el("AirSync:HeartbeatInterval", 60)), "4");
  });

  it("answers 15 with the most collections that it takes", async () => {
    const many = Array.from({ length: 6 }, (_, n) => collection(key("0"), id(String(n))));
    assert.equal(await statuses(request(many)), "15 limit 5");
  });

  it("lets one collection fail alone", async () => {
    const keys = [await primed(), await primed(app.trash)];
    await app.arrives("one", { folder: app.trash });
    fails.set(app.inbox, new Error("its index is broken"));
    const body = request([
      collection(key(keys[0]!), id()),
      collection(key(keys[1]!), id(app.trash)),
    ]);
    assert.equal(await statuses(body), "5,1");
    assert.ok(app.logged.some((line) => line.includes("its index is broken")));
  });

  it("asks to come back where the store cannot be reached at all", async () => {
    const one = await primed();
    fails.set(app.inbox, new Unavailable("the mail server is away", 30));
    const body = request([collection(key(one), id())]);
    assert.equal(await statuses(body), "111");
    const old = await app.ask("Sync", { body, version: "12.1" });
    assert.deepEqual([old.status, old.headers.get("Retry-After")], [503, "30"]);
    const told = app.logged.map((line) => JSON.parse(line))
      .filter(({ reason }) => reason === "the mail server is away");
    assert.ok(told.some(({ msg }) => msg === "a request has to wait"));
    assert.ok(told.every(({ level, err }) => level === "warn" && err === undefined));
  });

  it("leaves no trace of a request that is refused", async () => {
    const before = await app.db.all("SELECT * FROM smartsync_copy");
    await statuses(request([collection(key("0"), id("999"))]));
    await statuses(request([collection(key("0"), id())], el("AirSync:Wait", 0)));
    await statuses(request([collection(key("3"), id())]));
    assert.deepEqual(await app.db.all("SELECT * FROM smartsync_copy"), before);
  });

  it("skips commands without an id, as BlackBerry sends them", async () => {
    const one = await primed();
    const commands = el("AirSync:Commands", el("AirSync:Delete", el("AirSync:ServerId", "")));
    assert.equal(await statuses(request([collection(key(one), id(), commands)])), "HTTP 200");
  });

  it("answers a second Sync of the device after the first, and 16 where that takes too long", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => release = resolve);
    const slow = await engine({
      wrap: (inner) =>
        altered(inner, {
          async changes(folder, since, limit) {
            if (since !== undefined) await gate;
            return await inner.changes(folder, since, limit);
          },
        }),
    });
    const client = slow.client();
    const start = (await client.sync({ collections: [{ id: slow.inbox, key: "0" }] }))
      .collections[0]!.key!;
    const first = client.sync({ collections: [{ id: slow.inbox, key: start }] });
    const second = client.sync({ collections: [{ id: slow.inbox, key: start }] });
    while (slow.clock.pending === 0) await slow.clock.tick(0);
    await slow.clock.tick(20_000);
    assert.equal((await second).status, 16);
    release();
    assert.equal((await first).status, 1);
    await slow.stop();
  });
});
