// Tests of what only the Dovecot kit has; what it has in common is in `mail_server_test.ts`.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { ImapFlow } from "imapflow";
import { needs } from "../needs.ts";
import { type Dovecot, startDovecot, type User } from "./dovecot.ts";
import { dovecotPresent } from "./present.ts";

const found = needs("dovecot", dovecotPresent());
const message =
  "From: bob@example.test\r\nTo: anna@example.test\r\nSubject: Tea\r\n\r\nAt five.\r\n";
async function logIn(server: Dovecot, { address, password }: User, more: object = {}) {
  const { host, port } = server;
  const auth = { user: address, pass: password };
  const plain = { secure: false, doSTARTTLS: false, logger: false } as const;
  const imap = new ImapFlow({ host, port, auth, ...plain, ...more });
  await imap.connect();
  return imap;
}

async function setAcl(imap: ImapFlow, ...[folder, who, rights]: string[]): Promise<void> {
  type Exec = (command: string, words: object[]) => Promise<{ next(): void }>;
  const words = [folder, who, rights].map((value) => ({ type: "STRING", value }));
  (await (imap as unknown as { exec: Exec }).exec("SETACL", words)).next();
}

test(
  "the master user opens the mailbox of anybody by the name of the login too",
  found,
  async () => {
    const own = await startDovecot({ master: true });
    try {
      const anna = await own.addUser();
      await own.deliver(anna, message);
      const { user, password } = own.master;
      const address = `${anna.address}*${user}`;
      const imap = await logIn(own, { address, password });
      assert.equal((await imap.mailboxOpen("INBOX")).exists, 1);
      await imap.logout();
      await assert.rejects(logIn(own, { address, password: "no" }));
    } finally {
      await own.stop();
    }
  },
);

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
