// Tests of an account's folders at a real Dovecot: who renames them, whose they are, what may be done.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ImapFlow } from "imapflow";
import type { Storage } from "../../../../../core/mod.ts";
import { openStorage } from "../../../../../storage/mod.ts";
import { fakeClock } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { startCyrus } from "../../../../../tests/servers/cyrus.ts";
import { type Dovecot, startDovecot, type User } from "../../../../../tests/servers/dovecot.ts";
import type { MailServer } from "../../../../../tests/servers/mail_server.ts";
import { cyrusPresent, dovecotPresent } from "../../../../../tests/servers/present.ts";
import { startTap } from "../../../../../tests/servers/tap.ts";
import { NotFound, Refused } from "../../../api.ts";
import { testAccount, testServer } from "../_imap_kit.ts";
import { openConnection } from "../login/connect.ts";
import { makeConnections } from "../connections/connections.ts";
import { createFolder, type Removal, removeFolder, updateFolder } from "./folder_edits.ts";
import { folderNumbers } from "./folder_numbers.ts";
import { placeMigrations } from "./place_rows.ts";
import { checkRight, PlaceBook } from "./places.ts";
import { folderWord } from "./mailbox_name.ts";
import { command } from "../connections/raw.ts";

const found = needs("dovecot", dovecotPresent());
const hasCyrus = needs("cyrus", cyrusPresent());
let plain: Dovecot;
let courier: Dovecot;
let shared: Dovecot;
before(async () => {
  if (found.skip) return;
  [plain, courier, shared] = await Promise.all([
    startDovecot({ specialFolders: true }),
    startDovecot({ prefix: "INBOX.", separator: ".", without: ["SPECIAL-USE", "LIST-EXTENDED"] }),
    startDovecot({
      acl: true,
      publicFolders: { News: "lrs", Wall: "lr", Board: "lrswite", Secret: "" },
    }),
  ]);
});
after(() => Promise.all([plain, courier, shared].map((each) => each?.stop())));

/** For folders whose messages nobody keeps. */
function removal(places: PlaceBook): Removal {
  const { db, clock, connections } = places.options;
  const running = new Map();
  const store = { db, clock, connections, places, maxMessageSize: 0, owner: "one", running };
  return { places, store };
}

/** One account as one process knows it, and a client of its user's. */
async function desk(dovecot: MailServer, options: {
  user?: User;
  port?: number;
  config?: object;
  db?: Storage;
  account?: ReturnType<typeof testAccount>;
} = {}) {
  const user = options.user ?? await dovecot.addUser();
  const server = testServer({
    host: dovecot.host,
    port: options.port ?? dovecot.port,
    ...options.config,
  });
  const login = { address: user.address, secret: { reveal: () => user.password } };
  const account = options.account ?? testAccount(user.address);
  const db = options.db ?? await openStorage(":memory:");
  if (!options.db) {
    for (const sql of placeMigrations.flatMap(({ up }) => up)) await db.run(sql);
  }
  const clock = fakeClock();
  const connections = makeConnections({
    account,
    clock,
    limit: 4,
    timeout: 30,
    idle: 60,
    open: () => openConnection(server, login),
    seen: (mailbox) => book.opened(mailbox),
  });
  const book: PlaceBook = new PlaceBook({ account, db, clock, connections, config: server.config });
  const other = await openConnection(
    testServer({ host: dovecot.host, port: dovecot.port }),
    login,
  );
  return {
    book,
    other,
    user,
    account,
    db,
    connections,
    paths: async () => (await book.all()).map(({ path }) => path).sort(),
    idOf: async (path: string) => (await book.all()).find((each) => each.path === path)?.id,
    since: async (cursor: string) =>
      (await book.folders(cursor)).changes.map(({ id, folder }) => folder?.name ?? `-${id}`),
    async close() {
      other.close();
      await connections.close();
      if (!options.db) await db.close();
    },
  };
}

const exec = (client: ImapFlow, name: string, ...words: string[]) =>
  command(client, name, words.map((word) => folderWord(client, word)));
const top = (name: string) => ({ name, parent: undefined, class: "mail" as const });
const refused = (reason: string) => (error: unknown) =>
  error instanceof Refused && error.reason === reason;

