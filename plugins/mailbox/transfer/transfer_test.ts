import assert from "node:assert/strict";
import { chmod, mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { StorageError } from "../../../core/mod.ts";
import { withTempDir } from "../../../tests/kit.ts";
import { testApp } from "../../../tests/kit_app.ts";
import { type EditsFolders, type Item, type Mailbox, mailboxes } from "../api.ts";
import { collect } from "../bytes.ts";
import mailbox from "../plugin.ts";
import { fillWithSamples } from "../sample/sample.ts";
import { exportMail } from "./export.ts";
import { allFolders } from "./folders.ts";
import { importMail } from "./import.ts";
import { importedInto } from "./imported.ts";

async function rig(t: TestContext) {
  const app = await testApp({ plugins: [mailbox] });
  t.after(() => app.stop());
  const open = async (address: string) => {
    const account = await app.addAccount({ address });
    const box = app.host().one(mailboxes).open(account);
    const run = (path: string, folder: string[] = [], again = false) =>
      importMail({
        mailbox: box,
        imported: importedInto(app.db, account.id),
        path,
        folder,
        again,
        progress: () => {},
      });
    return { account, box, run };
  };
  return { app, open };
}

/** Everything in a mailbox: folder path → items with their bytes, oldest first. */
async function contents(box: Mailbox): Promise<Record<string, (Item & { text: string })[]>> {
  const folders = await allFolders(box);
  const byId = new Map(folders.map((folder) => [folder.id, folder]));
  const pathOf = (id: string): string => {
    const { name, parent } = byId.get(id)!;
    return parent ? `${pathOf(parent)}/${name}` : name;
  };
  const all: Record<string, (Item & { text: string })[]> = {};
  for (const { id, class: kind } of folders) {
    if (kind !== "mail") continue;
    const { items } = await box.list(id, {}, 1000);
    const found: (Item & { text: string })[] = [];
    for await (const item of box.read(items.map((state) => state.id).reverse(), {})) {
      const { bytes } = await box.part(item.id, "");
      found.push({ ...item, text: new TextDecoder("latin1").decode(await collect(bytes)) });
    }
    if (found.length > 0) all[pathOf(id)] = found;
  }
  return all;
}

const mail = (subject: string, more = "") =>
  `From: a@b.test\nTo: you@example.test\nSubject: ${subject}\n${more}\nbody of ${subject}\n`;

async function maildir(dir: string, files: Record<string, string>, date = 1_700_000_000) {
  for (const part of ["cur", "new", "tmp"]) await mkdir(join(dir, part), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(dir, name), text);
    await utimes(join(dir, name), date, date);
  }
}

test("A Maildir with subfolders: marks, dates, keywords, special folders, letters of the world", (t) =>
  withTempDir(async (dir) => {
    await maildir(dir, {
      "cur/1.a:2,RSa": mail("one"),
      "cur/2.b:2,FPb": mail("two"),
      "new/3.c": mail("three"),
      "cur/4.d:2,ST": mail("deleted"),
      "dovecot-keywords": "0 Travel\n1 Work\n",
      "tmp/5.e": "half",
    });
    await maildir(join(dir, ".Sent"), { "cur/1.s:2,S": mail("sent") });
    await maildir(join(dir, ".Clients.B&APw-cher"), { "cur/1.x:2,S": mail("books") });
    const { box, run } = await (await rig(t)).open("you@example.test");
    const report = await run(dir);
    assert.deepEqual([report.imported, report.failed], [6, []]);
    const all = await contents(box);
    const marks = (folder: string, subject: string) =>
      all[folder]!.find((item) => item.mail!.subject === subject)!.state;
    assert.deepEqual(marks("Inbox", "one").marks.answered, true);
    assert.deepEqual(marks("Inbox", "one").marks.keywords, ["Travel"]);
    assert.equal(marks("Inbox", "one").date, 1_700_000_000_000);
    assert.equal(marks("Inbox", "two").marks.flag?.status, "active");
    assert.equal(marks("Inbox", "two").marks.forwarded, true);
    assert.deepEqual(marks("Inbox", "two").marks.keywords, ["Work"]);
    assert.equal(marks("Inbox", "three").marks.read, false);
    assert.ok(all["Clients/Bücher"]![0]!.text.includes("\r\n\r\nbody of books\r\n"));
    const roles = new Map((await allFolders(box)).map(({ role, name }) => [role, name]));
    assert.equal(all[roles.get("sent")!]!.length, 1);
    assert.equal(all[roles.get("trash")!]![0]!.mail!.subject, "deleted");
  }));

test("A folder of .eml files with folders in it; --folder puts all of it below a name", (t) =>
  withTempDir(async (dir) => {
    await mkdir(join(dir, "2024"));
    const received = "Received: from a by b; Sat, 01 Jun 2024 10:00:00 +0200\n" +
      "Date: Fri, 31 May 2024 09:00:00 +0200\n";
    await writeFile(join(dir, "one.eml"), mail("one", "Date: Sat, 1 Jun 2024 09:00:00 +0200\n"));
    await writeFile(join(dir, "2024", "two.EML"), mail("two", received));
    await writeFile(join(dir, "notes.txt"), "not mail");
    const { box, run } = await (await rig(t)).open("you@example.test");
    assert.equal((await run(dir, ["Old", "Mail"])).imported, 2);
    const all = await contents(box);
    assert.deepEqual(Object.keys(all), ["Old/Mail", "Old/Mail/2024"]);
    assert.equal(all["Old/Mail"]![0]!.state.date, Date.UTC(2024, 5, 1, 7));
    assert.equal(all["Old/Mail/2024"]![0]!.state.date, Date.UTC(2024, 5, 1, 8));
    assert.equal((await run(join(dir, "one.eml"))).folders["Inbox"], 1);
  }));

