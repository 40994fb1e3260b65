// Search, as a device asks for mail and for people.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { definePlugin, Unavailable } from "../../../core/mod.ts";
import { type ItemState, type Mailbox, NotFound, type Searches } from "../../mailbox/api.ts";
import { type Directory, directory, el, type Element } from "../api.ts";
import { altered, documentOf, type EasApp, easApp, shown } from "../../../tests/kit_eas.ts";

const minute = 60_000;

async function inboxOf({ mailbox }: EasApp): Promise<string> {
  const { changes } = await mailbox().folders(undefined);
  return changes.find(({ folder }) => folder?.role === "inbox")!.id;
}

let tokens = 0;

async function put(
  app: EasApp,
  subject: string,
  ago = 0,
  headers: string[] = [],
): Promise<ItemState> {
  const lines = ["From: Ben <ben@example.com>", "To: anna@example.org", `Subject: ${subject}`];
  const text = [...lines, ...headers, "", `The body of ${subject}.`, ""].join("\r\n");
  return await app.mailbox().create(
    await inboxOf(app),
    { mime: Buffer.from(text), date: app.clock.now() - ago },
    `search-${++tokens}`,
  );
}

interface Search {
  readonly query: readonly Element[] | string;
  readonly options?: readonly Element[];
  readonly store?: string;
}

function document({ query, options = [], store = "Mailbox" }: Search): Element {
  return el(
    "Search:Search",
    el(
      "Search:Store",
      el("Search:Name", store),
      typeof query === "string" ? el("Search:Query", query) : el("Search:Query", ...query),
      options.length > 0 ? el("Search:Options", ...options) : undefined,
    ),
  );
}

const and = (...criteria: Element[]) => [el("Search:And", ...criteria)];
const text = (words: string) => el("Search:FreeText", words);
const range = (words: string) => el("Search:Range", words);

interface Answer {
  readonly status: number;
  readonly results: readonly Element[];
  /** Subjects, or names. */
  readonly found: readonly (string | undefined)[];
  readonly range: string | undefined;
  readonly total: string | undefined;
}

async function ask(app: EasApp, search: Search, version = "16.1"): Promise<Answer> {
  const answer = await documentOf(await app.ask("Search", { version, body: document(search) }));
  assert.equal(answer.textOf("Search:Status"), "1", shown(answer));
  const store = answer.child("Search:Response")!.child("Search:Store")!;
  const results = store.all("Search:Result");
  return {
    status: Number(store.textOf("Search:Status")),
    results,
    found: results.map((result) => result.child("Search:Properties"))
      .filter((properties) => properties !== undefined)
      .map((one) => one.textOf("Email:Subject") ?? one.textOf("Gal:DisplayName")),
    range: store.textOf("Search:Range"),
    total: store.textOf("Search:Total"),
  };
}

async function withApp(work: (app: EasApp) => Promise<void>, options = {}): Promise<void> {
  const app = await easApp(options);
  try {
    await work(app);
  } finally {
    await app.stop();
  }
}

test("a search for words answers mail, newest first, with Range and Total", () =>
  withApp(async (app) => {
    await put(app, "budget one", 2 * minute);
    await put(app, "holiday", minute);
    const newest = await put(app, "budget two");
    const { status, found, results, range, total } = await ask(app, {
      query: and(el("AirSync:Class", "Email"), text("budg")),
    });
    assert.deepEqual({ status, found, range, total }, {
      status: 1,
      found: ["budget two", "budget one"],
      range: "0-1",
      total: "2",
    });
    const [first] = results;
    assert.equal(first!.textOf("AirSync:Class"), "Email");
    assert.equal(first!.textOf("Search:LongId"), newest.id);
    assert.equal(first!.textOf("AirSync:CollectionId"), await inboxOf(app));
    const body = first!.child("Search:Properties")!.child("AirSyncBase:Body")!;
    assert.equal(body.textOf("AirSyncBase:Data"), undefined, "nobody asked for the body");
    assert.equal(body.textOf("AirSyncBase:Truncated"), "1");
  }));