test(
  "a look at the hierarchy is one command, and writes nothing where nothing is new",
  found,
  async () => {
    const tap = await startTap(plain.port);
    const { book, close, user, other } = await desk(plain, { port: tap.port });
    const { cursor } = await book.folders(undefined);
    for (let n = 0; n < 30; n++) await exec(other, "CREATE", `Folder ${n}`);
    tap.reset();
    const page = await book.folders(cursor);
    assert.equal(page.changes.length, 30);
    assert.deepEqual(tap.names(), ["LIST"]);
    await plain.deliver(user, "Subject: x\r\n\r\ny\r\n");
    assert.deepEqual(await book.folders(page.cursor), { ...page, changes: [] });
    await close();
    await tap.stop();
  },
);

test(
  "a folder that another client renames keeps its id, and so do those below it",
  found,
  async () => {
    const { book, other, idOf, since, close } = await desk(plain);
    for (const name of ["Work", "Work/2026", "Work/2026/March"]) await exec(other, "CREATE", name);
    const { cursor } = await book.folders(undefined);
    const before = await Promise.all(["Work", "Work/2026", "Work/2026/March"].map(idOf));
    await exec(other, "RENAME", "Work", "Büro");
    assert.deepEqual(await since(cursor), ["Büro"], "what is below has not changed for a device");
    const now = await Promise.all(["Büro", "Büro/2026", "Büro/2026/March"].map(idOf));
    assert.deepEqual(now, before);
    // Moved away from below, with another one in its old place.
    await exec(other, "RENAME", "Büro/2026/March", "March");
    await exec(other, "CREATE", "Büro/2026/March");
    await book.refresh();
    assert.equal(await idOf("March"), before[2]);
    assert.notEqual(await idOf("Büro/2026/March"), before[2]);
    await close();
  },
);

test("a container without mail is renamed with what is in it", found, async () => {
  const { book, other, idOf, close } = await desk(plain);
  await exec(other, "CREATE", "a/b/c");
  await book.refresh();
  const before = await Promise.all(["a", "a/b", "a/b/c"].map(idOf));
  assert.deepEqual(
    (await book.all()).filter(({ selectable }) => !selectable).map(({ path }) => path),
    [
      "a",
      "a/b",
    ],
  );
  await exec(other, "RENAME", "a", "z");
  await book.refresh();
  assert.deepEqual(await Promise.all(["z", "z/b", "z/b/c"].map(idOf)), before);
  await close();
});

test(
  "a folder that was made anew keeps its id as long as nobody looked while it was away",
  found,
  async () => {
    const { book, other, idOf, since, close } = await desk(plain);
    await exec(other, "CREATE", "Tmp");
    const { cursor } = await book.folders(undefined);
    const id = await idOf("Tmp");
    await exec(other, "DELETE", "Tmp");
    await exec(other, "CREATE", "Tmp");
    assert.deepEqual(await since(cursor), []);
    assert.equal(await idOf("Tmp"), id);
    await exec(other, "DELETE", "Tmp");
    assert.deepEqual(await since(cursor), [`-${id}`]);
    await exec(other, "CREATE", "Tmp");
    await book.refresh();
    assert.notEqual(await idOf("Tmp"), id);
    await close();
  },
);

test("another process sees the same ids, and what it edits", found, async () => {
  const user = await plain.addUser();
  await plain.makeFolders(user);
  const one = await desk(plain, { user });
  const { account, db } = one;
  const two = await desk(plain, { user, db, account });
  await Promise.all([one, two, one, two].map(({ book }) => book.refresh()));
  assert.deepEqual(await two.book.all(), await one.book.all());
  const made = await createFolder(one.book, top("Mine"), "token");
  assert.equal((await two.book.place(made.id)).path, "Mine");
  await updateFolder(two.book, made.id, { name: "Yours", parent: undefined });
  const { cursor } = await one.book.folders(undefined);
  assert.equal((await one.book.place(made.id)).path, "Yours");
  assert.deepEqual(await one.since(cursor), []);
  await two.close();
  await one.close();
});

test("a write that was cut off makes its folder once", found, () => makesOnce(plain));

