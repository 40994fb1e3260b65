// Passwords sealed by app passwords: opened by nothing else, and gone with them.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { accounts, CliError, passwordKeeper } from "../../../../../core/mod.ts";
import { needs } from "../../../../../tests/needs.ts";
import { type Dovecot, startDovecot, type User } from "../../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../../tests/servers/present.ts";
import { openStorage } from "../../../../../storage/mod.ts";
import { type TestGateway, withGateway } from "../_gateway_kit.ts";
import { testAccount } from "../_imap_kit.ts";
import { makeSeals, sealMigrations } from "./seals.ts";

const found = needs("dovecot", dovecotPresent());
const secret = { reveal: () => "geheim Ü 🌊" };
const by = { id: 7, password: "abcd-efgh-jkmn-pqrs" };

async function withSeals(
  work: (
    seals: ReturnType<typeof makeSeals>,
    db: Awaited<ReturnType<typeof openStorage>>,
  ) => Promise<void>,
): Promise<void> {
  const db = await openStorage(":memory:");
  try {
    for (const sql of sealMigrations.flatMap(({ up }) => up)) await db.run(sql);
    await work(makeSeals(db), db);
  } finally {
    await db.close();
  }
}

describe("makeSeals()", () => {
  const [anna, bert] = [testAccount("anna@example.test"), testAccount("bert@example.test")];

  it("gives back what was sealed, however the app password is typed", () =>
    withSeals(async (seals) => {
      await seals.put(anna, by, secret);
      for (const password of [by.password, "ABCDEFGHJKMNPQRS", "abcd efgh jkmn pqrs"]) {
        assert.equal((await seals.open(anna, { id: 7, password }))?.reveal(), secret.reveal());
      }
    }));

  it("keeps nothing that can be read, and seals the same twice in two ways", () =>
    withSeals(async (seals, db) => {
      await seals.put(anna, by, secret);
      await seals.put(anna, { ...by, id: 8 }, secret);
      const rows = await db.all<{ salt: Uint8Array; sealed: Uint8Array }>(
        "SELECT salt, sealed FROM mailbox_imap_seal",
      );
      const [one, two] = rows.map(({ sealed }) => Buffer.from(sealed).toString("latin1"));
      assert.notEqual(one, two);
      assert.ok(!one!.includes("geheim"));
    }));

  it("opens nothing for another app password, account or number, nor after a change", () =>
    withSeals(async (seals, db) => {
      await seals.put(anna, by, secret);
      await assert.rejects(seals.open(anna, { ...by, password: "abcd-efgh-jkmn-pqrt" }));
      assert.equal(await seals.open(bert, by), undefined);
      assert.equal(await seals.open(anna, { ...by, id: 8 }), undefined);
      await db.run("UPDATE mailbox_imap_seal SET account = ?, app_password = 8", [bert.id]);
      await assert.rejects(seals.open(bert, { ...by, id: 8 }), "a row put in another's place");
    }));

  it("removes one, and all of an account", () =>
    withSeals(async (seals) => {
      for (const id of [1, 2, 3]) await seals.put(id === 3 ? bert : anna, { ...by, id }, secret);
      await seals.remove(1);
      assert.equal(await seals.open(anna, { ...by, id: 1 }), undefined);
      await seals.removeAccount(anna.id);
      assert.equal(await seals.open(anna, { ...by, id: 2 }), undefined);
      assert.ok(await seals.open(bert, { ...by, id: 3 }));
    }));
});

describe("app passwords at the gateway", found, () => {
  let dovecot: Dovecot;
  before(async () => {
    if (!found.skip) dovecot = await startDovecot();
  });
  after(() => dovecot?.stop());

  const on = { imap: { appPasswords: true } };
  const sealed = (gateway: TestGateway) => gateway.db.all("SELECT * FROM mailbox_imap_seal");

  /** As `navette app-password add` does it. */
  async function make(gateway: TestGateway, user: User, typed = user.password) {
    const store = gateway.host().one(accounts);
    const account = await store.find(user.address) ?? await store.add({ address: user.address });
    const [keeper] = gateway.host().all(passwordKeeper);
    const finish = await keeper!.readyAppPassword(account, () => Promise.resolve(typed));
    const made = await store.addAppPassword(account.id, "phone");
    await finish(made);
    return { account, store, made };
  }

  it("log in and open the mailbox, each for the first device that shows it", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      const { made } = await make(gateway, anna);
      const passes = (device: string) => gateway.login(anna.address, made.password, { device });
      assert.notEqual(await passes("ONE"), 401);
      assert.ok((await (await gateway.box(anna.address)).folders(undefined)).changes.length > 0);
      assert.equal(await passes("TWO"), 401);
      assert.equal(await gateway.login(anna.address, anna.password), 200, "and the password still");
    }, on);
  });

  it("are refused for a wrong password, and while the server is away", async () => {
    const own = await startDovecot();
    try {
      const anna = await own.addUser("anna");
      await withGateway(own, async (gateway) => {
        await assert.rejects(make(gateway, anna, "wrong"), (error) => {
          assert.ok(error instanceof CliError);
          assert.match(error.message, /this is not its password at the IMAP server "home"/);
          return true;
        });
        await own.kill();
        await assert.rejects(make(gateway, anna), /Cannot make an app password .*refused/i);
        assert.deepEqual(await sealed(gateway), []);
      }, on);
    } finally {
      await own.stop();
    }
  });

  it("are refused where they are off, with how to switch them on; old ones do not pass", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      await assert.rejects(make(gateway, anna), /mailbox\.imap\.home\.appPasswords = true/);
      const store = gateway.host().one(accounts);
      const { id } = (await store.find(anna.address))!;
      const { password } = await store.addAppPassword(id, "made before");
      assert.equal(await gateway.login(anna.address, password), 401);
    });
  });

  it("end when they are taken back, and with the account", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      const { account, store, made } = await make(gateway, anna);
      await make(gateway, anna);
      assert.equal(await gateway.login(anna.address, made.password), 200);
      await store.revokeAppPassword(account.id, made.id);
      assert.equal((await sealed(gateway)).length, 1);
      assert.equal(await gateway.login(anna.address, made.password), 401);
      await store.remove(account.id);
      assert.deepEqual(await sealed(gateway), []);
    }, on);
  });

  it("end with the password that they keep, and the log says why", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      const { made } = await make(gateway, anna);
      await dovecot.setPassword(anna, "another");
      await gateway.clock.tick(301_000);
      assert.equal(await gateway.login(anna.address, made.password), 401);
      const log = gateway.logged.join("\n");
      assert.match(log, /is sealed by an app password is not right any more/);
      for (const word of [made.password, anna.password]) assert.ok(!log.includes(word));
    }, on);
  });

  it("are 503 while the server is away", async () => {
    const own = await startDovecot();
    try {
      const anna = await own.addUser("anna");
      await withGateway(own, async (gateway) => {
        const { made } = await make(gateway, anna);
        await own.kill();
        await gateway.clock.tick(301_000);
        assert.equal(await gateway.login(anna.address, made.password), 503);
        await own.restart();
        assert.equal(await gateway.login(anna.address, made.password), 200);
      }, on);
    } finally {
      await own.stop();
    }
  });
});
