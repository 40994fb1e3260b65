// The points of EAS, each filled by a guest: what later plugins will rely on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { adminPage, definePlugin, type Plugin } from "../../core/mod.ts";
import { basic, documentOf, easApp } from "../../tests/kit_eas.ts";
import {
  type Directory,
  directory,
  el,
  type Keyed,
  type SyncState,
  syncState,
  type Wakeup,
  wakeup,
} from "./api.ts";

const guest = (contributes: Plugin["contributes"]) =>
  definePlugin({ id: "guest", summary: "Fills points", needs: ["eas"], contributes });

test("people of every directory can be asked for by whoever needs them", async () => {
  const gal = (name: string): Directory => ({
    find: (text, limit) =>
      Promise.resolve(
        [{ displayName: name, address: `${name}@example.org`, fields: { Title: "x" } }]
          .filter(({ address }) => address.startsWith(text)).slice(0, limit),
      ),
  });
  const app = await easApp({
    plugins: [guest(() => [directory.of(gal("bert")), directory.of(gal("berta"))])],
  });
  const found = await Promise.all(
    app.host("eas").all(directory).map((one) => one.find("bert", 5, app.anna)),
  );
  assert.deepEqual(found.flat().map(({ address }) => address), [
    "bert@example.org",
    "berta@example.org",
  ]);
  await app.stop();
});

test("other ways to wake a device are handed the account and its folders", async () => {
  const woken: Parameters<Wakeup["wake"]>[0][] = [];
  const relay: Wakeup = {
    wake: (change) => {
      woken.push(change);
      return Promise.resolve();
    },
  };
  const app = await easApp({ plugins: [guest(() => [wakeup.of(relay)])] });
  for (const one of app.host("eas").all(wakeup)) {
    await one.wake({ account: app.anna, folders: ["1"] });
  }
  assert.deepEqual(woken, [{ account: app.anna, folders: ["1"] }]);
  await app.stop();
});

test("the sync engine asks whatever fills syncState, by account and device", async () => {
  const opened: unknown[] = [];
  const forgetful: Partial<SyncState> = {
    open: (device, wanted: readonly Keyed[]) => {
      opened.push([device, ...wanted]);
      return Promise.resolve(new Map());
    },
  };
  const app = await easApp({ plugins: [guest(() => [syncState.of(forgetful as SyncState)])] });
  const body = el("FolderHierarchy:FolderSync", el("FolderHierarchy:SyncKey", "77"));
  const answer = await documentOf(await app.ask("FolderSync", { body }));
  // It knows no key, so the device has to start over.
  assert.equal(answer.textOf("FolderHierarchy:Status"), "9");
  const device = { account: app.anna.id, device: "PHONE1" };
  assert.deepEqual(opened, [[device, { collection: "0", key: "77" }]]);
  await app.stop();
});

test("a page of a plugin is shown to administrators below /admin", async () => {
  const page = {
    id: "devices",
    title: "Devices",
    routes: (app: Parameters<Parameters<typeof adminPage.of>[0]["routes"]>[0]) => {
      app.get("/", (c) => c.text("all devices"));
    },
  };
  const app = await easApp({ plugins: [guest(() => [adminPage.of(page, "devices")])] });
  await app.addAccount({ address: "root@example.org", admin: true });
  const visit = (Authorization: string) =>
    app.fetch(new Request("http://test.invalid/admin/devices", { headers: { Authorization } }));
  const shown = await visit(basic("root@example.org"));
  assert.equal(shown.status, 200);
  assert.equal(await shown.text(), "all devices");
  assert.notEqual((await visit(basic())).status, 200);
  await app.stop();
});
