// ItemOperations: what is fetched, inline and in parts; what fails alone; folders emptied.
import assert from "node:assert/strict";
import { test } from "node:test";
import { definePlugin, Unavailable } from "../../../core/mod.ts";
import {
  altered,
  documentOf,
  type EasApp,
  easApp,
  type EasAppOptions,
  shown,
} from "../../../tests/kit_eas.ts";
import type { EditsFolders, Empties, Mailbox, Role } from "../../mailbox/api.ts";
import { el, type Element, itemFailed } from "../api.ts";
import { splitMultipart } from "../client/multipart.ts";
import { fileReference } from "../schema/attachments.ts";
import { decode } from "../wbxml/decode.ts";

const picture = Uint8Array.from({ length: 1000 }, (_, index) => index * 7 % 256);
const mime = [
  "From: Bert <bert@example.org>",
  "To: anna@example.org",
  "Subject: Pictures",
  "MIME-Version: 1.0",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  "Content-Type: text/plain; charset=utf-8",
  "",
  "Here they are",
  "--b",
  'Content-Type: image/png; name="a.png"',
  "Content-Disposition: attachment",
  "Content-Transfer-Encoding: base64",
  "",
  btoa(String.fromCharCode(...picture)).replace(/.{76}/g, "$&\r\n"),
  "--b",
  'Content-Type: application/x-empty; name="nothing"',
  "Content-Disposition: attachment",
  "Content-Transfer-Encoding: base64",
  "",
  "",
  "--b--",
  "",
].join("\r\n");

interface Prepared {
  readonly app: EasApp;
  readonly inbox: string;
  readonly item: string;
}

async function prepared(options?: EasAppOptions): Promise<Prepared> {
  const app = await easApp(options);
  const inbox = await folderOf(app.mailbox(), "inbox");
  const { id } = await app.mailbox().create(
    inbox,
    { mime: new TextEncoder().encode(mime), date: Date.UTC(2026, 1, 1) },
    "first",
  );
  return { app, inbox, item: id };
}

async function folderOf(mailbox: Mailbox, role: Role): Promise<string> {
  const { changes } = await mailbox.folders(undefined);
  return changes.find(({ folder }) => folder?.role === role)!.id;
}

const store = el("ItemOperations:Store", "Mailbox");
const fetchItem = (folder: string, item: string, ...options: Element[]) =>
  el(
    "ItemOperations:Fetch",
    store,
    el("AirSync:CollectionId", folder),
    el("AirSync:ServerId", item),
    options.length > 0 ? el("ItemOperations:Options", ...options) : undefined,
  );
const fetchFile = (item: string, part: string, range?: string) =>
  el(
    "ItemOperations:Fetch",
    store,
    el("AirSyncBase:FileReference", fileReference({ item, part })),
    range ? el("ItemOperations:Options", el("ItemOperations:Range", range)) : undefined,
  );
const text = el("AirSyncBase:BodyPreference", el("AirSyncBase:Type", 1));
const mimeOptions = [
  el("AirSync:MIMESupport", 2),
  el("AirSyncBase:BodyPreference", el("AirSyncBase:Type", 4)),
];

async function ask(app: EasApp, ...operations: Element[]): Promise<Element> {
  const body = el("ItemOperations:ItemOperations", ...operations);
  return await documentOf(await app.ask("ItemOperations", { body }));
}

const responses = (answer: Element) => answer.child("ItemOperations:Response")?.children ?? [];
const statuses = (answer: Element) =>
  responses(answer).map((one) => one.textOf("ItemOperations:Status"));

test("an item is fetched by folder and id, with the body that is asked for", async () => {
  const { app, inbox, item } = await prepared();
  const answer = await ask(app, fetchItem(inbox, item, text));
  const [fetched] = responses(answer);
  assert.deepEqual(answer.children.map(({ tag }) => tag), [
    "ItemOperations:Status",
    "ItemOperations:Response",
  ]);
  assert.deepEqual(fetched?.children.map(({ tag }) => tag), [
    "ItemOperations:Status",
    "AirSync:CollectionId",
    "AirSync:ServerId",
    "AirSync:Class",
    "ItemOperations:Properties",
  ]);
  assert.equal(fetched?.textOf("AirSync:ServerId"), item);
  const properties = fetched?.child("ItemOperations:Properties");
  assert.equal(properties?.textOf("Email:Subject"), "Pictures");
  const body = properties?.child("AirSyncBase:Body");
  assert.equal(body?.textOf("AirSyncBase:Data")?.trim(), "Here they are");
  await app.stop();
});

