// Accounts as they are kept.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type TestApp, testApp } from "../tests/kit_app.ts";
import { accountDeleted, accounts, appPasswordRevoked } from "./points.ts";
import { definePlugin } from "./plugin.ts";

async function withApp(
  work: (app: TestApp) => Promise<void>,
  plugins: Parameters<typeof testApp>[0]["plugins"] = [],
): Promise<void> {
  const app = await testApp({ plugins });
  try {
    await work(app);
  } finally {
    await app.stop();
  }
}

describe("accounts", () => {
  it("are found by every address, without case", () =>
    withApp(async (app) => {
      const added = await app.addAccount({
        address: " Ann@Example.COM ",
        name: "Ann",
        aliases: ["A@example.com", "ann@example.com", "post@example.org"],
        admin: true,
      });
      assert.deepEqual(added, {
        id: added.id,
        address: "ann@example.com",
        name: "Ann",
        aliases: ["a@example.com", "post@example.org"],
        admin: true,
        disabled: false,
      });
      const store = app.host().one(accounts);
      for (const address of ["ann@example.com", "ANN@EXAMPLE.COM", "post@example.org"]) {
        assert.deepEqual(await store.find(address), added, address);
      }
      assert.deepEqual(await store.get(added.id), added);
      assert.deepEqual(await store.list(), [added]);
      assert.equal(await store.find("nobody@example.com"), undefined);
      assert.equal(await store.find("ann"), undefined);
      assert.equal(await store.get(99), undefined);
    }));

  it("are refused where an address is malformed", () =>
    withApp(async (app) => {
      const long = `${"x".repeat(65)}@example.com`;
      for (
        const address of ["", "ann", "@x.org", "ann@", "a b@x.org", "a@b@x.org", "a@-x.org", long]
      ) {
        await assert.rejects(app.addAccount({ address }), RangeError, address);
        await assert.rejects(
          app.addAccount({ address: "ok@x.org", aliases: [address] }),
          RangeError,
        );
      }
      assert.deepEqual(await app.host().one(accounts).list(), []);
    }));

  it("are refused where an address is taken, be it an alias", () =>
    withApp(async (app) => {
      await app.addAccount({ address: "ann@x.org", aliases: ["a@x.org"] });
      const taken = /Cannot add .* taken/;
      await assert.rejects(app.addAccount({ address: "ANN@x.org" }), taken);
      await assert.rejects(app.addAccount({ address: "a@x.org" }), taken);
      await assert.rejects(app.addAccount({ address: "bob@x.org", aliases: ["ann@x.org"] }), taken);
      await assert.rejects(app.addAccount({ address: "bob@x.org", aliases: ["a@x.org"] }), taken);
      assert.equal((await app.host().one(accounts).list()).length, 1);
    }));

  it("need a password", () =>
    withApp(async (app) => {
      await assert.rejects(app.addAccount({ address: "ann@x.org", password: "" }), RangeError);
    }));

  it("keep no password that can be read", () =>
    withApp(async (app) => {
      await app.addAccount({ address: "ann@x.org", password: "read me" });
      const [row] = await app.db.all<{ password: string }>("SELECT password FROM core_account");
      assert.match(row!.password, /^\$scrypt\$ln=\d+,r=8,p=1\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/);
    }));

  it("refuse changes to one that is not there", () =>
    withApp(async (app) => {
      const store = app.host().one(accounts);
      await assert.rejects(store.setPassword(9, "x"), RangeError);
      await assert.rejects(store.setDisabled(9, true), RangeError);
      await assert.rejects(store.remove(9), RangeError);
      await assert.rejects(store.addAppPassword(9, ""), RangeError);
    }));

  it("are removed after everybody was told, with all that is theirs, and never come again", () => {
    const told: string[] = [];
    const witness = definePlugin({
      id: "witness",
      summary: "",
      contributes: (host) => [
        accountDeleted.of(async ({ account }) => {
          const still = await host.one(accounts).get(account.id);
          told.push(`${account.address} ${still ? "is still there" : "is gone"}`);
        }),
      ],
    });
    return withApp(async (app) => {
      const store = app.host().one(accounts);
      const ann = await app.addAccount({ address: "ann@x.org", aliases: ["a@x.org"] });
      await store.addAppPassword(ann.id, "phone");
      await store.remove(ann.id);
      assert.deepEqual(told, ["ann@x.org is still there"]);
      for (const table of ["core_account", "core_alias", "core_app_password"]) {
        assert.deepEqual(await app.db.all(`SELECT * FROM ${table}`), [], table);
      }
      const again = await app.addAccount({ address: "ann@x.org", aliases: ["a@x.org"] });
      assert.notEqual(again.id, ann.id);
    }, [witness]);
  });
});

