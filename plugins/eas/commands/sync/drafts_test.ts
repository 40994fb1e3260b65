// Drafts: written on one device, seen on others, sent once; whatever gets lost on the way.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { altered } from "../../../../tests/kit_eas.ts";
import { elsewhere, type Engine, engine, line } from "../../../../tests/kit_sync.ts";
import { type Mailbox, Refused } from "../../../mailbox/api.ts";
import { draftFields, type Phone, type SyncResponse } from "../../client/mod.ts";
import { whole } from "../../letter/build.ts";
import { readLetter } from "../../letter/letter.ts";
import { el } from "../../wbxml/element.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const pdf = (clientId: string) => ({
  clientId,
  name: `${clientId}.pdf`,
  type: "application/pdf",
  content: bytes(`content of ${clientId}`),
});

describe("drafts", () => {
  let app: Engine;
  let box: Mailbox;
  let drafts: string;
  let phone: Phone;
  let crash: keyof Mailbox | undefined;
  beforeEach(async () => {
    crash = undefined;
    const dies = (when: keyof Mailbox) => {
      if (crash === when) throw new Error("the power is gone");
    };
    app = await engine({
      wrap: (inner) =>
        altered(inner, {
          send: async (...given) => {
            await inner.send(...given);
            dies("send");
          },
          create: async (...given) => {
            const made = await inner.create(...given);
            dies("create");
            return made;
          },
          replace: async (...given) => {
            const made = await inner.replace(...given);
            dies("replace");
            return made;
          },
          remove: async (...given) => {
            await inner.remove(...given);
            dies("remove");
          },
        }),
    });
    box = app.mailbox();
    const { changes } = await box.folders(undefined);
    drafts = changes.find(({ folder }) => folder?.role === "drafts")!.id;
    phone = await app.phone();
    await phone.syncAll(drafts);
  });
  afterEach(() => app.stop());

  const folder = (of = phone) => of.collection(drafts);
  const stored = async () => (await box.list(drafts, {}, 100)).items;
  const letter = async (id: string) => readLetter(await whole((await box.part(id, "")).bytes));
  const sync = async (of = phone) => {
    const reply = await of.sync([drafts]);
    const [part] = reply.collections;
    return { ...part, responses: part?.responses ?? [], changes: part?.changes ?? [] };
  };
  const references = ({ fields }: SyncResponse) =>
    new Map(
      fields.find(({ tag }) => tag === "AirSyncBase:Attachments")?.children.map((file) => [
        file.textOf("AirSyncBase:ClientId"),
        file.textOf("AirSyncBase:FileReference"),
      ]),
    );
  /** The names of attachments as a phone has them, with what their references bring. */
  const files = async (of: Phone, id: string) => {
    const list = of.collection(drafts).items.get(id)?.fields.get("AirSyncBase:Attachments");
    return await Promise.all(
      (list?.children ?? []).map(async (file) => {
        const reference = file.textOf("AirSyncBase:FileReference")!;
        const fetched = await of.client.fetch({ fileReference: reference });
        return `${file.textOf("AirSyncBase:DisplayName")}: ${
          new TextDecoder().decode(fetched.content)
        }`;
      }),
    );
  };
  const add = async (clientId: string, options: Parameters<typeof draftFields>[0]) => {
    folder().add(clientId, ...draftFields(options));
    const { responses: [response] } = await sync();
    assert.equal(response?.status, 1);
    return response!;
  };

  it("a draft is stored as it was written, and another device sees it", async () => {
    const other = await app.phone({ id: "OTHER" });
    await other.syncAll(drafts);
    const response = await add("d1", {
      to: '"Žofie, B" <z@example.org>; Bert, cleo@example.org',
      bcc: "secret@example.org",
      subject: "Grüße",
      text: "Hällo\r\nthere",
    });
    const [state] = await stored();
    assert.equal(response.id, state!.id);
    assert.deepEqual([state!.marks.draft, state!.marks.read], [true, true]);
    assert.equal((await letter(state!.id)).text?.replaceAll("\r\n", "\n").trim(), "Hällo\nthere");
    assert.deepEqual((await sync()).changes, [], "its own draft is not echoed");
    await other.syncAll(drafts);
    const fields = folder(other).items.get(state!.id)!.fields;
    assert.equal(
      fields.get("Email:To")?.text,
      '"Žofie, B" <z@example.org>, Bert, cleo@example.org',
    );
    assert.equal(fields.get("Email2:Bcc")?.text, "secret@example.org");
    assert.equal(fields.get("Email:Subject")?.text, "Grüße");
    assert.equal(fields.get("Email2:IsDraft")?.text, "1");
    assert.equal(fields.get("Email:From")?.text, '"Anna Berg" <anna@example.org>');
  });

  it("a change keeps what it does not name, and other devices see one Change", async () => {
    const other = await app.phone({ id: "OTHER" });
    const { id } = await add("d1", { to: "b@example.org", subject: "One", text: "First" });
    await other.syncAll(drafts);
    const before = (await letter(id!)).fields.find(({ name }) => name === "message-id");
    await app.clock.tick(60_000);
    folder().change(
      id!,
      ...draftFields({ subject: "Two", html: "<p>Second</p>" }),
      el("Email:Importance", 2),
    );
    assert.deepEqual((await sync()).responses, []);
    const now = await letter(id!);
    assert.equal(now.html?.trim(), "<p>Second</p>");
    assert.match(now.text!, /^Second/);
    assert.deepEqual(now.fields.find(({ name }) => name === "message-id"), before);
    assert.deepEqual((await stored()).map((one) => [one.id, one.date]), [[id, app.clock.now()]]);
    const { changes } = await sync(other);
    assert.deepEqual(changes.map((one) => one.id), [id]);
    const fields = folder(other).items.get(id!)!.fields;
    assert.deepEqual(
      ["Email:To", "Email:Subject", "Email:Importance"].map((tag) =>
        fields.get(tag as "Email:To")?.text
      ),
      ["b@example.org", "Two", "2"],
    );
    assert.deepEqual((await sync()).changes, []);
    folder().change(id!, el("Email:To"), el("Email:Read", false), el("Email:Importance", 1));
    await sync();
    const [state] = await stored();
    assert.equal(state!.marks.read, false);
    const last = await letter(id!);
    assert.equal(last.html?.trim(), "<p>Second</p>");
    assert.ok(!last.fields.some(({ name }) => name === "to" || name === "importance"));
  });

  it("attachments are paired with their references, which hold; removing one leaves the others", async () => {
    const response = await add("d1", {
      subject: "Files",
      html: '<p><img src="cid:sun@x"></p>',
      add: [
        pdf("a"),
        { ...pdf("sun"), name: "sun.png", type: "image/png", contentId: "sun@x" },
        {
          clientId: "mail",
          name: "Old.eml",
          type: "message/rfc822",
          content: bytes("Subject: x\r\n\r\ny"),
        },
      ],
    });
    const paired = references(response);
    assert.deepEqual([...paired.keys()].sort(), ["a", "mail", "sun"]);
    for (const [clientId, reference] of paired) {
      const { content } = await phone.client.fetch({ fileReference: reference! });
      const wanted = clientId === "mail" ? /^Subject: x\r?\n\r?\ny/ : `content of ${clientId}`;
      assert.match(new TextDecoder().decode(content), new RegExp(wanted));
    }
    const id = response.id!;
    // A second file comes, the first goes: what stays may have moved, so the phone is told.
    folder().change(id, ...draftFields({ add: [pdf("b")], remove: [paired.get("a")!] }));
    const changed = await sync();
    assert.deepEqual(changed.responses.map(({ kind, status }) => [kind, status]), [["Change", 1]]);
    assert.deepEqual([...references(changed.responses[0]!).keys()], ["b"]);
    assert.deepEqual(changed.changes.map((one) => one.id), [id]);
    assert.deepEqual((await files(phone, id)).map((file) => file.split(":")[0]).sort(), [
      "Old.eml",
      "b.pdf",
      "sun.png",
    ]);
    assert.ok((await files(phone, id)).includes("b.pdf: content of b"));
    assert.deepEqual((await sync()).changes, []);
    const { html, enclosures } = await letter(id);
    assert.match(html!, /cid:sun@x/);
    assert.deepEqual(enclosures.map(({ name, inline }) => [name, inline]), [
      ["sun.png", true],
      ["Old.eml", false],
      ["b.pdf", false],
    ]);
  });

  it("drafts as MIME, as iOS and Nine send them, are kept byte for byte", async () => {
    const mime = "Subject: inside\r\nTo: a@example.org\r\nMIME-Version: 1.0\r\n" +
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n--b\r\n" +
      "Content-Type: application/pdf; name=x.pdf\r\nContent-Disposition: attachment\r\n\r\nPDF\r\n--b--\r\n";
    folder().add("d1", ...draftFields({ subject: "outside", mime }));
    const { responses, changes } = await sync();
    const id = responses[0]!.id!;
    // The phone does not know how the file inside is called now.
    assert.deepEqual(changes.map((one) => one.id), [id]);
    assert.deepEqual(await files(phone, id), ["x.pdf: PDF"]);
    const raw = new TextDecoder().decode(await whole((await box.part(id, "")).bytes));
    assert.equal(
      raw.split("\r\n\r\n").slice(1).join("\r\n\r\n"),
      mime.split("\r\n\r\n").slice(1).join("\r\n\r\n"),
    );
    assert.match(raw, /^Subject: outside\r$/m);
    assert.doesNotMatch(raw, /inside/);
    assert.match(raw, /^To: a@example\.org\r$/m);
    folder().change(id, ...draftFields({ mime: mime.replace("Text", "Better"), add: [pdf("c")] }));
    const again = await sync();
    assert.deepEqual([...references(again.responses[0]!).keys()], ["c"]);
    const { text, enclosures } = await letter(id);
    assert.match(text!, /^Better/);
    assert.deepEqual(enclosures.map(({ name }) => name), ["x.pdf", "c.pdf"]);
  });

  it("a draft is sent, a copy goes to Sent, and the draft is gone everywhere", async () => {
    const other = await app.phone({ id: "OTHER" });
    const { id } = await add("d1", {
      to: "b@example.org",
      bcc: "s@example.org",
      subject: "One",
      text: "x",
      add: [pdf("a")],
    });
    await other.syncAll(drafts);
    folder().send(id!, "there", ...draftFields({ subject: "Final" }));
    const { responses, deletes } = await sync();
    assert.deepEqual([responses, deletes], [[], [id]]);
    const [sent] = app.sent;
    assert.equal(app.sent.length, 1);
    assert.deepEqual([sent!.message.saveInSent, sent!.message.from], [true, "anna@example.org"]);
    assert.match(sent!.text, /^Subject: Final\r$/m);
    assert.match(sent!.text, /^Bcc: s@example\.org\r$/m);
    assert.match(sent!.text, /a\.pdf/);
    assert.deepEqual(await stored(), []);
    await other.syncAll(drafts);
    assert.deepEqual([...folder(other).items], []);
    assert.deepEqual([...folder(other).anomalies, ...folder().anomalies], []);
  });

  it("a new message is sent at once, without ever being a draft", async () => {
    folder().send("d1", "new", ...draftFields({ to: "b@example.org", subject: "Now", text: "x" }));
    const { responses } = await sync();
    assert.deepEqual(responses.map(({ status, id, clientId }) => [status, id, clientId]), [[
      1,
      undefined,
      "d1",
    ]]);
    assert.equal(app.sent.length, 1);
    assert.deepEqual(await stored(), []);
  });

  it("a lost answer doubles no draft, changes nothing twice and sends nothing twice", async () => {
    const wire = line();
    const lossy = await app.phone({ id: "LOSSY", fetch: wire.fetch });
    await lossy.syncAll(drafts);
    const mine = folder(lossy);
    const lose = async () => {
      wire.next = "answer is lost";
      await assert.rejects(lossy.sync([drafts]));
    };
    mine.add(
      "d1",
      ...draftFields({ to: "b@example.org", subject: "One", text: "x", add: [pdf("a")] }),
    );
    await lose();
    const first = await sync(lossy);
    const [{ id } = { id: "" }] = await stored();
    assert.deepEqual(first.responses.map((one) => [one.id, one.status]), [[id, 1]]);
    assert.deepEqual([...references(first.responses[0]!).keys()], ["a"]);
    const { revision } = (await stored())[0]!;
    mine.change(id, ...draftFields({ text: "y", add: [pdf("b")] }));
    await lose();
    const second = await sync(lossy);
    assert.deepEqual([...references(second.responses[0]!).keys()], ["b"]);
    assert.equal((await letter(id)).enclosures.length, 2);
    assert.notEqual((await stored())[0]!.revision, revision);
    mine.send(id, "there");
    await lose();
    await lose();
    const third = await sync(lossy);
    assert.deepEqual([third.deletes, third.responses], [[id], []]);
    mine.send("d2", "new", ...draftFields({ to: "b@example.org", subject: "Two" }));
    await lose();
    assert.deepEqual((await sync(lossy)).responses.map(({ status }) => status), [1]);
    assert.equal(app.sent.length, 2);
    assert.deepEqual(await stored(), []);
    assert.deepEqual(mine.anomalies, []);
  });

  it("a repeat with other words under the same key changes the draft that is there already", async () => {
    const { client } = phone;
    const { key } = folder();
    const ask = async (send: boolean, ...fields: ReturnType<typeof draftFields>) => {
      const command = el(
        "AirSync:Add",
        el("AirSync:ClientId", "d1"),
        send ? el("Email2:Send") : undefined,
        el("AirSync:ApplicationData", ...fields),
      );
      const reply = await client.sync({ collections: [{ id: drafts, key, commands: [command] }] });
      return reply.collections[0]!.responses[0]!;
    };
    const first = await ask(false, ...draftFields({ to: "b@example.org", text: "One" }));
    const second = await ask(false, ...draftFields({ to: "b@example.org", text: "Two" }));
    assert.equal(second.id, first.id);
    assert.match((await letter(first.id!)).text!, /^Two/);
    assert.equal((await stored()).length, 1);
    assert.equal(
      (await ask(true, ...draftFields({ to: "b@example.org", text: "Sent" }))).status,
      1,
    );
    assert.equal(
      (await ask(true, ...draftFields({ to: "b@example.org", text: "Sent!" }))).status,
      1,
    );
    assert.equal(app.sent.length, 1);
    assert.deepEqual(await stored(), []);
  });

  for (const when of ["create", "replace", "send", "remove"] as const) {
    it(`a crash after "${when}" is mended by the repeat`, async () => {
      const { id } = await add("d0", { to: "b@example.org", subject: "Old", text: "x" });
      crash = when;
      folder().add("d1", ...draftFields({ to: "b@example.org", subject: "New", text: "y" }));
      folder().change(id!, ...draftFields({ text: "z", add: [pdf("a")] }));
      const broken = await phone.sync([drafts]);
      if (when === "send" || when === "remove") {
        assert.equal(broken.collections[0]?.status, 1);
        folder().send(id!, "there");
        assert.equal((await phone.sync([drafts])).collections[0]?.status, 5);
      } else assert.equal(broken.collections[0]?.status, 5);
      crash = undefined;
      await phone.syncAll(drafts);
      if (when === "create" || when === "replace") {
        assert.match((await letter(id!)).text!, /^z/);
        assert.equal((await letter(id!)).enclosures.length, 1);
        assert.equal((await stored()).length, 2);
      } else {
        assert.equal(app.sent.length, 1);
        assert.equal((await stored()).length, 1);
      }
      const there = (await stored()).map(({ id }) => id).sort();
      assert.deepEqual([...folder().items.keys()].sort(), there);
      assert.deepEqual(folder().anomalies, []);
    });
  }

  it("who cannot be sent to is said, and what was written is kept", async () => {
    const { id } = await add("d1", { to: "Bert", subject: "One", text: "First" });
    folder().send(id!, "there", ...draftFields({ text: "Second" }));
    const { responses, deletes } = await sync();
    assert.deepEqual(responses.map(({ kind, status }) => [kind, status]), [["Change", 183]]);
    assert.deepEqual(deletes, []);
    assert.match((await letter(id!)).text!, /^Second/);
    folder().send(id!, "there", ...draftFields({ to: "" }));
    assert.deepEqual((await sync()).responses.map(({ status }) => status), [183]);
    folder().send("d2", "new", ...draftFields({ to: "b@", text: "x" }));
    assert.deepEqual((await sync()).responses.map(({ status, id }) => [status, id]), [[
      183,
      undefined,
    ]]);
    assert.equal((await stored()).length, 1);
    folder().send(id!, "there", ...draftFields({ to: "b@example.org" }));
    assert.deepEqual((await sync()).deletes, [id]);
    assert.equal(app.sent.length, 1);
  });

  it("two devices that write the same draft: the server's wins, unless the device says otherwise", async () => {
    const other = await app.phone({ id: "OTHER" });
    const { id } = await add("d1", { subject: "One", text: "First" });
    await other.syncAll(drafts);
    folder().change(id!, ...draftFields({ text: "Mine" }));
    await sync();
    folder(other).change(id!, ...draftFields({ text: "Theirs" }));
    const { responses, changes } = await sync(other);
    assert.deepEqual(responses.map(({ kind, status }) => [kind, status]), [["Change", 7]]);
    assert.deepEqual(changes.map((one) => one.id), [id]);
    assert.match((await letter(id!)).text!, /^Mine/);
    folder(other).change(id!, ...draftFields({ text: "Theirs" }));
    assert.deepEqual((await sync(other)).responses, []);
    assert.match((await letter(id!)).text!, /^Theirs/);
    // A mark that somebody else set is told all the same.
    await box.mark(id!, { flag: { status: "active" } }, elsewhere());
    folder(other).change(id!, ...draftFields({ text: "Once more" }));
    const after = await sync(other);
    assert.deepEqual(after.changes[0]?.fields.map(({ tag }) => tag), ["Email:Flag"]);
  });

  it("up to 14.1, and in other folders, there is nothing to add or to write", async () => {
    const { id } = await add("d1", { subject: "One", text: "First" });
    for (const version of ["12.1", "14.0", "14.1"] as const) {
      const old = await app.phone({ id: `OLD${version}`, version });
      await old.syncAll(drafts);
      assert.ok(folder(old).items.has(id!));
      folder(old).add("x", ...draftFields({ subject: "Two", text: "x" }));
      folder(old).change(id!, ...draftFields({ subject: "Two" }));
      assert.deepEqual((await sync(old)).responses.map(({ kind, status }) => [kind, status]), [
        ["Add", 6],
        ["Change", 6],
      ]);
    }
    const mail = await app.arrives("mail");
    await phone.syncAll(app.inbox);
    phone.collection(app.inbox).add("x", ...draftFields({ subject: "Two", text: "x" }));
    phone.collection(app.inbox).change(mail, ...draftFields({ subject: "Two" }));
    const { collections: [part] } = await phone.sync([app.inbox]);
    assert.deepEqual(part?.responses.map(({ kind, status }) => [kind, status]), [["Add", 6], [
      "Change",
      6,
    ]]);
    assert.equal((await stored()).length, 1);
  });

  it("what cannot be read is refused alone, and so is what is gone", async () => {
    const { id } = await add("d1", { subject: "One", text: "First" });
    const body = (type: number) =>
      el("AirSyncBase:Body", el("AirSyncBase:Type", type), el("AirSyncBase:Data", "x"));
    const file = (...children: Parameters<typeof el>[1][]) =>
      el("AirSyncBase:Attachments", el("AirSyncBase:Add", ...children as never[]));
    folder().add("rtf", body(3));
    folder().add("level", el("Email:Importance", 7));
    folder().add("file", file(el("AirSyncBase:ClientId", "f"), el("AirSyncBase:Method", 1)));
    folder().add(
      "deep",
      ...draftFields({
        mime: Array.from(
          { length: 300 },
          (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
        ).join(""),
      }),
    );
    folder().add(
      "good",
      ...draftFields({ subject: "Good" }),
      el("Email:ThreadTopic", "passed over"),
    );
    folder().change("9:9", ...draftFields({ subject: "gone" }));
    folder().change(id!, body(3));
    const { responses } = await sync();
    assert.deepEqual(responses.map((one) => [one.clientId ?? one.id, one.status]), [
      ["rtf", 6],
      ["level", 6],
      ["file", 6],
      ["deep", 6],
      ["good", 1],
      ["9:9", 8],
      [id, 6],
    ]);
  });

  it("a full mailbox is 9, a message that is too large is 6, a refused recipient 183", async () => {
    await app.stop();
    let reason: Refused["reason"] = "quota";
    const refuse = () => Promise.reject(new Refused(reason, "Cannot"));
    app = await engine({ wrap: (inner) => altered(inner, { create: refuse, send: refuse }) });
    const { changes } = await app.mailbox().folders(undefined);
    drafts = changes.find(({ folder }) => folder?.role === "drafts")!.id;
    phone = await app.phone();
    await phone.syncAll(drafts);
    const statuses: number[] = [];
    for (reason of ["quota", "tooLarge", "recipient"] as const) {
      folder().send(reason, "new", ...draftFields({ to: "b@example.org", text: "x" }));
      folder().add(`${reason} draft`, ...draftFields({ text: "x" }));
      statuses.push(...(await sync()).responses.map(({ status }) => status));
    }
    assert.deepEqual(statuses, [9, 9, 6, 6, 183, 183]);
  });

  it("a draft can be flagged, deleted into the trash, and fetched", async () => {
    const { id } = await add("d1", { subject: "One", text: "First" });
    folder().change(id!, el("Email:Flag", el("Email:Status", 2), el("Email:FlagType", "Later")));
    assert.deepEqual((await sync()).responses, []);
    assert.equal((await stored())[0]!.marks.flag?.status, "active");
    folder().delete(id!);
    await sync();
    assert.deepEqual(await stored(), []);
    assert.equal((await box.list(app.trash, {}, 10)).items.length, 1);
  });
});
