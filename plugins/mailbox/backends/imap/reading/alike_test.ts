// Reading through a real server shows each message as the store does that has its bytes.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fakeClock } from "../../../../../tests/kit.ts";
import { account } from "../../../../../tests/conformance/mailbox_kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { startCyrus } from "../../../../../tests/servers/cyrus.ts";
import { startDovecot } from "../../../../../tests/servers/dovecot.ts";
import type { MailServer } from "../../../../../tests/servers/mail_server.ts";
import { cyrusPresent, dovecotPresent } from "../../../../../tests/servers/present.ts";
import type { Mail, Want } from "../../../model.ts";
import { mailOf, parseMessage } from "../../memory/message.ts";
import { samples } from "../../../sample/messages.ts";
import { filledMailbox } from "../_reading_kit.ts";
import { readItems } from "./read.ts";

const folder = fileURLToPath(new URL("../../../../../tests/corpus/", import.meta.url));

async function messages(): Promise<Map<string, Uint8Array>> {
  const corpus = readdirSync(folder).filter((name) => name.endsWith(".eml"))
    .map((name) => [name, readFileSync(join(folder, name))] as const);
  const all = new Map<string, Uint8Array>(corpus);
  for (const sample of samples(account(1), fakeClock().now())) {
    all.set(`sample ${sample.key}`, await sample.mime());
  }
  return all;
}

/** As IMAP can carry it: in lines, without NUL. */
function carried(mime: Uint8Array): Uint8Array {
  const text = Buffer.from(mime).toString("latin1");
  return Buffer.from(text.replace(/\r?\n/g, "\r\n").replaceAll("\0", "\x01"), "latin1");
}

/** Alike but for what nobody can know who does not read everything. */
function sameMail(mail: Mail, own: Mail, name: string): void {
  const told = { ...mail, thread: own.thread, attachments: [...mail.attachments] };
  for (const [at, { size }] of own.attachments.entries()) {
    const error = Math.abs((told.attachments[at]?.size ?? 0) - size);
    if (error <= Math.max(2, size * 0.03)) {
      told.attachments[at] = { ...told.attachments[at]!, size };
    }
  }
  assert.deepEqual(told, own, name);
}

const everything = Number.MAX_SAFE_INTEGER;
const wants: readonly Want[] = [
  { text: everything, html: everything },
  {},
  { text: 500, html: 500 },
];

function alike(product: string, present: boolean, start: () => Promise<MailServer>): void {
  const found = needs(product, present);
  describe(`a message at ${product}`, found, () => {
    let server: MailServer;
    before(async () => {
      if (!found.skip) server = await start();
    });
    after(() => server?.stop());
    for (const want of wants) {
      test(`looks as in the store that has its bytes, with ${JSON.stringify(want)}`, async () => {
        const mails = [...await messages()].map(([name, mime]) => [name, carried(mime)] as const);
        const { client, reading, ids } = await filledMailbox(server, mails.map(([, mime]) => mime));
        let at = 0;
        for await (const { id, mail } of readItems(reading, ids, want)) {
          const [name, mime] = mails[at]!;
          assert.equal(id, ids[at++]);
          assert.ok(mail, name);
          sameMail(mail, mailOf(await parseMessage(mime), "", want), name);
        }
        assert.equal(at, mails.length);
        await client.logout();
      });
    }
  });
}

alike("dovecot", dovecotPresent(), () => startDovecot());
// Unless it is told not to, Cyrus replaces what is not ASCII in headers when it takes a message.
alike("cyrus", cyrusPresent(), () => startCyrus({ extra: "munge8bit: no" }));
