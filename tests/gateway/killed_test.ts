// The mail server, or Navette, ends in the middle of a request: nothing is lost, and nothing doubled.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EasError, type Phone } from "../../plugins/eas/client/mod.ts";
import { el } from "../../plugins/eas/wbxml/mod.ts";
import type { User } from "../servers/mail_server.ts";
import { type Gateway, letter, places, products, startGateway, until } from "./kit.ts";

const [{ found, start }] = products;

describe("the end of a server in the middle of a request", found, () => {
  let gateway: Gateway;
  before(async () => {
    if (!found.skip) gateway = await startGateway(start);
  });
  after(() => gateway?.stop());

  async function filled(): Promise<{ anna: User; ben: User; phone: Phone; inbox: string }> {
    const { server } = gateway;
    const [anna, ben] = [await server.addUser("anna"), await server.addUser("ben")];
    for (const subject of ["one", "two"]) {
      await server.deliver(anna, letter({ from: "x@example.net", to: anna.address, subject }));
    }
    const phone = gateway.phone(anna, "14.1");
    await phone.syncFolders();
    const inbox = phone.folder(2).id;
    await phone.syncAll(inbox);
    return { anna, ben, phone, inbox };
  }

  const one = (phone: Phone, inbox: string) =>
    [...phone.collection(inbox).items.values()]
      .find(({ fields }) => fields.get("Email:Subject")?.text === "one")!.id;

  /** Ends `what` as soon as Navette says a command to the mail server. */
  function endAt(name: RegExp, end: () => Promise<void>): { readonly ended: Promise<void> } {
    const { tap } = gateway;
    let done = () => {};
    const ended = new Promise<void>((resolve) => done = resolve);
    tap.rule = (command) => {
      if (!name.test(command.name)) return undefined;
      tap.reset();
      void end().then(done);
      return undefined;
    };
    return { ended };
  }

  /** Come back later: HTTP 503, or a status that says so; or the connection broke. */
  function isPassing(error: unknown): boolean {
    if (!(error instanceof EasError)) return true;
    return error.http === 503 || error.status === 111;
  }

  type Scene = Awaited<ReturnType<typeof filled>>;
  const requests: readonly (readonly [name: string, at: RegExp, ask: (s: Scene) => unknown])[] = [
    ["FolderSync", /^LIST/, ({ phone }) => phone.syncFolders()],
    ["Sync", /FETCH/, async ({ anna }) => {
      // Another phone: the first one knows everything, and nothing would be fetched.
      const phone = gateway.phone(anna, "14.1");
      await phone.syncFolders();
      await phone.syncAll(phone.folder(2).id);
    }],
    ["a change", /STORE/, async ({ phone, inbox }) => {
      const collection = phone.collection(inbox);
      if (collection.waiting === 0) collection.change(one(phone, inbox), el("Email:Read", true));
      await phone.sync([inbox]);
      assert.equal(collection.waiting, 0);
    }],
    ["Fetch", /FETCH/, async ({ phone, inbox }) => {
      const id = one(phone, inbox);
      const got = await phone.client.fetch({ collectionId: inbox, id }, { bodies: [{ type: 1 }] });
      assert.equal(got.status, 1);
      assert.match(new TextDecoder().decode(got.content), /This is one/);
    }],
    ["SendMail", /APPEND/, async ({ phone, anna, ben }) => {
      const mime = letter({ from: anna.address, to: ben.address, subject: "sent" });
      await phone.client.sendMail(mime, { clientId: "sent" }).catch((error) => {
        // It was taken before.
        if (!(error instanceof EasError && error.status === 118)) throw error;
      });
    }],
    ["MoveItems", /MOVE/, async ({ phone, inbox }) => {
      if (
        ![...phone.collection(inbox).items.values()].some(({ fields }) =>
          fields.get("Email:Subject")?.text === "one"
        )
      ) return;
      const [moved] = await phone.move([one(phone, inbox)], inbox, phone.folder(4).id);
      assert.equal(moved!.status, 3);
    }],
  ];

  /** Asks until it is done. */
  async function insist(ask: () => unknown): Promise<void> {
    await until(async () => {
      try {
        await ask();
        return true;
      } catch (error) {
        if (!isPassing(error)) throw error;
        return false;
      }
    }, "it is done");
  }

  async function check({ anna, ben }: Scene, name: string): Promise<void> {
    const { server } = gateway;
    const where = name === "MoveItems" ? "Trash" : "INBOX";
    assert.deepEqual(await places(server, anna, "one"), { [where]: 1 });
    assert.deepEqual(await places(server, anna, "two"), { INBOX: 1 });
    if (name !== "SendMail") return;
    await until(async () => (await places(server, anna, "sent"))["Sent"] === 1, "it is in Sent");
    await until(async () => (await places(server, ben, "sent"))["INBOX"] === 1, "it is there");
    assert.deepEqual(await places(server, anna, "sent"), { Sent: 1 });
    assert.deepEqual(await places(server, ben, "sent"), { INBOX: 1 });
  }

  for (const [name, at, ask] of requests) {
    it(`${name}: the mail server is killed`, async () => {
      const scene = await filled();
      const { ended } = endAt(at, () => gateway.server.kill());
      await Promise.resolve(ask(scene)).catch((error) => {
        if (!isPassing(error) && !(error instanceof assert.AssertionError)) throw error;
      });
      await ended;
      await gateway.server.restart();
      await insist(() => ask(scene));
      await check(scene, name);
    });
  }

  for (const [name, at, ask] of requests.slice(-2)) {
    it(`${name}: Navette is killed`, async () => {
      const scene = await filled();
      const { ended } = endAt(at, () => gateway.kill());
      await Promise.resolve(ask(scene)).catch(() => {});
      await ended;
      await gateway.restart();
      await insist(() => ask(scene));
      await check(scene, name);
    });
  }
});