test("Thunderbird's tree of mbox files becomes folders", (t) =>
  withTempDir(async (dir) => {
    const box1 = "From - Sun Mar 01 12:00:00 2026\n" + mail("in") + "\n";
    await writeFile(join(dir, "Inbox"), box1);
    await writeFile(join(dir, "Inbox.msf"), "index");
    await mkdir(join(dir, "Projects.sbd"));
    await writeFile(join(dir, "Projects.sbd", "Boat"), box1.replace("in\n", "boat\n"));
    const { box, run } = await (await rig(t)).open("you@example.test");
    assert.equal((await run(dir)).imported, 2);
    assert.deepEqual(Object.keys(await contents(box)), ["Inbox", "Projects/Boat"]);
  }));

test("Twice imports nothing twice, also when tokens are long forgotten; --again does", (t) =>
  withTempDir(async (dir) => {
    const file = join(dir, "box.mbox");
    const entry = (n: number) => "From a@b Sun Mar  1 12:00:00 2026\n" + mail(`n${n}`) + "\n";
    const text = Array.from({ length: 120 }, (_, n) => entry(n)).join("") + entry(5);
    await writeFile(file, text);
    const { app, open } = await rig(t);
    const { box, run } = await open("you@example.test");
    const first = await run(file);
    assert.deepEqual([first.imported, first.already], [120, 1]);
    await app.db.run("DELETE FROM mailbox_token");
    const second = await run(file);
    assert.deepEqual([second.imported, second.already], [0, 121]);
    assert.equal((await contents(box))["Inbox"]!.length, 120);
    assert.equal((await run(file, ["Copy"])).imported, 120);
    assert.equal((await run(file, [], true)).imported, 120);
  }));

test("Bad messages are reported with their place, and the others come in", (t) =>
  withTempDir(async (dir) => {
    await writeFile(join(dir, "a.eml"), "");
    await writeFile(join(dir, "b.eml"), "\x00\x01 this is no mail");
    await writeFile(join(dir, "c.eml"), mail("good"));
    await writeFile(join(dir, "d.eml"), mail("locked"));
    await chmod(join(dir, "d.eml"), 0);
    const { run } = await (await rig(t)).open("you@example.test");
    const report = await run(dir);
    const locked = report.failed.length === 3; // root may read everything
    assert.equal(report.imported, locked ? 1 : 2);
    assert.deepEqual(report.failed.slice(0, 2).map(({ place }) => place), [
      join(dir, "a.eml"),
      join(dir, "b.eml"),
    ]);
  }));

test("A store in trouble ends the import, and a second run does the rest", (t) =>
  withTempDir(async (dir) => {
    for (let n = 0; n < 30; n++) await writeFile(join(dir, `${n}.eml`), mail(`n${n}`));
    const { app, open } = await rig(t);
    const { account, box, run } = await open("you@example.test");
    let left = 10;
    const failing = {
      ...importedInto(app.db, account.id),
      add: (folder: string, hash: Uint8Array) =>
        left-- > 0
          ? importedInto(app.db, account.id).add(folder, hash)
          : Promise.reject(new StorageError("full", "disk full")),
    };
    const options = { mailbox: box, path: dir, folder: [], again: false, progress: () => {} };
    await assert.rejects(importMail({ ...options, imported: failing }), StorageError);
    await run(dir);
    assert.equal((await contents(box))["Inbox"]!.length, 30);
  }));

test("An import of an export restores the same: folders, bytes, marks, dates", (t) =>
  withTempDir(async (dir) => {
    const { app, open } = await rig(t);
    const { account, box } = await open("you@example.test");
    await fillWithSamples(box, account, app.clock);
    const edits = box as Mailbox & EditsFolders;
    const top = await edits.createFolder({ name: "A/B", parent: undefined, class: "mail" }, "1");
    const sub = await edits.createFolder({ name: "cur", parent: top.id, class: "mail" }, "2");
    await box.create(sub.id, {
      mime: new TextEncoder().encode(mail("marked").replaceAll("\n", "\r\n")),
      date: 1_650_000_000_000,
      marks: {
        read: true,
        answered: true,
        keywords: ["Überfällig", "b"],
        flag: { status: "complete", type: "Follow up", completed: 1_660_000_000_000 },
        verb: { kind: "replyAll", at: 1_655_000_000_000 },
      },
    }, "3");
    const target = join(dir, "export");
    const report = await exportMail(box, target, () => {});
    assert.deepEqual(report.failed, []);
    assert.ok((await readdir(target)).includes("A_B"));

    const other = await open("other@example.test");
    assert.equal((await other.run(target)).imported, report.exported);
    const plain = async (mailbox: Mailbox) =>
      Object.fromEntries(
        Object.entries(await contents(mailbox)).map(([path, items]) => [
          path,
          items.map(({ state, text }) => ({
            date: Math.floor(state.date / 1000),
            marks: state.marks,
            text,
          })).sort((a, b) => a.date - b.date || (a.text < b.text ? -1 : 1)),
        ]),
      );
    assert.deepEqual(await plain(other.box), await plain(box));
    await assert.rejects(exportMail(box, target, () => {}), /is not empty/);
  }));
