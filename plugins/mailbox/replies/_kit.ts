// What tests of automatic replies share: the flow of mail over mailboxes in memory.
import type { Account } from "../../../core/mod.ts";
import { openSqlite } from "../../../storage/sqlite/mod.ts";
import { fakeClock } from "../../../tests/kit.ts";
import {
  account,
  accountsOf,
  chunks,
  type FakeRelay,
  keptLog,
  plainRelay,
} from "../../../tests/kit_mailbox.ts";
import type { AutoReplyChange, Mailbox, Replies } from "../api.ts";
import { memoryBackend } from "../backends/memory/mod.ts";
import { collect } from "../bytes.ts";
import { folderByRole, makeDelivery } from "../delivery.ts";
import { outboxMigrations } from "../outbox/migrations.ts";
import { makeOutbox } from "../outbox/outbox.ts";
import { makeRelay } from "../outbox/relay.ts";
import { makeAnswering } from "./answering.ts";
import { noteCorrespondents } from "./memory.ts";
import { replyMigrations } from "./migrations.ts";

export const anna = account(1, "anna@example.test", {
  name: "Änna Berg",
  aliases: ["a@example.test"],
});
export const ben = account(2, "ben@example.test");
export const day = 86_400_000;

export const said = (content: string) => ({ enabled: true, content, format: "text" as const });
export const away: AutoReplyChange = {
  state: { state: "on", start: undefined, end: undefined },
  replies: { internal: said("for us"), known: said("for friends"), unknown: said("for others") },
};

/** Delivery, outbox and answering over mailboxes in memory; without `relay` only local mail goes. */
async function services(relay: FakeRelay | undefined) {
  const db = await openSqlite(":memory:");
  for (const { up } of [...outboxMigrations, ...replyMigrations]) {
    for (const sql of up) await db.run(sql);
  }
  const clock = fakeClock();
  const log = keptLog();
  const name = () => "mail.example.test";
  const accounts = () => accountsOf(anna, ben);
  const backend = memoryBackend({ clock, send: (...parts) => outbox.send(...parts) });
  const mailboxes = () => backend;
  const shared = { db, clock, log, accounts, mailboxes };
  const outbox = makeOutbox({
    ...shared,
    delivery: () => delivery,
    relay: relay && makeRelay({ ...plainRelay, host: "127.0.0.1", port: relay.port }, name),
    name,
    maxSize: 100_000,
    domains: [],
    retry: [60],
    giveUpAfter: 3600,
    warnAfter: 1800,
    parallel: 1,
    wrote: (id, addresses) => noteCorrespondents(db, id, addresses),
  });
  const arrived = makeAnswering({
    ...shared,
    domains: ["other.test"],
    reply: (...parts) => outbox.reply(...parts),
  });
  const delivery = makeDelivery({ accounts, backend: mailboxes, clock, name, arrived });
  return { ...shared, backend, outbox, delivery };
}

/** The services, and short ways to use them. */
export async function rig(relay?: FakeRelay) {
  const parts = await services(relay);
  const { db, backend, delivery } = parts;
  let count = 0;
  return {
    ...parts,
    box: (of: Account) => backend.open(of) as Mailbox & Replies,
    /** A letter to Anna; the header lines replace those that it would have. */
    async letter(from: string, header: Record<string, string> = {}, token = `${++count}`) {
      const all = {
        From: from,
        To: anna.address,
        Subject: "Hello",
        "Message-ID": `<${token}@x>`,
        ...header,
      };
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
      await delivery.deliver(chunks(`${lines}\r\nHi\r\n`), { from, to: [anna] }, token);
    },
    /** How many automatic replies were sent to an address, or wait for the relay. */
    async repliesTo(address: string): Promise<number> {
      const [row] = await db.all<{ n: number }>(
        "SELECT count(*) AS n FROM mailbox_outgoing_recipient r JOIN mailbox_outgoing o " +
          "ON o.id = r.outgoing_id WHERE r.address = ? AND o.sender = ''",
        [address],
      );
      return row!.n;
    },
    async inbox(of: Account): Promise<string[]> {
      const box = backend.open(of);
      const { items } = await box.list(await folderByRole(box, "inbox"), {}, 100);
      const texts = items.map(async ({ id }) => await collect((await box.part(id, "")).bytes));
      return (await Promise.all(texts)).map((bytes) => new TextDecoder().decode(bytes));
    },
  };
}
