// The gateway, put together as the plugin does it, keeps what the port promises of items.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as v from "valibot";
import type { Database } from "../../../../core/mod.ts";
import { openStorage } from "../../../../storage/mod.ts";
import { type MailStore, placesIn } from "../../../../tests/conformance/mailbox.ts";
import { changesOfItems } from "../../../../tests/conformance/mailbox_changes.ts";
import { tokensOnce } from "../../../../tests/conformance/mailbox_deliveries.ts";
import { emptying } from "../../../../tests/conformance/mailbox_emptying.ts";
import { account, put, subjects, token } from "../../../../tests/conformance/mailbox_kit.ts";
import { listings } from "../../../../tests/conformance/mailbox_listings.ts";
import { parts, reading } from "../../../../tests/conformance/mailbox_reading.ts";
import { replacing } from "../../../../tests/conformance/mailbox_replacing.ts";
import { searches } from "../../../../tests/conformance/mailbox_searching.ts";
import { type FakeClock, fakeClock } from "../../../../tests/kit.ts";
import { needs } from "../../../../tests/needs.ts";
import { type Dovecot, startDovecot } from "../../../../tests/servers/dovecot.ts";
import { dovecotPresent } from "../../../../tests/servers/present.ts";
import { type Mailbox, NotFound } from "../../api.ts";
import { openConnection } from "./login/connect.ts";
import { bareGateway } from "./_gateway_kit.ts";
import { type Gateway, imapMigrations } from "./mod.ts";
import { type Server, serverConfig } from "./servers/server.ts";

const found = needs("dovecot", dovecotPresent());
const password = "the same for all";
const all = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => account(id));

let places = 0;

/** A store whose accounts have new users of the server, which are called after the place. */
async function storeAt(dovecot: Dovecot): Promise<MailStore> {
  const place = ++places;
  for (const { id } of all) {
    await dovecot.addUser(`user${id}-${place}@example.test`, { password });
  }
  const db = await openStorage(":memory:");
  for (const sql of imapMigrations.flatMap(({ up }) => up)) await db.run(sql);
  const clock = fakeClock();
  const gateways: Gateway[] = [];
  const open = async () => {
    const gateway = await gatewayTo(dovecot, place, db, clock);
    gateways.push(gateway);
    return gateway.backends[0]!;
  };
  return {
    backend: await open(),
    clock,
    dateStep: 1000,
    lines: true,
    letters: true,
    async close() {
      await Promise.all(gateways.map((gateway) => gateway.close()));
      await db.close();
    },
  };
}

function serverAt({ host, port }: Dovecot, place: number): Server {
  const config = v.parse(serverConfig, {
    host,
    port,
    security: "none",
    smtp: { security: "none" },
    domains: ["example.org"],
    user: `{local}-${place}@example.test`,
  });
  return { name: "home", config };
}

async function textOf(mailbox: Mailbox, item: string): Promise<string> {
  let text = "";
  for await (const piece of (await mailbox.part(item, "")).bytes) {
    text += new TextDecoder().decode(piece);
  }
  return text;
}

async function gatewayTo(
  dovecot: Dovecot,
  place: number,
  db: Database,
  clock: FakeClock,
): Promise<Gateway> {
  const gateway = bareGateway(serverAt(dovecot, place).config, { db, clock, all });
  for (const one of all) await gateway.unlock(one, () => Promise.resolve(password));
  return gateway;
}

describe("the gateway in front of Dovecot", found, () => {
  let dovecot: Dovecot;
  before(async () => {
    if (!found.skip) dovecot = await startDovecot({ specialFolders: true });
  });
  after(() => dovecot?.stop());

  const withPlace = placesIn(() => storeAt(dovecot));

  it("leaves out what was in a folder that is gone, and finds one that another client renamed", () =>
    withPlace(async ({ mailbox }) => {
      const make = (name: string) =>
        mailbox.createFolder({ name, parent: undefined, class: "mail" }, token());
      const [gone, moved] = [await make("Gone"), await make("Moved")];
      const one = await put(mailbox, gone.id, "one");
      const two = await put(mailbox, moved.id, "two");
      await mailbox.removeFolder(gone.id);
      const other = await openConnection(serverAt(dovecot, places), {
        address: all[0]!.address,
        secret: { reveal: () => password },
      });
      await other.mailboxRename("Moved", "Moved away");
      await other.logout();
      assert.deepEqual(await subjects(mailbox, [one, two]), ["two"]);
      assert.match(await textOf(mailbox, two.id), /This is about two/);
      await assert.rejects(textOf(mailbox, one.id), NotFound);
    }));

  listings(withPlace);
  changesOfItems(withPlace);
  replacing(withPlace);
  emptying(withPlace);
  tokensOnce(withPlace);
  reading(withPlace);
  parts(withPlace);
  searches(withPlace);
});
