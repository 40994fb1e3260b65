// What the kits of all mail servers promise: what the tests of the IMAP backend rely on.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { ImapFlow, type ImapFlowOptions } from "imapflow";
import { needs } from "../needs.ts";
import { startCyrus } from "./cyrus.ts";
import { startDovecot } from "./dovecot.ts";
import type { MailServer, User } from "./mail_server.ts";
import { cyrusPresent, dovecotPresent } from "./present.ts";

const message =
  "From: bob@example.test\r\nTo: anna@example.test\r\nSubject: Tea\r\n\r\nAt five.\r\n";

const products = [
  {
    name: "Dovecot",
    found: needs("dovecot", dovecotPresent()),
    start: () => startDovecot({ specialFolders: true, master: true, tls: true }),
    other: () => startDovecot({ storage: "sdbox", separator: "." }),
  },
  {
    name: "Cyrus",
    found: needs("cyrus", cyrusPresent()),
    start: () => startCyrus({ specialFolders: true, tls: true }),
    other: () => startCyrus({ separator: "." }),
  },
];

async function logIn(
  server: MailServer,
  user: User,
  more: Partial<ImapFlowOptions> = {},
): Promise<ImapFlow> {
  const imap = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: user.address, pass: user.password },
    logger: false,
    ...more,
  });
  imap.on("error", () => {});
  await imap.connect();
  return imap;
}

for (const { name, found, start, other } of products) {
  describe(`the kit of ${name}`, found, () => {
    let server: MailServer;
    before(async () => {
      if (!found.skip) server = await start();
    });
    after(() => server?.stop());

    it("fetches by IMAP what was delivered by LMTP", async () => {
      const anna = await server.addUser("anna");
      await server.deliver(anna, message);
      const imap = await logIn(server, anna);
      await imap.mailboxOpen("INBOX");
      const one = await imap.fetchOne("1", { source: true, envelope: true });
      assert.ok(one);
      assert.equal(one.envelope?.subject, "Tea");
      assert.match(String(one.source), /\r\n\r\nAt five\.\r\n$/);
      await imap.logout();
    });

    it("tells of mail that comes to whoever waits", async () => {
      const anna = await server.addUser();
      const imap = await logIn(server, anna);
      await imap.mailboxOpen("INBOX");
      const told = new Promise((resolve) => imap.once("exists", resolve));
      void imap.idle();
      await server.deliver(anna, message);
      await told;
      await imap.logout();
    });

    it("has another user each time, and lets in nobody who was not made", async () => {
      const [one, two] = [await server.addUser("otto"), await server.addUser("otto")];
      const elsewhere = await server.addUser("carl@other.test");
      assert.notEqual(one.address, two.address);
      for (const user of [one, two, elsewhere]) await (await logIn(server, user)).logout();
      await assert.rejects(logIn(server, { ...one, password: two.password }));
      await assert.rejects(logIn(server, { address: "nobody@example.test", password: "x" }));
      await assert.rejects(server.deliver("nobody@example.test", message));
    });

    it("changes a password and removes a user at once", async () => {
      const eve = await server.addUser();
      await (await logIn(server, eve)).logout();
      const changed = await server.setPassword(eve, "another");
      await assert.rejects(logIn(server, eve));
      await (await logIn(server, changed)).logout();
      await server.removeUser(changed);
      await assert.rejects(logIn(server, changed));
    });

    it("has the special folders, and TLS in both forms", async () => {
      const anna = await server.addUser();
      const tls = { ca: server.certificate!.authority, servername: "localhost" };
      for (const how of [{ doSTARTTLS: true }, { secure: true, port: server.tlsPort }]) {
        const imap = await logIn(server, anna, { doSTARTTLS: undefined, ...how, tls });
        assert.equal(imap.secureConnection, true);
        const folders = (await imap.list()).map(({ path, specialUse }) => `${path} ${specialUse}`);
        for (const use of ["Drafts", "Sent", "Trash", "Junk", "Archive"]) {
          assert.ok(folders.includes(`${use} \\${use}`), `${folders}`);
        }
        await imap.logout();
      }
    });

    it("opens the mailbox of anybody to the master", async () => {
      const anna = await server.addUser();
      await server.deliver(anna, message);
      const { user, password } = server.master;
      const as = (pass: string) => ({
        auth: { user, pass, authzid: anna.address, loginMethod: "AUTH=PLAIN" },
      });
      const imap = await logIn(server, anna, as(password));
      assert.equal((await imap.mailboxOpen("INBOX")).exists, 1);
      await imap.logout();
      await assert.rejects(logIn(server, anna, as("no")));
    });

    it("has the same mail at the same address when it was killed and started again", async () => {
      const own = await other();
      try {
        const anna = await own.addUser("anna");
        await own.deliver(anna, message);
        const before = await logIn(own, anna);
        const closed = new Promise((resolve) => before.once("close", resolve));
        const pids = own.processes();
        assert.ok(pids.length > 2, `${pids}`);
        await own.kill();
        await closed;
        assert.deepEqual(own.processes(), []);
        await assert.rejects(logIn(own, anna));
        await own.restart();
        const imap = await logIn(own, anna);
        assert.equal((await imap.mailboxOpen("INBOX")).exists, 1);
        assert.equal(imap.namespace?.delimiter, ".");
        await imap.logout();
      } finally {
        await own.stop();
      }
      assert.deepEqual(own.processes(), []);
      assert.ok(!existsSync(own.dir));
    });
  });
}