test("an item is fetched by its LongId alone, and only with the properties of a Schema", async () => {
  const { app, item } = await prepared();
  const byLongId = el(
    "ItemOperations:Fetch",
    store,
    el("Search:LongId", item),
    el("ItemOperations:Options", el("ItemOperations:Schema", el("Email:Subject"))),
  );
  const [fetched] = responses(await ask(app, byLongId));
  assert.equal(
    shown(fetched!),
    `ItemOperations:Fetch
  ItemOperations:Status 1
  Search:LongId ${item}
  AirSync:Class Email
  ItemOperations:Properties
    Email:Subject Pictures
`,
  );
  await app.stop();
});

test("the MIME of an item comes whole, inline as text", async () => {
  const { app, inbox, item } = await prepared();
  const [fetched] = responses(await ask(app, fetchItem(inbox, item, ...mimeOptions)));
  const body = fetched?.child("ItemOperations:Properties")?.child("AirSyncBase:Body");
  assert.equal(body?.textOf("AirSyncBase:Type"), "4");
  assert.equal(body?.textOf("AirSyncBase:Data"), mime);
  await app.stop();
});

test("an attachment comes as base64 with its type, and without a Range that nobody asked for", async () => {
  const { app, item } = await prepared();
  const [fetched] = responses(await ask(app, fetchFile(item, "2")));
  assert.equal(
    shown(fetched!),
    `ItemOperations:Fetch
  ItemOperations:Status 1
  AirSyncBase:FileReference ${fileReference({ item, part: "2" })}
  ItemOperations:Properties
    AirSyncBase:ContentType image/png
    ItemOperations:Data ${btoa(String.fromCharCode(...picture))}
`,
  );
  await app.stop();
});

test("ranges of an attachment, both ends included, with the whole size", async () => {
  const { app, item } = await prepared();
  const cases: [string, [number, number] | string][] = [
    ["0-0", [0, 0]],
    ["0-999", [0, 999]],
    ["100-299", [100, 299]],
    ["990-5000", [990, 999]],
    ["1000-1001", "8"],
    ["5-4", "8"],
    ["x", "8"],
    ["-5", "8"],
  ];
  for (const [range, expected] of cases) {
    const [fetched] = responses(await ask(app, fetchFile(item, "2", range)));
    if (typeof expected === "string") {
      assert.equal(fetched?.textOf("ItemOperations:Status"), expected, range);
      assert.equal(fetched?.child("ItemOperations:Properties"), undefined);
      continue;
    }
    const [from, to] = expected;
    const properties = fetched?.child("ItemOperations:Properties");
    assert.equal(properties?.textOf("ItemOperations:Range"), `${from}-${to}`);
    assert.equal(properties?.textOf("ItemOperations:Total"), "1000");
    const data = btoa(String.fromCharCode(...picture.subarray(from, to + 1)));
    assert.equal(properties?.textOf("ItemOperations:Data"), data);
  }
  await app.stop();
});

test("what fails, fails alone and with its own status, in the order of the request", async () => {
  const { app, inbox, item } = await prepared();
  const trash = await folderOf(app.mailbox(), "trash");
  const fetch = (...content: Element[]) => el("ItemOperations:Fetch", ...content);
  const twice = el("AirSyncBase:BodyPreference", el("AirSyncBase:Type", 1));
  const answer = await ask(
    app,
    fetchItem(inbox, "nobody"),
    fetchItem(inbox, item),
    fetchItem(trash, item),
    fetchFile("nobody", "2"),
    fetchFile(item, "9"),
    fetchFile(item, "3"),
    fetch(store, el("AirSyncBase:FileReference", "made up")),
    fetch(store),
    fetch(el("ItemOperations:Store", "Mailbucket"), el("AirSync:ServerId", item)),
    fetch(el("ItemOperations:Store", "DocumentLibrary"), el("DocumentLibrary:LinkId", "\\\\a\\b")),
    fetchItem(inbox, item, twice, twice),
    fetchFile(item, "2"),
  );
  assert.equal(answer.textOf("ItemOperations:Status"), "1");
  const expected = ["6", "1", "6", "6", "6", "10", "15", "2", "9", "9", "2", "1"];
  assert.deepEqual(statuses(answer), expected);
  assert.equal(responses(answer)[9]?.textOf("DocumentLibrary:LinkId"), "\\\\a\\b");
  await app.stop();
});

