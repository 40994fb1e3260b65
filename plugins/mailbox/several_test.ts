// Several backends in one server: who is local, who is not, and where mail goes then.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createTransport } from "nodemailer";
import { stringify } from "smol-toml";
import { type Account, accounts, task } from "../../core/mod.ts";
import { command } from "../../tests/kit_command.ts";
import { until, withTempDir } from "../../tests/kit.ts";
import { type FakeRelay, fakeRelay } from "../../tests/kit_mailbox.ts";
import { needs } from "../../tests/needs.ts";
import { type Dovecot, startDovecot, type User } from "../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../tests/servers/present.ts";
import { delivery, mailboxes } from "./api.ts";
import { deliverPath } from "./arrival/http.ts";
import { type TestGateway, withGateway } from "./backends/imap/_gateway_kit.ts";
import { bytesOf } from "./bytes.ts";
import { allFolders } from "./transfer/folders.ts";

const found = needs("dovecot", dovecotPresent());

const message = (subject: string) =>
  Buffer.from(
    `From: x@far.test\r\nTo: y@example.test\r\nMessage-ID: <${subject}@far.test>\r\n` +
      `Subject: ${subject}\r\n\r\nbody\r\n`,
  );

describe("a server with several backends", found, () => {
  let dovecot: Dovecot;
  let relay: FakeRelay;
  let submission: FakeRelay;
  before(async () => {
    if (found.skip) return;
    dovecot = await startDovecot({ specialFolders: true });
    [relay, submission] = [await fakeRelay(), await fakeRelay()];
  });
  after(async () => {
    await relay?.close();
    await submission?.close();
    await dovecot?.stop();
  });

  /** anna has her mail at the IMAP server and has logged in; ben is local, in the same domain. */
  async function scene(
    work: (gateway: TestGateway, anna: Account & User, ben: Account) => Promise<void>,
    more: Record<string, unknown> = {},
  ): Promise<void> {
    const user = await dovecot.addUser("anna");
    await withGateway(dovecot, async (gateway) => {
      const ben = await gateway.addAccount({ address: "ben@example.test" });
      assert.equal(await gateway.login(user.address, user.password), 200);
      const account = (await gateway.host().one(accounts).find(user.address))!;
      await work(gateway, { ...account, ...user }, ben);
    }, {
      imap: {
        smtp: { host: "127.0.0.1", port: submission.port, security: "none", login: false },
      },
      mailbox: {
        local: ["Ben@example.test"],
        relay: { host: "127.0.0.1", port: relay.port, security: "none" },
        ...more,
      },
    });
  }

  async function subjects(gateway: TestGateway, account: Account, role: string) {
    const box = gateway.host().one(mailboxes).open(account);
    const folder = (await allFolders(box)).find((one) => one.role === role)!;
    const { items } = await box.list(folder.id, {}, 100);
    const all: string[] = [];
    for await (const { mail } of box.read(items.map(({ id }) => id), {})) all.push(mail!.subject);
    return all.sort();
  }

  async function withTask(gateway: TestGateway, name: string, work: () => Promise<void>) {
    const controller = new AbortController();
    const one = gateway.host().all(task).find((task) => task.name === name)!;
    const running = one.run(controller.signal);
    try {
      await work();
    } finally {
      controller.abort();
      await running;
    }
  }

  const send = (gateway: TestGateway, from: Account, to: string[], subject: string) =>
    gateway.host().one(mailboxes).open(from)
      .send({ mime: message(subject), from: from.address, to, saveInSent: true }, subject);

  it("keeps an account local that the configuration names, with its own password", () =>
    scene(async (gateway, _anna, ben) => {
      assert.equal(await gateway.login(ben.address, "password"), 200);
      assert.equal(await gateway.login(ben.address, "wrong"), 401);
      await gateway.host().one(delivery).deliver(
        bytesOf(message("here")),
        { from: "x@far.test", to: [ben] },
        "t",
      );
      assert.deepEqual(await subjects(gateway, ben, "inbox"), ["here"]);
      assert.ok(!(await dovecot.wholeLog()).includes(ben.address));
    }));

  it("takes in no mail for accounts that are elsewhere, and says where they are", () =>
    scene(async (gateway, anna, ben) => {
      const service = gateway.host().one(delivery);
      assert.equal((await service.accepts(ben.address))?.id, ben.id);
      assert.equal(await service.elsewhere!(ben.address), undefined);
      for (const address of [anna.address, anna.address.replace("@", "+x@"), "new@example.test"]) {
        assert.equal(await service.accepts(address), undefined);
        assert.match((await service.elsewhere!(address))!, /^at the IMAP server "home" \(127/);
      }
      assert.equal(await service.elsewhere!("x@far.test"), undefined);
    }));

  it("refuses them by LMTP and HTTP with the reason, and takes the others", () =>
    scene(async (gateway, anna, ben) => {
      await withTask(gateway, "lmtp", async () => {
        const port = () =>
          gateway.logged.map((line) => JSON.parse(line))
            .find(({ msg }) => msg === "Mail can come in")?.listen.split(":")[1];
        await until(() => port() !== undefined);
        const client = createTransport(
          { host: "127.0.0.1", port: Number(port()), ignoreTLS: true, lmtp: true } as object,
        );
        const sent = await client.sendMail({
          envelope: { from: "x@far.test", to: [anna.address, ben.address] },
          raw: message("by LMTP"),
        });
        assert.deepEqual(sent.accepted, [ben.address]);
        assert.match(
          (sent as unknown as { rejectedErrors: { response: string }[] }).rejectedErrors[0]!
            .response,
          /^550 .*does not end here but at the IMAP server "home"/,
        );
      });
      const post = (authorization: string, to = "") =>
        gateway.fetch(
          new Request(`http://test.invalid${deliverPath}${to}`, {
            method: "POST",
            headers: { authorization, "Content-Type": "message/rfc822" },
            body: message("by HTTP"),
          }),
        );
      const own = Buffer.from(`${anna.address}:${anna.password}`).toString("base64");
      const refused = await post(`Basic ${own}`);
      assert.equal(refused.status, 403);
      assert.match(await refused.text(), /does not end here but at the IMAP server/);
      const token = "Bearer 0123456789abcdef01234567";
      assert.equal((await post(token, `?to=${anna.address}`)).status, 404);
      assert.equal((await post(token, `?to=${ben.address}`)).status, 201);
      assert.deepEqual(await subjects(gateway, ben, "inbox"), ["by HTTP", "by LMTP"]);
      assert.deepEqual(await subjects(gateway, anna, "inbox"), []);
    }, {
      lmtp: { listen: "127.0.0.1:0" },
      http: { token: "0123456789abcdef01234567" },
    }));

  it("sends a local account's mail to the others by the relay", () =>
    scene(async (gateway, anna, ben) => {
      relay.got.length = 0;
      await withTask(gateway, "outbox", async () => {
        await send(gateway, ben, [anna.address, "new@example.test", ben.address], "from ben");
        await until(() => relay.got.length > 0);
      });
      assert.deepEqual(relay.got[0]!.to.toSorted(), [anna.address, "new@example.test"]);
      assert.deepEqual(await subjects(gateway, ben, "inbox"), ["from ben"]);
      assert.deepEqual(await subjects(gateway, anna, "inbox"), []);
    }));

  it("sends the others' mail by their own server, to local accounts too, and saves it there", () =>
    scene(async (gateway, anna, ben) => {
      submission.got.length = 0;
      await send(gateway, anna, [ben.address], "from anna");
      assert.deepEqual(submission.got.map(({ to }) => to), [[ben.address]]);
      assert.deepEqual(await subjects(gateway, ben, "inbox"), []);
      assert.deepEqual(await subjects(gateway, anna, "sent"), ["from anna"]);
    }));

  it("puts a notice for somebody elsewhere into the inbox there, once, and others' here", () =>
    scene(async (gateway, anna, ben) => {
      const put = () =>
        gateway.host().one(delivery)
          .deliver(bytesOf(message("notice")), { from: "", to: [anna, ben] }, "notice 1");
      await put();
      await put();
      for (const account of [anna, ben]) {
        assert.deepEqual(await subjects(gateway, account, "inbox"), ["notice"], account.address);
      }
    }));

  it("does not take an address of its domains for wrong that a server has", () =>
    scene(async (gateway, _anna, ben) => {
      const bert = await dovecot.addUser("bert@mixed.test");
      relay.got.length = 0;
      await withTask(gateway, "outbox", async () => {
        await send(gateway, ben, [bert.address, "nobody@mixed.test"], "mixed");
        await until(() => relay.got.length > 0);
      });
      assert.deepEqual(relay.got.map(({ to }) => to), [[bert.address]]);
    }, {
      domains: ["mixed.test"],
      imap: {
        home: {
          host: dovecot.host,
          port: dovecot.port,
          security: "none",
          accounts: ["bert@mixed.test"],
          domains: ["example.test"],
          smtp: { security: "none" },
        },
      },
    }));

  it("exports and imports such a mailbox with its password, and says that it wants one", () =>
    withTempDir(async (dir) => {
      const anna = await dovecot.addUser("anna");
      await dovecot.deliver(anna, message("kept there"));
      const config = join(dir, "navette.toml");
      const home = {
        host: dovecot.host,
        port: dovecot.port,
        security: "none",
        smtp: { security: "none" },
        domains: ["example.test"],
      };
      await writeFile(config, stringify({ mailbox: { imap: { home } } }));
      const run = (words: string[], stdin = anna.password) =>
        command(["--config", config, "--data", join(dir, "data"), ...words], { stdin });
      const added = await run(["user", "add", anna.address]);
      assert.match(added.out, /its password is the one at the IMAP server "home"/);
      assert.match((await run(["user", "list"])).out, /at the IMAP server "home" \(127\.0\.0\.1:/);
      const out = join(dir, "out");
      const without = await run(["export", anna.address, out]);
      assert.equal(without.code, 2);
      assert.match(without.err, /it lies at another server.*--password-stdin/);
      const wrong = await run(["export", anna.address, out, "--password-stdin"], "wrong");
      assert.equal(wrong.code, 1);
      assert.match(wrong.err, /Cannot open the mailbox/);
      const right = await run(["export", anna.address, out, "--password-stdin"]);
      assert.equal(right.code, 0, right.err);
      const files = (await readdir(out, { recursive: true })).filter((name) =>
        /cur\/|new\//.test(name)
      );
      assert.equal(files.length, 1);
      assert.match(await readFile(join(out, files[0]!), "utf8"), /Subject: kept there/);
      await mkdir(join(dir, "in"));
      await writeFile(join(dir, "in", "one.eml"), message("brought"));
      const words = ["import", anna.address, join(dir, "in"), "--password-stdin"];
      const brought = await run(words);
      assert.match(brought.out, /1 message imported/, brought.err);
      assert.match((await run(words)).out, /1 message there already/);
    }));
});
