// Find, the search of 16.1.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { definePlugin } from "../../../core/mod.ts";
import { directory, el, type Element } from "../api.ts";
import { documentOf, type EasApp, easApp, shown } from "../../../tests/kit_eas.ts";

const minute = 60_000;
let tokens = 0;

async function withApp(work: (app: EasApp) => Promise<void>, options = {}): Promise<void> {
  const app = await easApp(options);
  try {
    await work(app);
  } finally {
    await app.stop();
  }
}

async function put(app: EasApp, subject: string, ago = 0, headers: string[] = []): Promise<string> {
  const { changes } = await app.mailbox().folders(undefined);
  const inbox = changes.find(({ folder }) => folder?.role === "inbox")!.id;
  const lines = ["From: Ben <ben@example.com>", "To: Anna <anna@example.org>"];
  const mime = Buffer.from([
    ...lines,
    `Subject: ${subject}`,
    ...headers,
    "",
    `The body of ${subject}.`,
    "",
  ].join("\r\n"));
  const item = { mime, date: app.clock.now() - ago };
  return (await app.mailbox().create(inbox, item, `find-${++tokens}`)).id;
}

interface Asked {
  readonly id?: string;
  readonly query: readonly Element[];
  readonly options?: readonly Element[];
  readonly people?: boolean;
  readonly deviceId?: string;
}

const text = (words: string) => el("Find:FreeText", words);
const range = (words: string) => [el("Find:Range", words)];

function document({ id = "one", query, options = [], people = false }: Asked): Element {
  return el(
    "Find:Find",
    el("Find:SearchId", id),
    el(
      "Find:ExecuteSearch",
      el(
        people ? "Find:GalSearchCriterion" : "Find:MailBoxSearchCriterion",
        el("Find:Query", ...query),
        el("Find:Options", ...options),
      ),
    ),
  );
}

async function ask(app: EasApp, asked: Asked) {
  const { deviceId = "PHONE1" } = asked;
  const answer = await documentOf(await app.ask("Find", { body: document(asked), deviceId }));
  const response = answer.child("Find:Response");
  const results = response?.all("Find:Result") ?? [];
  return {
    status: Number(answer.textOf("Find:Status")),
    results,
    found: results.map((result) => {
      const properties = result.child("Find:Properties")!;
      return properties.textOf("Email:Subject") ?? properties.textOf("Gal:DisplayName");
    }),
    range: response?.textOf("Find:Range"),
    total: response?.textOf("Find:Total"),
  };
}

test("a Find answers what a list shows of each mail, newest first", () =>
  withApp(async (app) => {
    await put(app, "older budget", minute);
    const id = await put(app, "budget", 0, ["Cc: Carl <c@x.example>, d@x.example"]);
    const { found, results, range: told, total } = await ask(app, { query: [text("budg")] });
    assert.deepEqual([found, told, total], [["budget", "older budget"], "0-1", "2"]);
    assert.equal(results[0]!.textOf("AirSync:ServerId"), id);
    assert.equal(
      shown(results[0]!.child("Find:Properties")!),
      [
        "Find:Properties",
        '  Email:From "Ben" <ben@example.com>',
        "  Email:Subject budget",
        "  Email:DateReceived 2026-03-01T12:00:00.000Z",
        "  Email:DisplayTo Anna",
        "  Email:Importance 1",
        "  Email:Read 0",
        "  Email2:IsDraft 0",
        "  Find:DisplayCc Carl; d@x.example",
        "  Find:Preview The body of budget.",
        "  Find:HasAttachments 0",
        "",
      ].join("\n"),
    );
  }));

test("the free text is KQL", () =>
  withApp(async (app) => {
    await put(app, "red apple", 2 * minute);
    await put(app, "green apple", minute);
    await put(app, "green pear", 26 * 60 * minute);
    const cases: Readonly<Record<string, readonly string[]>> = {
      "apple OR pear": ["green apple", "red apple", "green pear"],
      "green NOT pear": ["green apple"],
      "subject:green from:ben is:unread received:yesterday": ["green pear"],
      '"red apple"': ["red apple"],
      '"apple red"': [],
      "from:anna": [],
      "hasattachment:false app*": ["green apple", "red apple"],
      "((green": ["green apple", "green pear"],
      "?!": [],
    };
    for (const [words, expected] of Object.entries(cases)) {
      assert.deepEqual((await ask(app, { query: [text(words)] })).found, expected, words);
    }
  }));

