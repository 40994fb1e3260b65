// What people do with their mail on a phone, and what is on the server then: a plain IMAP client looks.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { draftFields, type Phone } from "../../plugins/eas/client/mod.ts";
import { atLeast, type Version } from "../../plugins/eas/versions.ts";
import { el } from "../../plugins/eas/wbxml/mod.ts";
import type { MailServer, User } from "../servers/mail_server.ts";
import { together } from "../together.ts";
import { contents, type Gateway, letter, places, products, startGateway, until } from "./kit.ts";

const subjectsToCome = ["flag", "read", "move", "delete", "reply", "find"];

/** A phone that has its inbox, with mail in it. */
async function filledPhone(gateway: Gateway, user: User, version: Version): Promise<Phone> {
  for (const subject of subjectsToCome) {
    const to = user.address;
    await gateway.server.deliver(user, letter({ from: "ben@example.net", to, subject }));
  }
  const phone = gateway.phone(user, version);
  await phone.syncFolders();
  await phone.syncAll(phone.folder(2).id);
  return phone;
}

/** What a phone has in a folder, by subject. */
function idOf(phone: Phone, folder: string, subject: string): string {
  const all = [...phone.collection(folder).items.values()];
  const found = all.find(({ fields }) => fields.get("Email:Subject")?.text === subject);
  assert.ok(found, `${subject} is not on the phone`);
  return found.id;
}

async function flagsOf(server: MailServer, user: User, subject: string): Promise<string[]> {
  const all = [...(await contents(server, user)).values()].flat();
  return all.filter((one) => one.subject === subject).flatMap(({ flags }) => flags);
}

for (const { name, found, start } of products) {
  describe(`a gateway in front of ${name}`, found, () => {
    let gateway: Gateway;
    before(async () => {
      if (!found.skip) gateway = await startGateway(start);
    });
    after(() => gateway?.stop());
    // Each has users of its own.
    const it = together();

    for (const version of ["2.5", "12.1", "14.1", "16.1"] as const) {
      it(`does to the server what a phone does, in ${version}`, async () => {
        const { server } = gateway;
        const user = await server.addUser("anna");
        const phone = await filledPhone(gateway, user, version);
        const inbox = phone.folder(2).id;
        await marks(phone, inbox, server, user, version);
        await moves(phone, inbox, server, user);
        await deletes(phone, inbox, server, user, version);
        assert.equal(phone.resets, 0);
      });

      it(`sends what a phone sends, once, in ${version}`, async () => {
        const { server } = gateway;
        const [anna, ben] = [await server.addUser("anna"), await server.addUser("ben")];
        const phone = await filledPhone(gateway, anna, version);
        const inbox = phone.folder(2).id;
        const [from, to] = [anna.address, ben.address];
        const source = { folder: inbox, item: idOf(phone, inbox, "reply") };
        await phone.client.sendMail(letter({ from, to, subject: "hello" }), { clientId: "a" });
        const answer = letter({ from, to, subject: "answer" });
        await phone.client.smartReply(source, answer, { clientId: "b" });
        if (atLeast(version, "16.0")) await sendsDraft(phone, server, anna, to);
        const sent = ["hello", "answer", ...(atLeast(version, "16.0") ? ["draft"] : [])];
        for (const subject of sent) {
          const arrived = async () => (await places(server, ben, subject))["INBOX"] === 1;
          await until(arrived, `${subject} has arrived`);
          await until(
            async () => (await flagsOf(server, anna, subject)).includes("\\Seen"),
            `${subject} is in Sent`,
          );
        }
        assert.ok((await flagsOf(server, anna, "reply")).includes("\\Answered"));
        for (const subject of sent) {
          assert.deepEqual(await places(server, anna, subject), { Sent: 1 }, subject);
          assert.deepEqual(await places(server, ben, subject), { INBOX: 1 }, subject);
        }
      });
    }

    it("finds what the server finds", async () => {
      const user = await gateway.server.addUser("anna");
      const phone = await filledPhone(gateway, user, "16.1");
      const inbox = phone.folder(2).id;
      const mail = idOf(phone, inbox, "find");
      const { client } = phone;
      const found = await client.find({ id: "1", text: "find", range: [0, 9] });
      assert.deepEqual(found.results.map(({ id }) => id), [mail]);
      const old = gateway.phone(user, "14.1");
      const { results } = await old.client.search({
        text: "find",
        class: "Email",
        folders: [inbox],
        range: [0, 9],
      });
      assert.equal(results.length, 1);
      const fetched = await old.client.fetch({ longId: results[0]!.longId! });
      assert.equal(fetched.status, 1);
    });
  });
}