test("items that are wanted in the same way are read in one go", async () => {
  const asked: number[] = [];
  const { app, inbox, item } = await prepared({
    wrap: (mailbox) =>
      altered(mailbox, {
        read: (items, want) => {
          asked.push(items.length);
          return mailbox.read(items, want);
        },
      }),
  });
  const html = el("AirSyncBase:BodyPreference", el("AirSyncBase:Type", 2));
  const same = [1, 2, 3].map(() => fetchItem(inbox, item, text));
  const answer = await ask(app, ...same, fetchItem(inbox, item, html));
  assert.deepEqual(statuses(answer), ["1", "1", "1", "1"]);
  assert.deepEqual(asked, [3, 1]);
  await app.stop();
});

test("multipart answers hold bodies and attachments as parts, numbered in order", async () => {
  const { app, inbox, item } = await prepared();
  const body = el(
    "ItemOperations:ItemOperations",
    fetchItem(inbox, item, text),
    fetchItem(inbox, "nobody"),
    fetchFile(item, "2"),
    fetchItem(inbox, item, ...mimeOptions),
    fetchFile(item, "2", "10-19"),
  );
  const headers = { "MS-ASAcceptMultiPart": "T", "Accept-Encoding": "gzip" };
  const response = await app.ask("ItemOperations", { body, headers });
  assert.equal(response.headers.get("Content-Type"), "application/vnd.ms-sync.multipart");
  assert.equal(response.headers.get("Content-Encoding"), null);
  const bytes = new Uint8Array(await response.arrayBuffer());
  assert.equal(response.headers.get("Content-Length"), String(bytes.length));
  const [first, ...parts] = splitMultipart(bytes);
  const answer = decode(first!);
  assert.deepEqual(statuses(answer), ["1", "6", "1", "1", "1"]);
  const numbers = responses(answer).map((one) => {
    const properties = one.child("ItemOperations:Properties");
    return properties?.child("AirSyncBase:Body")?.textOf("ItemOperations:Part") ??
      properties?.textOf("ItemOperations:Part");
  });
  assert.deepEqual(numbers, ["1", undefined, "2", "3", "4"]);
  assert.doesNotMatch(shown(answer), /:Data/);
  assert.equal(new TextDecoder().decode(parts[0]).trim(), "Here they are");
  assert.deepEqual(parts[1], picture);
  assert.equal(new TextDecoder().decode(parts[2]), mime);
  assert.deepEqual(parts[3], picture.subarray(10, 20));
  assert.equal(parts.length, 4);
  await app.stop();
});

test("an attachment of 20 MB is never whole in memory: it flows at the reader's pace", async () => {
  let given = 0;
  const chunk = new Uint8Array(65536);
  async function* bytes() {
    for (let i = 0; i < 320; i++) {
      given++;
      yield chunk;
    }
  }
  const options: EasAppOptions = {
    wrap: (mailbox) =>
      altered(mailbox, {
        part: () => Promise.resolve({ type: "x/y", name: "", size: 320 * 65536, bytes: bytes() }),
      }),
  };
  const { app, item } = await prepared(options);
  for (const multi of ["T", "F"]) {
    given = 0;
    const body = el("ItemOperations:ItemOperations", fetchFile(item, "2"));
    const headers = { "MS-ASAcceptMultiPart": multi };
    const response = await app.ask("ItemOperations", { body, headers });
    assert.ok(given < 40, `${given} chunks were read before anybody took one`);
    let size = 0;
    for await (const piece of response.body!) size += piece.length;
    assert.equal(given, 320);
    assert.ok(size >= 320 * 65536);
  }
  await app.stop();
});