test("it does so on Cyrus, which says in words only what there is already", hasCyrus, async () => {
  const cyrus = await startCyrus({ specialFolders: true });
  await makesOnce(cyrus).finally(() => cyrus.stop());
});

async function makesOnce(server: MailServer): Promise<void> {
  const tap = await startTap(server.port);
  const { book, db, idOf, close, other } = await desk(server, { port: tap.port });
  await book.refresh();
  for (const fate of ["cut", "cut answer"] as const) {
    tap.rule = ({ name }) => name === "CREATE" ? fate : undefined;
    await assert.rejects(createFolder(book, top(fate), fate), /Cannot make the folder/);
    tap.reset();
    const made = await createFolder(book, top(fate), fate);
    assert.equal(made.name, fate);
    assert.equal(await idOf(fate), made.id);
    assert.deepEqual(await createFolder(book, top(fate), fate), made);
    await assert.rejects(createFolder(book, top(fate), `another ${fate}`), refused("exists"));
  }
  // Somebody else was faster, and nobody has looked since.
  await exec(other, "CREATE", "Taken");
  await assert.rejects(createFolder(book, top("Taken"), "t3"), refused("exists"));
  const [row] = await db.all<{ n: number }>(
    "SELECT count(*) AS n FROM mailbox_imap_folder WHERE gone = 2",
  );
  assert.equal(row!.n, 0);
  await close();
  await tap.stop();
}

test("a name that the server cannot keep is refused", found, async () => {
  const { book, close } = await desk(plain);
  await assert.rejects(createFolder(book, top("a/b"), "t1"), refused("other"));
  await assert.rejects(createFolder(book, top("v1.2"), "t2"), refused("other"));
  await assert.rejects(createFolder(book, top("x".repeat(256)), "t3"), refused("other"));
  await assert.rejects(
    createFolder(book, { ...top("Dates"), class: "event" }, "t4"),
    refused("other"),
  );
  const odd = await createFolder(book, top('50% "off" & *more*'), "t5");
  await updateFolder(book, odd.id, { name: "日本 & co", parent: undefined });
  assert.equal((await book.place(odd.id)).path, "日本 & co");
  await removeFolder(removal(book), odd.id);
  await close();
});

test("a missing special folder is made when it is needed, and not before", found, async () => {
  const { book, paths, close, other } = await desk(courier, {
    config: { folders: { trash: "INBOX.Bin" } },
  });
  await book.folders(undefined);
  assert.deepEqual(await paths(), ["INBOX"]);
  assert.equal(await book.byRole("sent"), undefined);
  const [one, two] = await Promise.all([book.need("sent"), book.need("sent")]);
  assert.equal(one.path, "INBOX.Sent");
  assert.equal(two.id, one.id);
  assert.equal((await book.need("trash")).path, "INBOX.Bin");
  const subscribed = (await other.list()).filter((each) => each.subscribed).map(({ path }) => path);
  assert.deepEqual(subscribed.sort(), ["INBOX", "INBOX.Bin", "INBOX.Sent"]);
  await assert.rejects(book.need("outbox"), refused("other"));
  await close();
});

test(
  "with a prefix folders stand side by side with the inbox, and are found under names in any language",
  found,
  async () => {
    const { book, other, since, close } = await desk(courier);
    for (const name of ["INBOX.Entwürfe", "INBOX.Work", "INBOX.Work.Old"]) {
      await exec(other, "CREATE", name);
    }
    const { changes, cursor } = await book.folders(undefined);
    assert.deepEqual(
      changes.map(({ folder }) => [folder!.name, folder!.role, folder!.parent !== undefined])
        .sort(),
      [
        ["Entwürfe", "drafts", false],
        ["Inbox", "inbox", false],
        ["Old", undefined, true],
        ["Work", undefined, false],
      ],
    );
    const made = await createFolder(book, top("Neu"), "t");
    assert.equal((await book.place(made.id)).path, "INBOX.Neu");
    const work = (await book.all()).find(({ path }) => path === "INBOX.Work")!;
    await updateFolder(book, made.id, { name: "Neuer", parent: work.id });
    assert.equal((await book.place(made.id)).path, "INBOX.Work.Neuer");
    assert.deepEqual(await since(cursor), ["Neuer"]);
    await removeFolder(removal(book), work.id);
    assert.deepEqual((await book.all()).map(({ path }) => path).sort(), [
      "INBOX",
      "INBOX.Entwürfe",
    ]);
    await close();
  },
);

