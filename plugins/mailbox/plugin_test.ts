import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { createTransport } from "nodemailer";
import { accounts, cliCommand, diagnosis, firstStart, health, task } from "../../core/mod.ts";
import { until } from "../../tests/kit.ts";
import { fakeRelay } from "../../tests/kit_mailbox.ts";
import { type TestApp, testApp } from "../../tests/kit_app.ts";
import { delivery, type Mailbox, mailboxes, type Replies } from "./api.ts";
import { deliverPath } from "./arrival/http.ts";
import { bytesOf } from "./bytes.ts";
import mailbox from "./plugin.ts";
import { allFolders } from "./transfer/folders.ts";

async function withApp(
  config: Record<string, unknown>,
  work: (app: TestApp) => Promise<void>,
): Promise<void> {
  const app = await testApp({ plugins: [mailbox], config: { mailbox: config } });
  try {
    await work(app);
  } finally {
    await app.stop();
  }
}

/** Runs the background work named so, for as long as `work` takes. */
async function running(app: TestApp, names: readonly string[], work: () => Promise<void>) {
  const controller = new AbortController();
  const tasks = app.host().all(task).filter(({ name }) => names.includes(name))
    .map(({ run }) => run(controller.signal));
  assert.equal(tasks.length, names.length);
  try {
    await work();
  } finally {
    controller.abort();
    await Promise.all(tasks);
  }
}

async function subjects(app: TestApp, address: string, role: string): Promise<string[]> {
  const host = app.host();
  const account = await host.one(accounts).find(address);
  const box = host.one(mailboxes).open(account!);
  const folder = (await allFolders(box)).find((one) => one.role === role)!;
  const { items } = await box.list(folder.id, {}, 100);
  const found: string[] = [];
  for await (const { mail } of box.read(items.map(({ id }) => id), {})) found.push(mail!.subject);
  return found;
}

const message = (subject: string) =>
  new TextEncoder().encode(
    `From: anna@example.test\r\nTo: ben@example.test\r\nSubject: ${subject}\r\n\r\nbody\r\n`,
  );

test("A message from one account wakes the other's watcher, in the real store", () =>
  withApp({}, async (app) => {
    const anna = await app.addAccount({ address: "anna@example.test" });
    const ben = await app.addAccount({ address: "ben@example.test" });
    const box = app.host().one(mailboxes).open(ben);
    const inbox = (await allFolders(box)).find(({ role }) => role === "inbox")!;
    const woken = new Promise<string>((resolve) => {
      const stop = box.watch([inbox.id], (folder) => {
        stop();
        resolve(folder);
      });
    });
    await app.host().one(mailboxes).open(anna).send({
      mime: message("hello"),
      from: "anna@example.test",
      to: [],
      saveInSent: true,
    }, "token");
    assert.equal(await woken, inbox.id);
    assert.deepEqual(await subjects(app, "ben@example.test", "inbox"), ["hello"]);
    assert.deepEqual(await subjects(app, "anna@example.test", "sent"), ["hello"]);
  }));

test("Mail for another server goes by the relay, and its trouble shows in health and doctor", async () => {
  const relay = await fakeRelay();
  const config = { relay: { host: "127.0.0.1", port: relay.port, security: "none" } };
  await withApp(config, async (app) => {
    const anna = await app.addAccount({ address: "anna@example.test" });
    const send = (token: string) =>
      app.host().one(mailboxes).open(anna).send({
        mime: message(token),
        from: "anna@example.test",
        to: ["x@far.test"],
        saveInSent: false,
      }, token);
    const relayHealth = async () => {
      const all = await Promise.all(app.host().all(health).map((check) => check()));
      return all.find(({ name }) => name === "mail relay")!;
    };
    await running(app, ["outbox"], async () => {
      await send("one");
      await until(() => relay.got.length === 1);
      assert.equal((await relayHealth()).detail, undefined);
      const [check] = app.host().all(diagnosis);
      const finding = async () =>
        (await check!(undefined)).find((one) => one.check === "mail relay");
      assert.equal((await finding())!.level, "ok");
      await relay.close();
      assert.equal((await finding())!.level, "error");
      await send("two");
      await until(async () => (await relayHealth()).detail !== undefined);
      assert.equal((await relayHealth()).ok, true);
    });
  });
});

test("LMTP and SMTP listen where the configuration says, as background work", () =>
  withApp({ lmtp: { listen: "127.0.0.1:0" }, smtp: { listen: "127.0.0.1:0" } }, async (app) => {
    await app.addAccount({ address: "ben@example.test" });
    const listening = () =>
      app.logged.map((line) => JSON.parse(line))
        .filter(({ msg }) => msg === "Mail can come in") as { protocol: string; listen: string }[];
    await running(app, ["lmtp", "smtp"], async () => {
      await until(() => listening().length === 2);
      for (const { protocol, listen } of listening()) {
        const port = Number(listen.split(":")[1]);
        const lmtp = protocol === "lmtp";
        const client = createTransport(
          { host: "127.0.0.1", port, ignoreTLS: true, lmtp } as object,
        );
        await client.sendMail({
          envelope: { from: "x@far.test", to: ["ben@example.test"] },
          raw: Buffer.from(message(protocol)),
        });
      }
    });
    assert.deepEqual((await subjects(app, "ben@example.test", "inbox")).sort(), ["lmtp", "smtp"]);
  }));

