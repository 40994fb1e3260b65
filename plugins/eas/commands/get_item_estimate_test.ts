// GetItemEstimate: close to what the next Sync brings, in the form of each version.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { documentOf, shown } from "../../../tests/kit_eas.ts";
import { day, elsewhere, type Engine, engine } from "../../../tests/kit_sync.ts";
import type { Phone } from "../client/mod.ts";
import { el } from "../wbxml/element.ts";

describe("GetItemEstimate", () => {
  let app: Engine;
  let phone: Phone;
  beforeEach(async () => {
    app = await engine();
    phone = await app.phone({ windowSize: 5 });
  });
  afterEach(() => app.stop());

  const key = () => phone.collection(app.inbox).key;
  const estimate = async (filter?: number) =>
    (await phone.client.getItemEstimate({
      collectionId: app.inbox,
      key: key(),
      ...(filter !== undefined && { filter }),
    })).estimate;

  it("counts what is still to be listed, and then what changed", async () => {
    const ids = [];
    for (let n = 0; n < 12; n++) ids.push(await app.arrives(`mail ${n}`, { age: n * day }));
    await phone.sync([app.inbox]);
    assert.equal(await estimate(), 12);
    await phone.sync([app.inbox]);
    assert.equal(await estimate(), 7);
    await phone.syncAll(app.inbox);
    assert.equal(await estimate(), 0);
    await app.mailbox().mark(ids[0]!, { read: true }, elsewhere());
    await app.mailbox().remove(ids[1]!, elsewhere());
    await app.arrives("new");
    assert.equal(await estimate(), 3);
  });

  it("counts under another filter what that would take away", async () => {
    for (let n = 0; n < 12; n++) await app.arrives(`mail ${n}`, { age: n * day });
    await phone.syncAll(app.inbox);
    assert.equal(await estimate(3), 4);
  });

  it("changes nothing: the next Sync brings all of it", async () => {
    await phone.syncAll(app.inbox);
    await app.arrives("new");
    const before = await app.db.all("SELECT * FROM smartsync_copy");
    await estimate();
    assert.deepEqual(await app.db.all("SELECT * FROM smartsync_copy"), before);
    assert.equal((await phone.sync([app.inbox])).collections[0]?.adds.length, 1);
  });

  it("has status 2 for a missing folder, 3 for one that is not primed, 4 for a wrong key", async () => {
    await phone.syncAll(app.inbox);
    const status = async (collectionId: string, key: string) =>
      (await phone.client.getItemEstimate({ collectionId, key })).status;
    assert.equal(await status("999", "1-a"), 2);
    assert.equal(await status("0", phone.folderKey), 2, "the hierarchy is no folder");
    assert.equal(await status(app.trash, "1-a"), 3);
    assert.equal(await status(app.inbox, "0"), 3);
    assert.equal(await status(app.inbox, "1-a"), 4);
    assert.equal(await status(app.inbox, key()), 1);
  });

  it("answers 12.1 with the class, later versions without, each collection for itself", async () => {
    await phone.sync([app.inbox]);
    await app.arrives("new");
    const collection = (id: string, key: string) =>
      el(
        "GetItemEstimate:Collection",
        el("GetItemEstimate:Class", "Email"),
        el("GetItemEstimate:CollectionId", id),
        el("AirSync:FilterType", 0),
        el("AirSync:SyncKey", key),
      );
    const body = el(
      "GetItemEstimate:GetItemEstimate",
      el(
        "GetItemEstimate:Collections",
        collection(app.inbox, key()),
        collection("999", "1-a"),
      ),
    );
    const answer = (version: string) =>
      app.ask("GetItemEstimate", { body, version }).then(documentOf);
    const expected = [
      "GetItemEstimate:GetItemEstimate",
      "  GetItemEstimate:Response",
      "    GetItemEstimate:Status 1",
      "    GetItemEstimate:Collection",
      "      GetItemEstimate:Class Email",
      `      GetItemEstimate:CollectionId ${app.inbox}`,
      "      GetItemEstimate:Estimate 1",
      "  GetItemEstimate:Response",
      "    GetItemEstimate:Status 2",
      "",
    ];
    assert.equal(shown(await answer("12.1")), expected.join("\n"));
    const later = expected.filter((line) => !line.includes("Class"));
    assert.equal(shown(await answer("16.1")), later.join("\n"));
  });

  it("refuses what is no filter for mail, and requests without collections", async () => {
    await phone.sync([app.inbox]);
    const status = (filter: number) =>
      phone.client.getItemEstimate({ collectionId: app.inbox, key: key(), filter });
    await assert.rejects(status(9), { status: 103 });
    await assert.rejects(status(7), { status: 110 });
    const body = el("GetItemEstimate:GetItemEstimate");
    const document = await documentOf(await app.ask("GetItemEstimate", { body }));
    assert.equal(document.textOf("GetItemEstimate:Status"), "103");
    const old = await app.ask("GetItemEstimate", { body, version: "12.1" });
    assert.equal(old.status, 400);
  });
});