test("without LIST-STATUS a rename is seen for folders that were opened once", found, async () => {
  const weak = await startDovecot({ without: ["LIST-STATUS", "LIST-EXTENDED", "SPECIAL-USE"] });
  try {
    const { book, other, idOf, connections, close } = await desk(weak);
    await exec(other, "CREATE", "One");
    await book.refresh();
    const id = await idOf("One");
    await connections.inFolder("One", async () => {});
    await book.refresh();
    await exec(other, "RENAME", "One", "Two");
    await book.refresh();
    assert.equal(await idOf("Two"), id);
    await close();
  } finally {
    await weak.stop();
  }
});

test("only subscribed folders where that is wanted; new ones are", found, async () => {
  for (const dovecot of [plain, courier]) {
    const prefix = dovecot === courier ? "INBOX." : "";
    const { book, other, paths, close } = await desk(dovecot, { config: { subscribed: true } });
    await exec(other, "CREATE", `${prefix}Seen`);
    await exec(other, "SUBSCRIBE", `${prefix}Seen`);
    await exec(other, "CREATE", `${prefix}Unseen`);
    await createFolder(book, top("Made"), "t");
    const shown = await paths();
    assert.ok(shown.includes("INBOX"));
    assert.ok(shown.includes(`${prefix}Seen`) && shown.includes(`${prefix}Made`));
    assert.ok(!shown.includes(`${prefix}Unseen`));
    const id = (await book.all()).find(({ path }) => path === `${prefix}Seen`)!.id;
    await updateFolder(book, id, { name: "Still seen", parent: undefined });
    assert.ok((await paths()).includes(`${prefix}Still seen`));
    await close();
  }
});

test(
  "public folders, and those that others share, are shown with the rights that one has",
  found,
  async () => {
    const bob = await desk(shared);
    await exec(bob.other, "CREATE", "Team");
    await exec(bob.other, "CREATE", "Private");
    const anna = await desk(shared);
    await exec(bob.other, "SETACL", "Team", anna.user.address, "lrs");
    const { changes } = await anna.book.folders(undefined);
    const names = changes.map(({ folder }) => folder!.name);
    assert.ok(names.includes("Team") && names.includes("News") && names.includes("Board"));
    assert.ok(!names.includes("Private") && !names.includes("Secret"));
    const place = async (name: string) =>
      (await anna.book.all()).find(({ path }) => path.endsWith(`/${name}`))!;
    for (const name of ["Team", "News"]) {
      const { rights } = await place(name);
      assert.ok(rights?.includes("r"));
      for (const what of ["insert", "flag", "remove"] as const) {
        assert.throws(
          () => checkRight({ ...changes[0]!, path: name, rights } as never, what),
          refused("readonly"),
        );
      }
    }
    const board = await place("Board");
    for (const what of ["insert", "flag", "remove"] as const) checkRight(board, what);
    const own = (await anna.book.all()).find(({ path }) => path === "INBOX")!;
    for (const what of ["insert", "flag", "remove"] as const) checkRight(own, what);
    await assert.rejects(
      anna.connections.inFolder((await place("Wall")).path, async () => {}, { write: true }),
      refused("readonly"),
    );
    await assert.rejects(
      createFolder(
        anna.book,
        { name: "Mine", parent: (await place("News")).id, class: "mail" },
        "t",
      ),
      refused("readonly"),
    );
    const hidden = await desk(shared, { user: anna.user, config: { shared: false } });
    assert.deepEqual(await hidden.paths(), ["INBOX"]);
    await Promise.all([anna, bob, hidden].map((each) => each.close()));
  },
);

test("what is gone on the server is NotFound when it is edited, and told", found, async () => {
  const { book, other, idOf, since, close } = await desk(plain);
  await exec(other, "CREATE", "Old");
  const { cursor } = await book.folders(undefined);
  const id = (await idOf("Old"))!;
  await exec(other, "DELETE", "Old");
  await assert.rejects(updateFolder(book, id, { name: "New", parent: undefined }), NotFound);
  await removeFolder(removal(book), id);
  assert.deepEqual(await since(cursor), [`-${id}`]);
  await assert.rejects(book.place(id), NotFound);
  await close();
});