test("nothing found is an empty Result, with Range and Total all the same", () =>
  withApp(async (app) => {
    for (const query of [and(text("nowhere")), and(text("!?"))]) {
      const { status, results, range, total } = await ask(app, { query });
      assert.deepEqual([status, results.length, range, total], [1, 1, "0-0", "0"]);
      assert.equal(results[0]!.children.length, 0);
    }
  }));

test("a LongId fetches the mail that was found", () =>
  withApp(async (app) => {
    await put(app, "budget");
    const { results } = await ask(app, { query: and(text("budget")) });
    const fetched = await documentOf(
      await app.ask("ItemOperations", {
        body: el(
          "ItemOperations:ItemOperations",
          el(
            "ItemOperations:Fetch",
            el("ItemOperations:Store", "Mailbox"),
            el("Search:LongId", results[0]!.textOf("Search:LongId")!),
          ),
        ),
      }),
    );
    assert.match(shown(fetched), /The body of budget/);
  }));

test("folders: one, several, with those below, all of them for 0 and for none", () =>
  withApp(async (app) => {
    const box = app.mailbox();
    assert.ok("createFolder" in box);
    const make = async (name: string, parent: string | undefined) =>
      (await (box as never as {
        createFolder(place: object, token: string): Promise<{ id: string }>;
      }).createFolder({ name, parent, class: "mail" }, name)).id;
    const work = await make("Work", undefined);
    const old = await make("Old", work);
    await put(app, "letter in inbox", 3 * minute);
    for (const [folder, ago] of [[work, 2], [old, 1]] as const) {
      const { id } = await put(app, `letter in ${folder === work ? "work" : "old"}`, ago * minute);
      await box.move(id, folder, `move-${folder}`);
    }
    const inbox = await inboxOf(app);
    const search = async (ids: string[], deep = false) => {
      const folders = ids.map((id) => el("AirSync:CollectionId", id));
      const options = deep ? [el("Search:DeepTraversal")] : [];
      return (await ask(app, { query: and(...folders, text("letter")), options })).found
        .map((subject) => subject!.split(" ").at(-1));
    };
    assert.deepEqual(await search([]), ["old", "work", "inbox"]);
    assert.deepEqual(await search(["0"]), ["old", "work", "inbox"]);
    assert.deepEqual(await search(["0", work]), ["old", "work", "inbox"]);
    assert.deepEqual(await search([work]), ["work"]);
    assert.deepEqual(await search([work], true), ["old", "work"]);
    assert.deepEqual(await search([old, inbox]), ["old", "inbox"]);
    const lost = await ask(app, { query: and(el("AirSync:CollectionId", "gone"), text("x")) });
    assert.equal(lost.status, 11, "the device does not know the folders");
  }));

test("dates, classes, conversations and Or narrow a search", () =>
  withApp(async (app) => {
    const now = app.clock.now();
    for (let n = 0; n < 4; n++) await put(app, `mail ${n}`, n * minute);
    const reply = await put(app, "Re: talk", 10 * minute, ["In-Reply-To: <a@x>"]);
    const date = (tag: "Search:GreaterThan" | "Search:LessThan", ago: number) =>
      el(
        tag,
        el("Email:DateReceived"),
        el("Search:Value", new Date(now - ago * minute).toISOString()),
      );
    const between = and(date("Search:GreaterThan", 3), date("Search:LessThan", 0), text("mail"));
    assert.deepEqual((await ask(app, { query: between })).found, ["mail 1", "mail 2"]);
    const or = [el("Search:Or", text("talk"), text('"mail 3"'))];
    assert.deepEqual((await ask(app, { query: or })).found, ["mail 3", "Re: talk"]);
    const classes = (...names: string[]) =>
      ask(app, { query: and(...names.map((name) => el("AirSync:Class", name)), text("talk")) });
    assert.equal((await classes("Email", "Calendar")).total, "1");
    assert.equal((await classes("Calendar")).total, "0");
    assert.equal((await classes("SMS")).total, "0");
    assert.equal((await classes("Letters")).status, 2);
    for await (const { mail } of app.mailbox().read([reply.id], {})) {
      const id = Uint8Array.from(Buffer.from(mail!.thread, "hex"));
      const query = and(el("Search:ConversationId", id));
      assert.deepEqual((await ask(app, { query })).found, ["Re: talk"]);
    }
    const none = and(el("Search:ConversationId", new Uint8Array(16)));
    assert.equal((await ask(app, { query: none })).total, "0");
  }));