test("a store that cannot be reached now ends the whole request, so that it is repeated", async () => {
  const { app, item } = await prepared({
    wrap: (mailbox) =>
      altered(mailbox, { part: () => Promise.reject(new Unavailable("the store is away", 9)) }),
  });
  const answer = await ask(app, fetchFile(item, "2"));
  assert.equal(shown(answer), "ItemOperations:ItemOperations\n  ItemOperations:Status 111\n");
  const body = el("ItemOperations:ItemOperations", fetchFile(item, "2"));
  const old = await app.ask("ItemOperations", { version: "12.1", body });
  assert.equal(old.status, 503);
  assert.equal(old.headers.get("Retry-After"), "9");
  await app.stop();
});

test("a fault in one attachment is Status 3 for it alone", async () => {
  const { app, inbox, item } = await prepared({
    wrap: (mailbox) => altered(mailbox, { part: () => Promise.reject(new Error("bad block")) }),
  });
  const answer = await ask(app, fetchFile(item, "2"), fetchItem(inbox, item));
  assert.deepEqual(statuses(answer), ["3", "1"]);
  await app.stop();
});

test("a message that cannot be read comes as a stub and is reported", async () => {
  const reasons: string[] = [];
  const listener = definePlugin({
    id: "listener",
    summary: "Notes failures",
    needs: ["eas"],
    contributes: () => [itemFailed.of(({ item, reason }) =>
      void reasons.push(`${item} ${reason}`)
    )],
  });
  const { app, inbox, item } = await prepared({
    plugins: [listener],
    wrap: (mailbox) =>
      altered(mailbox, {
        async *read(items, want) {
          for await (const one of mailbox.read(items, want)) {
            yield { ...one, mail: undefined, problem: "no MIME" };
          }
        },
      }),
  });
  const [fetched] = responses(await ask(app, fetchItem(inbox, item, text)));
  assert.equal(fetched?.textOf("ItemOperations:Status"), "1");
  assert.match(shown(fetched!), /no MIME/);
  assert.deepEqual(reasons, [`${item} no MIME`]);
  await app.stop();
});

test("nothing to do is Status 2, more than 100 operations are 11, no document is 101", async () => {
  const { app, inbox, item } = await prepared();
  assert.equal((await ask(app)).textOf("ItemOperations:Status"), "2");
  const many = Array.from({ length: 101 }, () => fetchItem(inbox, item));
  const refused = await ask(app, ...many);
  assert.equal(shown(refused), "ItemOperations:ItemOperations\n  ItemOperations:Status 11\n");
  assert.equal(statuses(await ask(app, ...many.slice(1))).length, 100);
  const empty = await documentOf(await app.ask("ItemOperations"));
  assert.equal(empty.textOf("ItemOperations:Status"), "101");
  await app.stop();
});

test("answers come by kind: moves, emptied folders, fetches", async () => {
  const { app, inbox, item } = await prepared();
  const id = Uint8Array.of(1, 2, 3);
  const move = (...options: Element[]) =>
    el(
      "ItemOperations:Move",
      el("ItemOperations:ConversationId", id),
      el("ItemOperations:DstFldId", inbox),
      el("ItemOperations:Options", ...options),
    );
  const answer = await ask(
    app,
    fetchItem(inbox, item),
    el("ItemOperations:EmptyFolderContents", el("AirSync:CollectionId", "nowhere")),
    el("ItemOperations:EmptyFolderContents"),
    move(),
    move(el("ItemOperations:MoveAlways")),
  );
  assert.deepEqual(
    responses(answer).map((one) => [one.tag, one.textOf("ItemOperations:Status")]),
    [
      ["ItemOperations:Move", "155"],
      ["ItemOperations:Move", "6"],
      ["ItemOperations:EmptyFolderContents", "6"],
      ["ItemOperations:EmptyFolderContents", "2"],
      ["ItemOperations:Fetch", "1"],
    ],
  );
  assert.deepEqual(responses(answer)[0]?.child("ItemOperations:ConversationId")?.bytes, id);
  await app.stop();
});

const empty = (folder: string, subfolders = false) =>
  el(
    "ItemOperations:EmptyFolderContents",
    el("AirSync:CollectionId", folder),
    subfolders &&
        el("ItemOperations:Options", el("ItemOperations:DeleteSubFolders")) || undefined,
  );