test("A message is posted with the password of the account", () =>
  withApp({}, async (app) => {
    await app.addAccount({ address: "ben@example.test", password: "correct" });
    const post = (password: string) =>
      app.fetch(
        new Request(`http://test.invalid${deliverPath}`, {
          method: "POST",
          headers: { Authorization: `Basic ${btoa(`ben@example.test:${password}`)}` },
          body: message("posted"),
        }),
      );
    assert.equal((await post("wrong")).status, 401);
    assert.equal((await post("correct")).status, 201);
    assert.deepEqual(await subjects(app, "ben@example.test", "inbox"), ["posted"]);
    const metrics = await (await app.fetch("/metrics")).text();
    assert.match(metrics, /navette_mail_arrivals_total\{protocol="http",outcome="taken"\} 1/);
    assert.match(metrics, /navette_mail_waiting 0/);
  }));

test("Delivery by HTTP can be switched off", () =>
  withApp({ http: { enabled: false } }, async (app) => {
    assert.equal((await app.fetch(deliverPath)).status, 404);
  }));

test("The very first start fills the mailbox; `sample = false` leaves it empty", async () => {
  for (const [sample, least] of [[true, 12], [false, 0]] as const) {
    await withApp({ sample }, async (app) => {
      const account = await app.addAccount({ address: "you@example.test" });
      await app.host().emit(firstStart, { account });
      const found = await subjects(app, "you@example.test", "inbox");
      assert.ok(sample ? found.length >= least : found.length === 0);
    });
  }
});

test("A deleted account leaves nothing of its mail in any folder or queue", () =>
  withApp({}, async (app) => {
    const account = await app.addAccount({ address: "you@example.test" });
    await app.host().emit(firstStart, { account });
    await app.host().one(accounts).remove(account.id);
    for (
      const table of ["mailbox_item", "mailbox_folder", "mailbox_outgoing", "mailbox_imported"]
    ) {
      assert.deepEqual(await app.db.all(`SELECT * FROM ${table}`), [], table);
    }
    assert.equal(await app.host().one(delivery).accepts("you@example.test"), undefined);
  }));

test("Whoever stands in an imported Sent folder is known to automatic replies", () =>
  withApp({}, async (app) => {
    const anna = await app.addAccount({ address: "anna@example.test" });
    const box: Mailbox & Partial<Replies> = app.host().one(mailboxes).open(anna);
    const folders = await allFolders(box);
    const put = (role: string, to: string) => {
      const mime = Buffer.from(`From: anna@example.test\r\nTo: ${to}\r\n\r\nHi\r\n`);
      return box.create(folders.find((one) => one.role === role)!.id, { mime }, to);
    };
    await put("sent", "Friend <Friend@far.test>, other@far.test");
    await put("inbox", "stranger@far.test");
    const enabled = { enabled: true, content: "Away" };
    await box.setAutoReply!({
      state: { state: "on", start: undefined, end: undefined },
      replies: { known: enabled },
    });
    for (const from of ["friend@far.test", "stranger@far.test"]) {
      const mime = new Blob([`From: ${from}\r\nTo: anna@example.test\r\n\r\nHi\r\n`]);
      const envelope = { from, to: [anna] };
      await app.host().one(delivery).deliver(bytesOf(mime.stream()), envelope, from);
    }
    const rows = await app.db.all<{ sender: string }>("SELECT sender FROM mailbox_answered");
    assert.deepEqual(rows.map(({ sender }) => sender), ["friend@far.test"]);
    await app.host().one(accounts).remove(anna.id);
    for (const table of ["answered", "correspondent", "autoreply"]) {
      assert.deepEqual(await app.db.all(`SELECT * FROM mailbox_${table}`), []);
    }
  }));

test("An unknown backend is named together with those that there are", () =>
  withApp({ backend: "imapp" }, async (app) => {
    const account = await app.addAccount({ address: "you@example.test" });
    assert.throws(
      () => app.host().one(mailboxes).open(account),
      /mailbox\.backend is "imapp"; there are local/,
    );
    const findings = (await Promise.all(app.host().all(diagnosis).map((check) => check(undefined))))
      .flat();
    assert.equal(findings.find(({ check }) => check === "mail store")!.level, "error");
  }));

test("The commands are there", () =>
  withApp({}, (app) => {
    assert.ok(app.host().all(cliCommand).length >= 2);
    return Promise.resolve();
  }));
