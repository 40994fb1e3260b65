// Tests of the Dovecot kit: what the tests of the IMAP backend rely on.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { needs } from "../needs.ts";
import { type Dovecot, startDovecot, type User } from "./dovecot.ts";
import { dovecotPresent } from "./present.ts";

const found = needs("dovecot", dovecotPresent());
const message =
  "From: bob@example.test\r\nTo: anna@example.test\r\nSubject: Tea\r\n\r\nAt five.\r\n";
let dovecot: Dovecot;

before(async () => {
  if (!found.skip) dovecot = await startDovecot({ specialFolders: true, master: true, tls: true });
});
after(() => dovecot?.stop());

function client(server: Dovecot, { address, password }: User, more: object = {}): ImapFlow {
  return new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: address, pass: password },
    logger: false,
    ...more,
  });
}

async function logIn(server: Dovecot, user: User, more: object = {}): Promise<ImapFlow> {
  const imap = client(server, user, more);
  await imap.connect();
  return imap;
}

async function setAcl(imap: ImapFlow, ...[folder, who, rights]: string[]): Promise<void> {
  type Exec = (command: string, words: object[]) => Promise<{ next(): void }>;
  const words = [folder, who, rights].map((value) => ({ type: "STRING", value }));
  (await (imap as unknown as { exec: Exec }).exec("SETACL", words)).next();
}

test("what was delivered by LMTP is fetched by IMAP", found, async () => {
  const anna = await dovecot.addUser("anna");
  await dovecot.deliver(anna, message);
  const imap = await logIn(dovecot, anna);
  await imap.mailboxOpen("INBOX");
  const one = await imap.fetchOne("1", { source: true, envelope: true });
  assert.ok(one);
  assert.equal(one.envelope?.subject, "Tea");
  assert.match(String(one.source), /\r\n\r\nAt five\.\r\n$/);
  await imap.logout();
});

test("every user is another one, and nobody logs in who was not made", found, async () => {
  const [one, two] = [await dovecot.addUser("otto"), await dovecot.addUser("otto")];
  assert.notEqual(one.address, two.address);
  for (const user of [one, two]) await (await logIn(dovecot, user)).logout();
  await assert.rejects(logIn(dovecot, { ...one, password: two.password }));
  await assert.rejects(logIn(dovecot, { address: "nobody@example.test", password: "x" }));
  await assert.rejects(dovecot.deliver("nobody@example.test", message));
});

test("a password can be changed and a user removed, at once", found, async () => {
  const eve = await dovecot.addUser();
  await (await logIn(dovecot, eve)).logout();
  const changed = await dovecot.setPassword(eve, "another");
  await assert.rejects(logIn(dovecot, eve));
  await (await logIn(dovecot, changed)).logout();
  await dovecot.removeUser(changed);
  await assert.rejects(logIn(dovecot, changed));
});

test("it has the special folders, and TLS in both forms", found, async () => {
  const anna = await dovecot.addUser();
  const tls = { ca: dovecot.certificate!.authority, servername: "localhost" };
  for (const how of [{ doSTARTTLS: true }, { secure: true, port: dovecot.tlsPort }]) {
    const imap = await logIn(dovecot, anna, { doSTARTTLS: undefined, ...how, tls });
    assert.equal(imap.secureConnection, true);
    const folders = (await imap.list()).map(({ path, specialUse }) => `${path} ${specialUse}`);
    for (const name of ["Drafts", "Sent", "Trash", "Junk", "Archive"]) {
      assert.ok(folders.includes(`${name} \\${name}`), `${folders}`);
    }
    await imap.logout();
  }
});

test("the master user opens the mailbox of anybody", found, async () => {
  const anna = await dovecot.addUser();
  await dovecot.deliver(anna, message);
  const { user, password } = dovecot.master;
  const imap = await logIn(dovecot, { address: `${anna.address}*${user}`, password });
  assert.equal((await imap.mailboxOpen("INBOX")).exists, 1);
  await imap.logout();
  await assert.rejects(logIn(dovecot, { address: `${anna.address}*${user}`, password: "no" }));
});

test("killed and started again it has the same mail at the same address", found, async () => {
  const own = await startDovecot({ storage: "sdbox", separator: "." });
  const anna = await own.addUser("anna");
  await own.deliver(anna, message);
  const before = await logIn(own, anna);
  before.on("error", () => {});
  const closed = new Promise((resolve) => before.once("close", resolve));
  const pids = own.processes();
  assert.ok(pids.length > 3, `${pids}`);
  await own.kill();
  await closed;
  assert.deepEqual(own.processes(), []);
  await assert.rejects(logIn(own, anna));
  await own.restart();
  const imap = await logIn(own, anna);
  assert.equal((await imap.mailboxOpen("INBOX")).exists, 1);
  assert.equal(imap.namespace?.delimiter, ".");
  await imap.logout();
  await own.stop();
  assert.deepEqual(own.processes(), []);
  assert.ok(!existsSync(own.dir));
});

test(
  "a weaker server is played, with quota, shared and public folders, and tokens",
  found,
  async () => {
    const own = await startDovecot({
      without: ["QRESYNC", "CONDSTORE", "MOVE"],
      quota: 100_000,
      acl: true,
      publicFolders: { News: "lr" },
      tokens: true,
    });
    try {
      const [anna, bert] = [await own.addUser("anna"), await own.addUser("bert")];
      const imap = await logIn(own, anna);
      assert.ok(imap.capabilities.has("UIDPLUS") && imap.capabilities.has("ACL"));
      for (const name of ["QRESYNC", "CONDSTORE", "MOVE"]) assert.ok(!imap.capabilities.has(name));
      const quota = await imap.getQuota("INBOX");
      assert.ok(quota && quota.storage?.limit);
      await imap.mailboxCreate("Plans");
      await setAcl(imap, "Plans", bert.address, "lrs");
      assert.equal((await imap.mailboxOpen("Public/News")).readOnly, true);
      await imap.logout();
      const auth = { user: bert.address, accessToken: own.token(bert) };
      const other = await logIn(own, bert, { auth });
      const paths = (await other.list()).map(({ path }) => path);
      assert.ok(paths.includes(`shared/${anna.address}/Plans`), `${paths}`);
      await other.logout();
      const old = { user: bert.address, accessToken: own.token(bert, -10) };
      await assert.rejects(logIn(own, bert, { auth: old }));
      await assert.rejects(own.deliver(anna, message + "x".repeat(200_000)), /[Qq]uota/);
    } finally {
      await own.stop();
    }
  },
);

test("shut down, it says BYE to whoever is there", found, async () => {
  const own = await startDovecot();
  const { address, password } = await own.addUser();
  const socket = connect(own.port, own.host);
  let said = "";
  const heard = (what: RegExp) =>
    new Promise<void>((resolve) => {
      const look = () => what.test(said) ? resolve() : void socket.once("data", look);
      look();
    });
  socket.on("data", (data) => said += data);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await heard(/^\* OK/);
  socket.write(`a LOGIN ${address} "${password}"\r\n`);
  await heard(/^a OK/m);
  await own.shutDown();
  await closed;
  assert.match(said, /^\* BYE Server shutting down/m);
  assert.deepEqual(own.processes(), []);
  await own.restart();
  assert.ok(own.processes().length > 0);
  await own.stop();
});
