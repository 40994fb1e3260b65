// Tests of what only the Cyrus kit has; what it has in common with others is in `mail_server_test.ts`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ImapFlow } from "imapflow";
import { needs } from "../needs.ts";
import { type Cyrus, startCyrus } from "./cyrus.ts";
import type { User } from "./mail_server.ts";
import { cyrusPresent } from "./present.ts";

const found = needs("cyrus", cyrusPresent());

async function logIn(server: Cyrus, { address, password }: User): Promise<ImapFlow> {
  const { host, port } = server;
  const auth = { user: address, pass: password };
  const imap = new ImapFlow({ host, port, auth, secure: false, doSTARTTLS: false, logger: false });
  imap.on("error", () => {});
  await imap.connect();
  return imap;
}

test(
  "Cyrus: personal folders can lie below the inbox, and a user's mail has bounds",
  found,
  async () => {
    const own = await startCyrus({ separator: ".", prefix: "INBOX", quota: 100 });
    try {
      const anna = await own.addUser("anna");
      const imap = await logIn(own, anna);
      assert.ok(imap.capabilities.has("OBJECTID") && imap.capabilities.has("QRESYNC"));
      assert.equal(imap.namespace?.prefix, "INBOX.");
      await imap.logout();
      await own.deliver(anna, "Subject: Tea\r\n\r\nAt five.\r\n");
      const large = `Subject: Tea\r\n\r\n${"x".repeat(200_000)}`;
      await assert.rejects(own.deliver(anna, large), /[Qq]uota/);
    } finally {
      await own.stop();
    }
  },
);

test("Cyrus: shut down, it leaves nobody connected", found, async () => {
  const own = await startCyrus();
  const imap = await logIn(own, await own.addUser());
  const closed = new Promise((resolve) => imap.once("close", resolve));
  await own.shutDown();
  await closed;
  assert.deepEqual(own.processes(), []);
  await own.restart();
  assert.ok(own.processes().length > 0);
  await own.stop();
});