test("a folder is emptied, and its subfolders only where that is asked", async () => {
  const { app } = await prepared();
  const mailbox = app.mailbox() as Mailbox & EditsFolders;
  const trash = await folderOf(mailbox, "trash");
  const fill = async (folder: string, count: number) => {
    for (let n = 0; n < count; n++) {
      const mail = new TextEncoder().encode(`Subject: ${n}\r\n\r\n`);
      await mailbox.create(folder, { mime: mail }, `${folder} ${n}`);
    }
  };
  const below = await mailbox.createFolder({ name: "below", parent: trash, class: "mail" }, "a");
  const deep = await mailbox.createFolder({ name: "deep", parent: below.id, class: "mail" }, "b");
  await fill(trash, 250);
  await fill(below.id, 3);
  await fill(deep.id, 2);
  assert.deepEqual(statuses(await ask(app, empty(trash))), ["1"]);
  assert.equal(await mailbox.count(trash, {}), 0);
  assert.equal(await mailbox.count(deep.id, {}), 2);
  assert.deepEqual(statuses(await ask(app, empty(trash, true))), ["1"]);
  const { changes } = await mailbox.folders(undefined);
  assert.ok(changes.every(({ id }) => id !== below.id && id !== deep.id));
  await app.stop();
});

test("what is special below an emptied folder stays, with all that is above and in it", async () => {
  let above = "";
  const { app } = await prepared({
    wrap: (inner) =>
      altered(inner, {
        async folders(since) {
          const page = await inner.folders(since);
          const changes = page.changes.map(({ id, folder }) => ({
            id,
            folder: folder?.role === "archive" && above ? { ...folder, parent: above } : folder,
          }));
          return { ...page, changes };
        },
      }),
  });
  const mailbox = app.mailbox() as Mailbox & EditsFolders;
  const trash = await folderOf(mailbox, "trash");
  const archive = await folderOf(mailbox, "archive");
  const make = (name: string) =>
    mailbox.createFolder({ name, parent: trash, class: "mail" }, `make ${name}`);
  const [kept, goes] = [await make("kept"), await make("goes")];
  above = kept.id;
  await mailbox.create(archive, { mime: new TextEncoder().encode("Subject: x\r\n\r\n") }, "in it");
  assert.deepEqual(statuses(await ask(app, empty(trash, true))), ["1"]);
  const { changes } = await mailbox.folders(undefined);
  const left = changes.map(({ id }) => id);
  assert.deepEqual([kept.id, archive, goes.id].map((id) => left.includes(id)), [true, true, false]);
  assert.equal(await mailbox.count(archive, {}), 1);
  await app.stop();
});

/** A mailbox that cannot empty a folder at once. */
function oneByOne(mailbox: Mailbox): Mailbox {
  return new Proxy(mailbox, { has: (target, name) => name !== "empty" && name in target });
}

test("a mailbox that can empties a folder by itself, for as long as phones wait", async () => {
  let seconds = 0;
  const asked: string[] = [];
  const { app, inbox } = await prepared({
    wrap: (mailbox) => {
      const own: Partial<Mailbox> & Empties = {
        async empty(folder, mayGoOn) {
          asked.push(folder);
          await app.clock.tick(seconds * 1000);
          return mayGoOn!();
        },
        remove: () => Promise.reject(new Error("Cannot remove: not one by one")),
      };
      return altered(mailbox, own);
    },
  });
  assert.deepEqual(statuses(await ask(app, empty(inbox))), ["1"]);
  seconds = 20;
  assert.deepEqual(statuses(await ask(app, empty(inbox))), ["17"]);
  assert.deepEqual(asked, [inbox, inbox]);
  await app.stop();
});

test("a folder that takes too long to empty is told as partial", async () => {
  let tick = () => Promise.resolve();
  const { app, inbox } = await prepared({
    wrap: (mailbox) =>
      oneByOne(altered(mailbox, {
        async remove(id, token) {
          await tick();
          await mailbox.remove(id, token);
        },
      })),
  });
  const mail = new TextEncoder().encode("Subject: x\r\n\r\n");
  for (let n = 0; n < 5; n++) await app.mailbox().create(inbox, { mime: mail }, `x${n}`);
  tick = () => app.clock.tick(7000);
  assert.deepEqual(statuses(await ask(app, empty(inbox))), ["17"]);
  assert.equal(await app.mailbox().count(inbox, {}), 3);
  await app.stop();
});