describe("app passwords", () => {
  it("are shown once, as letters that can be read out", () =>
    withApp(async (app) => {
      const store = app.host().one(accounts);
      const { id } = await app.addAccount({ address: "ann@x.org" });
      const made = await store.addAppPassword(id, " phone ");
      assert.match(made.password, /^[a-z]{4}(-[a-z]{4}){3}$/);
      assert.deepEqual(await store.appPasswords(id), [{
        id: made.id,
        label: "phone",
        client: undefined,
        created: app.clock.now(),
        used: undefined,
      }]);
      const rows = JSON.stringify(await app.db.all("SELECT * FROM core_app_password"));
      assert.ok(!rows.includes(made.password.replaceAll("-", "")));
    }));

  it("are revoked by their own account only", () =>
    withApp(async (app) => {
      const store = app.host().one(accounts);
      const ann = await app.addAccount({ address: "ann@x.org" });
      const bob = await app.addAccount({ address: "bob@x.org" });
      const made = await store.addAppPassword(ann.id, "phone");
      assert.equal(await store.revokeAppPassword(bob.id, made.id), false);
      assert.equal(await store.revokeAppPassword(ann.id, made.id), true);
      assert.equal(await store.revokeAppPassword(ann.id, made.id), false);
      assert.deepEqual(await store.appPasswords(ann.id), []);
    }));
});

describe("accounts by what was typed", () => {
  it("are those whom a login means, and nobody where two could be meant", () =>
    withApp(async (app) => {
      const ann = await app.addAccount({ address: "ann@example.com", aliases: ["post@x.org"] });
      await app.addAccount({ address: "ben@example.com" });
      await app.addAccount({ address: "ben@example.org" });
      const store = app.host().one(accounts);
      for (const user of ["Ann@example.com", "ann", "post", "EXAMPLE\\ann", "x.org\\post"]) {
        assert.deepEqual(await store.meant(user), ann, user);
      }
      for (const user of ["ben", "", "\\", "an", "ann@example.org"]) {
        assert.equal(await store.meant(user), undefined, user);
      }
      assert.equal((await store.meant("example.org\\ben"))?.address, "ben@example.org");
    }));
});

describe("accounts.useAppPassword()", () => {
  it("tells which one was shown, binds it, and tells of those that are revoked", async () => {
    const revoked: unknown[] = [];
    const listener = definePlugin({
      id: "listener",
      summary: "",
      contributes: () => [appPasswordRevoked.of((fact) => void revoked.push(fact))],
    });
    await withApp(async (app) => {
      const store = app.host().one(accounts);
      const { id } = await store.add({ address: "ann@example.com" });
      const other = await store.add({ address: "ben@example.com" });
      const made = await store.addAppPassword(id, "phone");
      const show = (account: number, password: string, client: string) =>
        store.useAppPassword(account, { user: "", password, client, remote: "192.0.2.1" });
      assert.equal(await show(id, made.password.toUpperCase(), "a"), made.id);
      assert.equal(await show(id, made.password, "b"), undefined, "bound to the first client");
      assert.equal(await show(other.id, made.password, "a"), undefined);
      assert.equal(await show(id, "password", "a"), undefined);
      assert.equal(await store.revokeAppPassword(other.id, made.id), false);
      assert.deepEqual(revoked, []);
      await store.revokeAppPassword(id, made.id);
      assert.deepEqual(revoked, [{ account: id, appPassword: made.id }]);
      assert.equal(await show(id, made.password, "a"), undefined);
    }, [listener]);
  });
});
