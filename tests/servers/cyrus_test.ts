// Tests of the Cyrus kit: what the tests of the IMAP backend rely on.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { needs } from "../needs.ts";
import { type Cyrus, startCyrus } from "./cyrus.ts";
import type { User } from "./mail_server.ts";
import { cyrusPresent } from "./present.ts";

const found = needs("cyrus", cyrusPresent());
const message =
  "From: bob@example.test\r\nTo: anna@example.test\r\nSubject: Tea\r\n\r\nAt five.\r\n";
let cyrus: Cyrus;

before(async () => {
  if (!found.skip) cyrus = await startCyrus({ specialFolders: true, tls: true });
});
after(() => cyrus?.stop());

async function logIn(server: Cyrus, user: User, more: object = {}): Promise<ImapFlow> {
  const imap = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: user.address, pass: user.password },
    logger: false,
    ...more,
  });
  await imap.connect();
  return imap;
}

test("Cyrus: what was delivered by LMTP is fetched by IMAP", found, async () => {
  const anna = await cyrus.addUser("anna");
  await cyrus.deliver(anna, message);
  const imap = await logIn(cyrus, anna);
  await imap.mailboxOpen("INBOX");
  const one = await imap.fetchOne("1", { source: true, envelope: true });
  assert.ok(one);
  assert.equal(one.envelope?.subject, "Tea");
  assert.match(String(one.source), /\r\n\r\nAt five\.\r\n$/);
  assert.ok(imap.capabilities.has("OBJECTID") && imap.capabilities.has("QRESYNC"));
  await imap.logout();
});

test("Cyrus: who waits is told of mail that comes", found, async () => {
  const anna = await cyrus.addUser();
  const imap = await logIn(cyrus, anna);
  await imap.mailboxOpen("INBOX");
  const told = new Promise((resolve) => imap.once("exists", resolve));
  void imap.idle();
  await cyrus.deliver(anna, message);
  await told;
  await imap.logout();
});

test("Cyrus: a wrong password, and users who were not made, are refused", found, async () => {
  const [one, two] = [await cyrus.addUser("otto"), await cyrus.addUser("otto")];
  assert.notEqual(one.address, two.address);
  await assert.rejects(logIn(cyrus, { ...one, password: two.password }));
  await assert.rejects(logIn(cyrus, { address: "nobody@example.test", password: "x" }));
  await assert.rejects(cyrus.deliver("nobody@example.test", message));
  const changed = await cyrus.setPassword(one, "another");
  await assert.rejects(logIn(cyrus, one));
  await (await logIn(cyrus, changed)).logout();
  await cyrus.removeUser(changed);
  await assert.rejects(logIn(cyrus, changed));
  const elsewhere = await cyrus.addUser("carl@other.test");
  await (await logIn(cyrus, elsewhere)).logout();
});

test("Cyrus: it has the special folders, and TLS in both forms", found, async () => {
  const anna = await cyrus.addUser();
  const tls = { ca: cyrus.certificate!.authority, servername: "localhost" };
  for (const how of [{ doSTARTTLS: true }, { secure: true, port: cyrus.tlsPort }]) {
    const imap = await logIn(cyrus, anna, { doSTARTTLS: undefined, ...how, tls });
    assert.equal(imap.secureConnection, true);
    const folders = (await imap.list()).map(({ path, specialUse }) => `${path} ${specialUse}`);
    for (const name of ["Drafts", "Sent", "Trash", "Junk", "Archive"]) {
      assert.ok(folders.includes(`${name} \\${name}`), `${folders}`);
    }
    await imap.logout();
  }
});

test("Cyrus: the administrator opens the mailbox of anybody", found, async () => {
  const anna = await cyrus.addUser();
  await cyrus.deliver(anna, message);
  const { user, password } = cyrus.master;
  const auth = { user, pass: password, authzid: anna.address, loginMethod: "AUTH=PLAIN" };
  const imap = await logIn(cyrus, anna, { auth });
  assert.equal((await imap.mailboxOpen("INBOX")).exists, 1);
  await imap.logout();
});

test(
  "Cyrus: killed and started again it has the same mail at the same address",
  found,
  async () => {
    const own = await startCyrus({ separator: ".", prefix: "INBOX", quota: 100 });
    try {
      const anna = await own.addUser("anna");
      await own.deliver(anna, message);
      const before = await logIn(own, anna);
      before.on("error", () => {});
      const closed = new Promise((resolve) => before.once("close", resolve));
      assert.ok(own.processes().length > 2);
      await own.kill();
      await closed;
      assert.deepEqual(own.processes(), []);
      await assert.rejects(logIn(own, anna));
      await own.restart();
      const imap = await logIn(own, anna);
      assert.equal((await imap.mailboxOpen("INBOX")).exists, 1);
      assert.equal(imap.namespace?.delimiter, ".");
      assert.equal(imap.namespace?.prefix, "INBOX.");
      await imap.logout();
      await assert.rejects(own.deliver(anna, message + "x".repeat(200_000)), /[Qq]uota/);
    } finally {
      await own.stop();
    }
    assert.deepEqual(own.processes(), []);
    assert.ok(!existsSync(own.dir));
  },
);

test("Cyrus: shut down, it leaves nobody connected", found, async () => {
  const own = await startCyrus();
  const imap = await logIn(own, await own.addUser());
  imap.on("error", () => {});
  const closed = new Promise((resolve) => imap.once("close", resolve));
  await own.shutDown();
  await closed;
  assert.deepEqual(own.processes(), []);
  await own.restart();
  assert.ok(own.processes().length > 0);
  await own.stop();
});