test("Range: pages of at most a hundred, what is past the end says so", () =>
  withApp(async (app) => {
    for (let n = 0; n < 105; n++) await put(app, `page ${n}`, n * minute);
    const page = async (words: string) => {
      const { status, found, range: told, total } = await ask(app, {
        query: and(text("page")),
        options: [range(words)],
      });
      return [status, found[0], found.length, told, total];
    };
    assert.deepEqual(await page("0-9"), [1, "page 0", 10, "0-9", "105"]);
    assert.deepEqual(await page("10-10"), [1, "page 10", 1, "10-10", "105"]);
    assert.deepEqual(await page("100-199"), [1, "page 100", 5, "100-104", "105"]);
    assert.deepEqual(await page("0-999"), [1, "page 0", 100, "0-99", "105"]);
    assert.deepEqual(await page("105-110"), [12, undefined, 0, "0-0", "105"]);
    for (const words of ["5-2", "x", "1-", "-1", "1.5-3"]) {
      const { status } = await ask(app, { query: and(text("page")), options: [range(words)] });
      assert.equal(status, 2, words);
    }
    const all = await ask(app, {
      query: and(text("page")),
      options: [el("Search:RebuildResults")],
    });
    assert.deepEqual([all.found.length, all.range], [100, "0-99"]);
  }));

test("bodies come as the options say, MIME included", () =>
  withApp(async (app) => {
    await put(app, "budget");
    const search = async (...options: Element[]) =>
      shown((await ask(app, { query: and(text("budget")), options })).results[0]!);
    const preference = (type: number, size: number) =>
      el(
        "AirSyncBase:BodyPreference",
        el("AirSyncBase:Type", type),
        el("AirSyncBase:TruncationSize", size),
      );
    assert.match(await search(preference(1, 8)), /Data The body\n/);
    const mime = await search(el("AirSync:MIMESupport", 2), preference(4, 10_000));
    assert.match(mime, /Data From: Ben/);
    const bad = { query: and(text("budget")), options: [el("AirSync:MIMESupport", 7)] };
    assert.equal((await ask(app, bad)).status, 2);
  }));

test("what is wrong with a search is told in the store's status", () =>
  withApp(async (app) => {
    const old = el("Search:GreaterThan", el("Email:DateReceived"), el("Search:Value", "old"));
    const many = and(...Array.from({ length: 200 }, () => text("x")));
    const cases: readonly (readonly [Search, number])[] = [
      [{ query: [] }, 2],
      [{ query: and() }, 2],
      [{ query: and(text(" ")) }, 2],
      [{ query: and(old) }, 2],
      [{ query: and(el("Search:GreaterThan", el("Search:Value", "2026-01-01"))) }, 2],
      [{ query: many }, 8],
      [{ query: and(el("Search:EqualTo", el("Search:Value", "x"))) }, 8],
      [{ query: "x", store: "Cellar" }, 2],
      [{ query: "x", store: "" }, 2],
      [{ query: "x", store: "Document Library" }, 13],
      [{ query: "x", store: "DocumentLibrary" }, 13],
      [{ query: "", store: "GAL" }, 2],
    ];
    for (const [search, status] of cases) {
      assert.equal((await ask(app, search)).status, status, shown(document(search)));
    }
    const root = await documentOf(await app.ask("Search", { body: el("Search:Search") }));
    assert.equal(root.textOf("Search:Status"), "103");
    assert.equal((await app.ask("Search", { version: "12.1" })).status, 400);
  }));

test("versions: no mailbox before 12.0, the newest elements only for the newest", () =>
  withApp(async (app) => {
    await put(app, "budget");
    assert.equal((await ask(app, { query: and(text("budget")) }, "2.5")).status, 2);
    for (const version of ["12.0", "12.1", "14.0", "16.1"]) {
      const { results } = await ask(app, { query: and(text("budget")) }, version);
      const all = shown(results[0]!);
      assert.equal(all.includes("Email2:ConversationId"), version >= "14.0", version);
      assert.equal(all.includes("Email2:IsDraft"), version >= "16.0", version);
    }
  }));