test("blind copies are told to their sender, and to nobody else", () =>
  withApp(async (app) => {
    await put(app, "received", 0, ["Bcc: secret@x.example"]);
    const inbox = (await app.mailbox().folders(undefined)).changes[0]!.id;
    const mime = Buffer.from(
      "From: anna@example.org\r\nBcc: Secret <secret@x.example>\r\nSubject: mine\r\n\r\nx\r\n",
    );
    await app.mailbox().create(inbox, { mime }, "mine");
    const told = async (words: string) =>
      (await ask(app, { query: [text(words)] })).results[0]!.child("Find:Properties")!
        .textOf("Find:DisplayBcc");
    assert.equal(await told("received"), undefined);
    assert.equal(await told("mine"), "Secret");
  }));

test("a new SearchId starts at 0; then its pages may be asked for", () =>
  withApp(async (app) => {
    for (let n = 0; n < 30; n++) await put(app, `page ${n}`, n * minute);
    const page = (words: string, id = "one", deviceId = "PHONE1") =>
      ask(app, { id, query: [text("page")], options: range(words), deviceId });
    assert.equal((await page("10-19")).status, 4);
    assert.deepEqual((await page("0-9")).range, "0-9");
    assert.deepEqual((await page("10-19")).found[0], "page 10");
    assert.deepEqual((await page("25-99")).range, "25-29");
    assert.equal((await page("10-19", "two")).status, 4, "another search");
    assert.equal((await page("10-19", "one", "TABLET")).status, 4, "another device");
    assert.equal((await page("0-9", "two")).status, 1);
    assert.equal((await page("10-19", "one")).status, 4, "the one before is over");
    assert.deepEqual([(await page("40-49", "two")).range, (await page("40-49", "two")).total], [
      "0-0",
      "30",
    ]);
  }));

test("folders: one, those below it, all; one that is not there asks for FolderSync", () =>
  withApp(async (app) => {
    const box = app.mailbox() as unknown as {
      createFolder(place: object, token: string): Promise<{ id: string }>;
    };
    const work = await box.createFolder({ name: "Work", class: "mail" }, "a");
    const old = await box.createFolder({ name: "Old", class: "mail", parent: work.id }, "b");
    await app.mailbox().move(await put(app, "letter one", minute), work.id, "c");
    await app.mailbox().move(await put(app, "letter two", 0), old.id, "d");
    const search = async (folder: string, ...options: Element[]) =>
      await ask(app, { query: [text("letter"), el("AirSync:CollectionId", folder)], options });
    assert.deepEqual((await search(work.id)).found, ["letter one"]);
    assert.deepEqual((await search(work.id, el("Find:DeepTraversal"))).found, [
      "letter two",
      "letter one",
    ]);
    assert.equal((await search("0")).total, "2");
    assert.equal((await search("gone")).status, 3);
  }));

test("a Find that is none is status 2, without a document 101", () =>
  withApp(async (app) => {
    const query = [text("x")];
    const wrong: readonly Asked[] = [
      { query: [] },
      { query: [text(" ")] },
      { query, options: range("9-3") },
      { query, options: range("x") },
      { query, options: range("1000-1010") },
      { query, id: "" },
      { query, id: "x".repeat(300) },
      { query: [...query, el("AirSync:Class", "Letters")] },
      { query: [], people: true },
    ];
    for (const asked of wrong) {
      assert.equal((await ask(app, asked)).status, 2, shown(document(asked)));
    }
    const empty = el("Find:Find", el("Find:SearchId", "a"), el("Find:ExecuteSearch"));
    const answer = await documentOf(await app.ask("Find", { body: empty }));
    assert.equal(shown(answer), "Find:Find\n  Find:Status 2\n");
    assert.equal((await documentOf(await app.ask("Find"))).textOf("Find:Status"), "101");
    assert.equal(
      (await ask(app, { query: [...query, el("AirSync:Class", "Calendar")] })).total,
      "0",
    );
  }));

test("versions before 16.1 do not know Find", () =>
  withApp(async (app) => {
    const body = document({ query: [text("x")] });
    const answer = await documentOf(await app.ask("Find", { version: "16.0", body }));
    assert.equal(answer.textOf("Find:Status"), "137");
  }));

test("people are found by Find as well", () => {
  const known = {
    find: () => Promise.resolve([{ displayName: "Anna", address: "anna@example.org" }]),
  };
  const plugin = definePlugin({
    id: "people",
    summary: "People of a test",
    needs: ["eas"],
    contributes: () => [directory.of(known)],
  });
  return withApp(async (app) => {
    const { found, total, results } = await ask(app, {
      people: true,
      query: [text("an")],
      options: [el("Find:Picture")],
    });
    assert.deepEqual([found, total], [["Anna"], "1"]);
    assert.match(shown(results[0]!), /Gal:EmailAddress anna@example\.org\n\s+Gal:Picture/);
  }, { plugins: [plugin] });
});