test(
  "Cyrus keeps folders below the inbox: they stand beside it, and keep their ids",
  hasCyrus,
  async () => {
    const cyrus = await startCyrus({ specialFolders: true, separator: ".", prefix: "INBOX" });
    try {
      const { book, other, idOf, since, close } = await desk(cyrus);
      for (const name of ["Work", "Work.Old", "Büro", "Work.Old.Älter"]) {
        await exec(other, "CREATE", `INBOX.${name}`);
      }
      const { changes, cursor } = await book.folders(undefined);
      const tops = changes.filter(({ folder }) => folder!.parent === undefined);
      assert.deepEqual(tops.map(({ folder }) => folder!.name).sort(), [
        "Archive",
        "Büro",
        "Drafts",
        "Inbox",
        "Junk",
        "Sent",
        "Trash",
        "Work",
      ]);
      assert.deepEqual(
        changes.flatMap(({ folder }) => folder!.role ?? []).sort(),
        ["archive", "drafts", "inbox", "junk", "sent", "trash"],
      );
      const names = ["Work", "Work.Old", "Work.Old.Älter", "Büro"].map((name) => `INBOX.${name}`);
      const before = await Promise.all(names.map(idOf));
      await exec(other, "RENAME", "INBOX.Work", "INBOX.Werk");
      assert.deepEqual(await since(cursor), ["Werk"]);
      const now = names.map((name) => name.replace("Work", "Werk"));
      assert.deepEqual(await Promise.all(now.map(idOf)), before);
      const made = await createFolder(book, top("Neu"), "token");
      assert.equal((await book.place(made.id)).path, "INBOX.Neu");
      await updateFolder(book, made.id, { name: "Neuer", parent: before[0]! });
      assert.equal((await book.place(made.id)).path, "INBOX.Werk.Neuer");
      await removeFolder(removal(book), before[0]!);
      assert.equal((await book.all()).length, 7);
      await close();
    } finally {
      await cyrus.stop();
    }
  },
);

test(
  "Cyrus: folders of one second, which another client renames, are known by their ids",
  hasCyrus,
  async () => {
    const cyrus = await startCyrus({ specialFolders: true });
    const tap = await startTap(cyrus.port);
    try {
      const { book, other, idOf, since, close } = await desk(cyrus, { port: tap.port });
      // UIDVALIDITY is the second in which a folder was made.
      const validity = async (path: string) => (await folderNumbers(other, path)).uidValidity;
      const twins = async (turn = 0): Promise<[string, string]> => {
        const [a, b] = [`Anna ${turn}`, `Ben ${turn}`] as const;
        await Promise.all([a, b].map((name) => exec(other, "CREATE", name)));
        return await validity(a) === await validity(b) ? [a, b] : await twins(turn + 1);
      };
      const [anna, ben] = await twins();
      await exec(other, "CREATE", `${anna}/Below`);
      const { cursor } = await book.folders(undefined);
      const before = [await idOf(anna), await idOf(ben), await idOf(`${anna}/Below`)];
      tap.reset();
      assert.deepEqual(await since(cursor), []);
      assert.deepEqual(tap.names(), ["LIST"], "what is known is not asked for again");
      await exec(other, "RENAME", anna, "One");
      await exec(other, "RENAME", ben, "Two");
      assert.deepEqual((await since(cursor)).sort(), ["One", "Two"]);
      assert.deepEqual([await idOf("One"), await idOf("Two"), await idOf("One/Below")], before);
      // One of them has had mail: they change places, and their numbers tell that they have.
      await other.append("One", "Subject: x\r\n\r\ny\r\n");
      await book.refresh();
      for (const [from, to] of [["One", "X"], ["Two", "One"], ["X", "Two"]]) {
        await exec(other, "RENAME", from!, to!);
      }
      await book.refresh();
      assert.deepEqual([await idOf("Two"), await idOf("One"), await idOf("Two/Below")], before);
      await close();
    } finally {
      await tap.stop();
      await cyrus.stop();
    }
  },
);
