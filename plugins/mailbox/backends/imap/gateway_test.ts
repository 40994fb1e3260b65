// Logins through the gateway, over HTTP and at a real server: who is let in, and what 401 and 503 mean.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { accounts } from "../../../../core/mod.ts";
import { until } from "../../../../tests/kit.ts";
import { subjects } from "../../../../tests/kit_sync.ts";
import { needs } from "../../../../tests/needs.ts";
import { type Dovecot, startDovecot, type User } from "../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../tests/servers/present.ts";
import { type TestGateway, withGateway } from "./_gateway_kit.ts";

const found = needs("dovecot", dovecotPresent());

describe("the gateway", found, () => {
  let dovecot: Dovecot;
  before(async () => {
    if (!found.skip) dovecot = await startDovecot();
  });
  after(() => dovecot?.stop());

  /**
   * Checks how often the server was asked about a user, and how that went. Its log is written by
   * other processes than the one that answered, so lines that are expected may come a bit later.
   */
  async function asked({ address }: User, expected: { logins: number; refused: number }) {
    const heard = async (log = dovecot.log()) => {
      const lines = (await log).split("\n").filter((l) => l.includes(`user=<${address}>`));
      return {
        logins: lines.filter((line) => line.includes("Login: ")).length,
        refused: lines.filter((line) => line.includes("auth failed")).length,
      };
    };
    await until(async () => {
      const { logins, refused } = await heard();
      return logins >= expected.logins && refused >= expected.refused;
    });
    assert.deepEqual(await heard(dovecot.wholeLog()), expected);
  }

  const find = (gateway: TestGateway, address: string) =>
    gateway.host().one(accounts).find(address);

  it("lets in whom the server lets in, and makes the account at the first login", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      assert.equal(await gateway.login(anna.address, "wrong"), 401);
      assert.equal(await find(gateway, anna.address), undefined);
      assert.equal(await gateway.login(` ${anna.address.toUpperCase()} `, anna.password), 200);
      const made = await find(gateway, anna.address);
      assert.partialDeepStrictEqual(made, { address: anna.address, name: "", admin: false });
      assert.equal(await gateway.login(anna.address, anna.password), 200);
      assert.equal((await gateway.host().one(accounts).list()).length, 1);
      assert.equal(await gateway.login("nobody@example.test", "x"), 401);
    });
  });

  it("asks the server alone about its accounts, and not at all about others", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      // As an account has one that was local before its mail moved.
      await gateway.addAccount({ address: anna.address, password: "the old own one" });
      await gateway.addAccount({ address: "local@elsewhere.test", password: "its own" });
      assert.equal(await gateway.login(anna.address, "the old own one"), 401);
      assert.equal(await gateway.login(anna.address, anna.password), 200);
      assert.equal(await gateway.login("local@elsewhere.test", "its own"), 200);
      assert.equal(await gateway.login("local@elsewhere.test", "wrong"), 401);
      assert.ok(!(await dovecot.wholeLog()).includes("local@elsewhere.test"));
    });
  });

  it("knows whom a bare name, a DOMAIN\\name and an alias mean", async () => {
    const [bert, carl] = [await dovecot.addUser("bert"), await dovecot.addUser("carl")];
    const name = (user: User) => user.address.split("@")[0]!;
    await withGateway(dovecot, async (gateway) => {
      for (const user of [name(bert), `EXAMPLE\\${name(bert)}`, `example.test\\${name(bert)}`]) {
        assert.equal(await gateway.login(user, bert.password), 200, user);
      }
      assert.equal((await gateway.host().one(accounts).list()).length, 1);
      await gateway.host().one(accounts).add({ address: carl.address, aliases: ["chef@x.test"] });
      assert.equal(await gateway.login("chef@x.test", carl.password), 200);
      assert.equal(await gateway.login("chef", carl.password), 200);
      // An account that exists wins over an address that could be made of the name.
      await gateway.addAccount({ address: `${name(carl)}x@elsewhere.test`, password: "own" });
      assert.equal(await gateway.login(`${name(carl)}x`, "own"), 200);
    });
  });

  it("makes no account where that is off, and lets nobody in who is disabled", async () => {
    const [anna, dora] = [await dovecot.addUser("anna"), await dovecot.addUser("dora")];
    await withGateway(dovecot, async (gateway) => {
      const store = gateway.host().one(accounts);
      assert.equal(await gateway.login(anna.address, anna.password), 401);
      await asked(anna, { logins: 0, refused: 0 });
      await store.add({ address: anna.address });
      assert.equal(await gateway.login(anna.address, anna.password), 200);
      const { id } = await store.add({ address: dora.address });
      await store.setDisabled(id, true);
      assert.equal(await gateway.login(dora.address, "wrong"), 401);
      assert.equal(await gateway.login(dora.address, dora.password), 403);
      await assert.rejects(
        (await gateway.box(dora.address)).folders(undefined),
        /has not logged in/,
      );
    }, { imap: { provision: false } });
  });

  it("asks once for logins that come together, and remembers for a while", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      const devices = Array.from({ length: 8 }, (_, n) => ({ remote: `192.0.2.${n}` }));
      const all = await Promise.all(
        devices.map((more) => gateway.login(anna.address, anna.password, more)),
      );
      assert.deepEqual(new Set(all), new Set([200]));
      await asked(anna, { logins: 1, refused: 0 });
      await gateway.clock.tick(100_000 - 1);
      assert.equal(await gateway.login(anna.address, anna.password), 200);
      await asked(anna, { logins: 1, refused: 0 });
      await gateway.clock.tick(1);
      assert.equal(await gateway.login(anna.address, anna.password), 200);
      await asked(anna, { logins: 2, refused: 0 });
    }, { imap: { rememberLogin: 100 } });
  });

  it("shows the server a wrong password once, not with every request of a device", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      for (let i = 0; i < 5; i++) assert.equal(await gateway.login(anna.address, "old"), 401);
      await asked(anna, { logins: 0, refused: 1 });
      await dovecot.setPassword(anna, "old");
      await gateway.clock.tick(60_000);
      assert.equal(await gateway.login(anna.address, "old"), 200);
    });
  });

  it("makes guessers wait, before the server hears of them", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      for (const guess of ["a", "b", "c"]) await gateway.login(anna.address, guess);
      const limited = await gateway.login(anna.address, anna.password);
      assert.ok(limited === 429 || limited === 503, `${limited}`);
      await asked(anna, { logins: 0, refused: 3 });
      const remote = "198.51.100.7";
      assert.equal(await gateway.login(anna.address, anna.password, { remote }), 200);
    }, { config: { login: { accountFailures: 3 } } });
  });

  it("logs in once for a request that shows its password and works", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      assert.equal(await gateway.login(anna.address, anna.password), 200);
      const box = await gateway.box(anna.address);
      assert.ok((await box.folders(undefined)).changes.length > 0);
      await asked(anna, { logins: 1, refused: 0 });
      // Checked once more, while the connection from before is still at hand; nobody wants the new one.
      await gateway.clock.tick(100_000);
      assert.equal(await gateway.login(anna.address, anna.password), 200);
      await asked(anna, { logins: 2, refused: 0 });
      await gateway.clock.tick(600_000);
      await box.folders(undefined);
      await asked(anna, { logins: 3, refused: 0 });
    }, { imap: { rememberLogin: 100, idle: 500 } });
  });

  it("notices that a password was changed at the server", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      assert.equal(await gateway.login(anna.address, anna.password), 200);
      // The connection of this login waits a moment for somebody.
      await gateway.clock.tick(5000);
      const changed = await dovecot.setPassword(anna, "another");
      // Remembered, until it is used: then the account is closed, and the device hears 401.
      assert.equal(await gateway.login(anna.address, anna.password), 200);
      const box = await gateway.box(anna.address);
      await assert.rejects(box.folders(undefined), /not right any more/);
      assert.equal(await gateway.login(anna.address, anna.password), 401);
      await assert.rejects(box.folders(undefined), /has not logged in/);
      assert.equal(await gateway.login(anna.address, changed.password), 200);
      assert.ok((await box.folders(undefined)).changes.length > 0);
    });
  });

  it("shows a phone its folders, its mails and what comes later", async () => {
    const anna = await dovecot.addUser("anna");
    for (const subject of ["one", "two"]) {
      await dovecot.deliver(
        anna,
        `From: b@far.test\r\nMessage-ID: <${subject}@far.test>\r\nSubject: ${subject}\r\n\r\nHi\r\n`,
      );
    }
    await withGateway(dovecot, async (gateway) => {
      const phone = gateway.phone(anna);
      await phone.syncFolders();
      const { changes } = await (await gateway.box(anna.address)).folders(undefined);
      const inbox = changes.find(({ folder }) => folder?.role === "inbox")!.id;
      await phone.syncAll(inbox);
      assert.deepEqual(subjects(phone, inbox), ["one", "two"]);
      await dovecot.deliver(anna, "Subject: three\r\n\r\nHi\r\n");
      await phone.syncAll(inbox);
      assert.deepEqual(subjects(phone, inbox), ["one", "three", "two"]);
      assert.deepEqual(phone.collection(inbox).anomalies, []);
    });
  });

  it("does what it does by the master user, where there is one", async () => {
    const own = await startDovecot({ master: true });
    try {
      const anna = await own.addUser("anna");
      const { user, password } = own.master;
      await withGateway(own, async (gateway) => {
        await gateway.host().one(accounts).add({ address: anna.address });
        const box = await gateway.box(anna.address);
        assert.ok((await box.folders(undefined)).changes.length > 0);
        // That opens mailboxes, and lets nobody in.
        assert.equal(await gateway.login(anna.address, password), 401);
        assert.equal(await gateway.login(anna.address, anna.password), 200);
      }, { imap: { master: { user, password } } });
    } finally {
      await own.stop();
    }
  });

  it("answers 503 while the server is away, never 401, and goes on when it is back", async () => {
    const own = await startDovecot();
    try {
      const [anna, bert] = [await own.addUser("anna"), await own.addUser("bert")];
      await withGateway(own, async (gateway) => {
        assert.equal(await gateway.login(anna.address, anna.password), 200);
        const box = await gateway.box(anna.address);
        await box.folders(undefined);
        await own.kill();
        for (const password of [bert.password, "wrong", "also wrong", "and this"]) {
          assert.equal(await gateway.login(bert.address, password), 503, password);
        }
        await assert.rejects(box.folders(undefined), { name: "Unavailable" });
        await own.restart();
        assert.equal(await gateway.login(bert.address, bert.password), 200);
        assert.equal(await gateway.login(bert.address, "wrong"), 401);
        assert.equal(await gateway.login(anna.address, anna.password), 200);
        assert.ok((await box.folders(undefined)).changes.length > 0);
      }, { config: { login: { accountFailures: 3 } } });
    } finally {
      await own.stop();
    }
  });

  it("writes no password into its log, and none into its database", async () => {
    const secret = "Geheimnis-4711-Ü";
    const anna = await dovecot.addUser("anna", { password: secret });
    await withGateway(dovecot, async (gateway) => {
      assert.equal(await gateway.login(anna.address, "falsches-Geheimnis-4711"), 401);
      assert.equal(await gateway.login(anna.address, secret), 200);
      const box = await gateway.box(anna.address);
      await box.folders(undefined);
      await dovecot.setPassword(anna, "neues-Geheimnis-4711");
      gateway.host();
      await gateway.login(anna.address, secret);
      await gateway.login(anna.address, "neues-Geheimnis-4711");
      const base64 = [secret, `\0${anna.address}\0${secret}`].map((text) =>
        Buffer.from(text).toString("base64").slice(0, 12)
      );
      const log = gateway.logged.join("\n");
      assert.ok(gateway.logged.length > 2);
      for (const word of ["4711", "Geheimnis", ...base64]) assert.ok(!log.includes(word), word);
      const tables = await gateway.db.all<{ name: string }>(
        "SELECT name FROM sqlite_schema WHERE type = 'table'",
      );
      for (const { name } of tables) {
        const rows = await gateway.db.all(`SELECT * FROM "${name}"`);
        const text = JSON.stringify(rows, (_, value) => typeof value === "bigint" ? "" : value);
        assert.ok(!text.includes("4711"), name);
      }
    });
  });

  it("forgets an account that is deleted", async () => {
    const anna = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      await gateway.login(anna.address, anna.password);
      const box = await gateway.box(anna.address);
      await box.folders(undefined);
      const store = gateway.host().one(accounts);
      const { id } = (await find(gateway, anna.address))!;
      await store.remove(id);
      for (const table of ["folder", "item", "state", "write", "seal"]) {
        const rows = await gateway.db.all(`SELECT * FROM mailbox_imap_${table}`);
        assert.deepEqual(rows, [], table);
      }
      await assert.rejects(box.folders(undefined), /has not logged in/);
    });
  });
});