async function marks(
  phone: Phone,
  inbox: string,
  server: MailServer,
  user: User,
  version: Version,
): Promise<void> {
  const collection = phone.collection(inbox);
  collection.change(idOf(phone, inbox, "read"), el("Email:Read", true));
  if (atLeast(version, "12.0")) {
    const flag = el("Email:Flag", el("Email:Status", 2), el("Email:FlagType", "Follow up"));
    collection.change(idOf(phone, inbox, "flag"), flag);
  }
  await phone.sync([inbox]);
  assert.deepEqual(await flagsOf(server, user, "read"), ["\\Seen"]);
  const flagged = atLeast(version, "12.0") ? ["\\Flagged"] : [];
  assert.deepEqual(await flagsOf(server, user, "flag"), flagged);
}

async function moves(phone: Phone, inbox: string, server: MailServer, user: User): Promise<void> {
  const projects = await phone.createFolder("Projects");
  const [moved] = await phone.move([idOf(phone, inbox, "move")], inbox, projects);
  assert.deepEqual(await places(server, user, "move"), { Projects: 1 });
  await phone.syncAll(projects);
  assert.equal(idOf(phone, projects, "move"), moved!.newId);
  await phone.updateFolder(projects, { name: "Plans" });
  assert.deepEqual(await places(server, user, "move"), { Plans: 1 });
  await phone.syncFolders();
  await phone.syncAll(projects);
  assert.equal(idOf(phone, projects, "move"), moved!.newId, "its id lasts over the renaming");
  await phone.deleteFolder(projects);
  assert.ok(!(await contents(server, user)).has("Plans"));
}

async function deletes(
  phone: Phone,
  inbox: string,
  server: MailServer,
  user: User,
  version: Version,
): Promise<void> {
  phone.collection(inbox).delete(idOf(phone, inbox, "delete"));
  await phone.sync([inbox]);
  assert.deepEqual(await places(server, user, "delete"), { Trash: 1 });
  await phone.syncFolders();
  const trash = phone.folder(4);
  if (!atLeast(version, "14.0")) return;
  const empty = el(
    "ItemOperations:EmptyFolderContents",
    el("AirSync:CollectionId", trash.id),
    el("ItemOperations:Options", el("ItemOperations:DeleteSubFolders")),
  );
  const reply = await phone.client.command(
    "ItemOperations",
    el("ItemOperations:ItemOperations", empty),
  );
  assert.equal(reply.document?.textOf("ItemOperations:Status"), "1");
  assert.deepEqual(await places(server, user, "delete"), {});
}

async function sendsDraft(
  phone: Phone,
  server: MailServer,
  user: User,
  to: string,
): Promise<void> {
  const drafts = phone.folder(3).id;
  await phone.syncAll(drafts);
  const collection = phone.collection(drafts);
  collection.add("draft", ...draftFields({ to, subject: "draft", text: "First words." }));
  await phone.sync([drafts]);
  assert.deepEqual(await places(server, user, "draft"), { Drafts: 1 });
  const id = idOf(phone, drafts, "draft");
  collection.change(id, ...draftFields({ text: "Other words." }));
  await phone.sync([drafts]);
  assert.deepEqual(await places(server, user, "draft"), { Drafts: 1 });
  collection.send(id, "there", ...draftFields({ to }));
  await phone.sync([drafts]);
}