/** A directory that knows some people. */
function people(...names: string[]): Directory {
  return {
    find: (text, limit) =>
      Promise.resolve(
        names.filter((name) => name.toLowerCase().includes(text.toLowerCase())).slice(0, limit)
          .map((displayName) => ({
            displayName,
            address: `${displayName.toLowerCase()}@example.org`,
            fields: { Phone: "+1 555", Office: "", Title: "  " },
          })),
      ),
  };
}

const knowing = (...directories: Directory[]) => ({
  plugins: [
    definePlugin({
      id: "people",
      summary: "People of a test",
      needs: ["eas"],
      contributes: () => directories.map((one) => directory.of(one)),
    }),
  ],
});

test("people are found in all directories, once, by name, without empty fields", () =>
  withApp(async (app) => {
    const search = { store: "GAL", query: "an" };
    const { found, range: told, total, results } = await ask(app, search);
    assert.deepEqual([found, told, total], [["Anna", "Dan", "Johan"], "0-2", "3"]);
    assert.equal(
      shown(results[0]!.child("Search:Properties")!),
      "Search:Properties\n  Gal:DisplayName Anna\n  Gal:Phone +1 555\n  Gal:FirstName\n" +
        "  Gal:EmailAddress anna@example.org\n",
    );
    const page = await ask(app, { ...search, options: [range("1-1")] });
    assert.deepEqual([page.found, page.range, page.total], [["Dan"], "1-1", "3"]);
    assert.equal((await ask(app, { ...search, options: [range("3-5")] })).status, 12);
    const picture = { ...search, options: [el("Search:Picture")] };
    assert.match(shown((await ask(app, picture)).results[0]!), /Gal:Picture\n\s+Gal:Status 173/);
    assert.doesNotMatch(shown((await ask(app, picture, "14.0")).results[0]!), /Picture/);
    assert.equal((await ask(app, search, "2.5")).total, "3");
  }, knowing(people("Dan", "Ben"), people("Johan", "Anna", "Dan"))));

test("without a directory nobody is found; one that fails is told as such", async () => {
  const search = { store: "GAL", query: "anna" };
  await withApp(async (app) => {
    const { status, results, range: told, total } = await ask(app, search);
    assert.deepEqual([status, results.length, told, total], [1, 1, "0-0", "0"]);
  });
  for (
    const [error, expected] of [[new Unavailable("away", 5), 7], [new Error("broken"), 3]] as const
  ) {
    const failing = { find: () => Promise.reject(error) };
    await withApp(async (app) => {
      assert.equal((await ask(app, search)).status, expected);
    }, knowing(people("Anna"), failing));
  }
});

test("a mailbox that cannot search, and one that is away", async () => {
  const search = { query: and(text("x")) };
  const unable = (mailbox: Mailbox) =>
    new Proxy(mailbox, { has: (target, name) => name !== "search" && name in target });
  await withApp(async (app) => {
    assert.equal((await ask(app, search)).status, 3);
  }, { wrap: unable });
  const failing = (error: Error) => ({
    wrap: (mailbox: Mailbox) =>
      altered(mailbox, { search: () => Promise.reject(error) } as Partial<Mailbox & Searches>),
  });
  await withApp(async (app) => {
    assert.equal((await ask(app, search)).status, 11);
  }, failing(new NotFound("gone")));
  await withApp(async (app) => {
    const answer = await app.ask("Search", { body: document(search) });
    assert.equal((await documentOf(answer)).textOf("Search:Status"), "111");
    assert.equal(answer.headers.get("Retry-After"), "7");
  }, failing(new Unavailable("away", 7)));
});

test("a search only reads", () =>
  withApp(async (app) => {
    await put(app, "budget");
    assert.equal((await ask(app, { query: and(text("budget")) })).total, "1");
  }, {
    wrap: (mailbox: Mailbox) => {
      const writes = ["mark", "move", "remove", "send", "replace", "watch"];
      const no = () => assert.fail("a search writes");
      return altered(mailbox, Object.fromEntries(writes.map((name) => [name, no])));
    },
  }));
