// Searching on a real server finds what the plainest form of a query's meaning finds.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, test } from "node:test";
import type { ImapFlow } from "imapflow";
import { fakeClock, seededRandom } from "../../../../../tests/kit.ts";
import { needs } from "../../../../../tests/needs.ts";
import { type Dovecot, startDovecot } from "../../../../../tests/servers/dovecot.ts";
import { startCyrus } from "../../../../../tests/servers/cyrus.ts";
import type { MailServer } from "../../../../../tests/servers/mail_server.ts";
import { cyrusPresent, dovecotPresent } from "../../../../../tests/servers/present.ts";
import { NotFound } from "../../../api.ts";
import { type Folder, noMarks } from "../../../model.ts";
import type { Query } from "../../../query.ts";
import { fieldWords } from "../../../search/content.ts";
import { type Candidate, matches } from "../../../search/matches.ts";
import { threadKeys } from "../../../mime/thread.ts";
import { parseMessage } from "../../memory/message.ts";
import { logIn, plainReading } from "../_reading_kit.ts";
import { readItems } from "../reading/read.ts";
import { type Searching, searchItems } from "./search.ts";

const found = needs("dovecot", dovecotPresent());
const foundCyrus = needs("cyrus", cyrusPresent());
let dovecot: Dovecot;
let plain: Dovecot;
let cyrus: MailServer;
before(async () => {
  if (!foundCyrus.skip) cyrus = await startCyrus({ specialFolders: true });
  if (found.skip) return;
  dovecot = await startDovecot({ specialFolders: true });
  plain = await startDovecot({
    specialFolders: true,
    without: ["SORT", "SORT=DISPLAY", "ESORT", "ESEARCH", "CONTEXT=SEARCH"],
  });
});
after(async () => {
  await dovecot?.stop();
  await plain?.stop();
  await cyrus?.stop();
});

const day = 86_400_000;
const now = Date.UTC(2026, 2, 20, 12);

const page = { offset: 0, limit: 100 };

interface Put {
  readonly folder: string;
  readonly mime: string;
  readonly date: number;
  readonly flags: string[];
}

const pick = <T>(random: () => number, list: readonly T[]) =>
  list[Math.floor(random() * list.length)]!;

const people = [
  "Anna Berg <anna.berg@one.example>",
  "Bert <bert@two.example>",
  "=?utf-8?Q?Zo=C3=AB?= <z@x.example>",
];
const nouns = ["report", "invoice", "Angebot", "meeting", "会議", "Überblick", "party"];

/** Mail of many kinds, the same each time. */
function someMail(count: number): Put[] {
  const random = seededRandom(42);
  return Array.from({ length: count }, (_, n) => {
    const subject = `${pick(random, nouns)} ${pick(random, nouns)} number ${n}`;
    const date = now - Math.floor(random() * 30 * day / 1000) * 1000;
    const sent = new Date(date - Math.floor(random() * 3) * 3_600_000).toUTCString().replace(
      "GMT",
      "+0200",
    );
    const attached = random() < 0.4;
    const text = `Words about ${pick(random, nouns)} and ${
      pick(random, ["tea", "coffee", "für alle"])
    }.`;
    const head = [
      `From: ${pick(random, people)}`,
      `To: ${pick(random, people)}, me@example.test`,
      ...(random() < 0.3 ? [`Cc: ${pick(random, people)}`] : []),
      `Subject: =?utf-8?B?${Buffer.from(subject).toString("base64")}?=`,
      ...(random() < 0.9 ? [`Date: ${sent}`] : []),
      `Message-ID: <m${n}@x>`,
      ...(n > 10 && random() < 0.4
        ? [`References: <m${Math.floor(random() * 10)}@x> <other@x>`]
        : []),
    ];
    const type = "Content-Type: text/plain; charset=utf-8";
    const body = attached
      ? [
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        type,
        "",
        text,
        "--b",
        `Content-Type: application/pdf; name="${pick(random, ["scan", "photo"])} ${n}.pdf"`,
        "",
        "x",
        "--b--",
        "",
      ]
      : [type, "", text, ""];
    const flags = [...(random() < 0.5 ? ["\\Seen"] : []), ...(random() < 0.2 ? ["\\Flagged"] : [])];
    return {
      folder: pick(random, ["INBOX", "INBOX", "Sent", "Trash", "Work", "Work/Old"]),
      mime: [...head, ...body].join("\r\n"),
      date,
      flags,
    };
  });
}

interface Place {
  readonly client: ImapFlow;
  readonly searching: Searching;
  readonly ids: string[];
  readonly candidates: Candidate[];
}

async function filled(server: MailServer, mails: readonly Put[]): Promise<Place> {
  const client = await logIn(server, await server.addUser());
  for (const path of ["Work", "Work/Old"]) await client.mailboxCreate(path);
  const uids: number[] = [];
  for (const { folder, mime, date, flags } of mails) {
    const put = await client.append(folder, mime, flags, new Date(date));
    assert.ok(put && put.uid);
    uids.push(put.uid);
  }
  const reading = await plainReading(() => Promise.resolve(client));
  const searching = { ...reading, clock: fakeClock(), roots: new Map<string, string>() };
  const candidates: Candidate[] = [];
  for (const [at, mail] of mails.entries()) {
    const id = reading.id(mail.folder, uids[at]!);
    candidates.push(await candidateOf(id, mail, reading.id));
  }
  return { client, searching, candidates, ids: candidates.map(({ state }) => state.id) };
}

async function candidateOf(id: string, mail: Put, idOf: (path: string, uid: number) => string) {
  const { facts, text, html } = (await parseMessage(Buffer.from(mail.mime))).read;
  const folder = (path: string): Folder => ({
    id: idOf(path, 0).split(".")[0]!,
    parent: undefined,
    name: path,
    class: "mail",
    role: undefined,
  });
  const flagged = mail.flags.includes("\\Flagged");
  return {
    state: {
      id,
      date: mail.date,
      revision: "",
      marks: {
        ...noMarks,
        read: mail.flags.includes("\\Seen"),
        flag: flagged ? { status: "active" as const } : undefined,
      },
    },
    facts,
    words: fieldWords(facts, text?.content, html?.content),
    thread: threadKeys(facts).fresh,
    path: mail.folder === "Work/Old" ? [folder("Work/Old"), folder("Work")] : [folder(mail.folder)],
  };
}

/** Queries whose meaning a server that compares letters does not change, over these mails. */
function someQueries({ candidates }: Place): Query[] {
  const random = seededRandom(7);
  const leaf = (): Query => {
    const one = pick(random, candidates);
    const time = one.state.date + pick(random, [-day, 0, 1000, day]);
    return pick<() => Query>(random, [
      () => ({ text: pick(random, nouns), in: "subject" }),
      () => ({
        text: pick(random, ["ann", "anna berg", "BERG@one", "example", "zoë"]),
        in: "from",
        prefix: true,
      }),
      () => ({ text: "bert", in: pick(random, ["to", "cc"]) }),
      () => ({ text: pick(random, ["coffee", "words about", "für"]), in: "body" }),
      () => ({ text: pick(random, ["photo", "pdf"]), in: "attachment" }),
      () => ({ text: pick(random, ["number", "anna", "会議", "tea", "Überblick"]) }),
      () => ({ received: { since: time } }),
      () => ({ received: { since: time - 5 * day, until: time } }),
      () => ({ sent: { until: time } }),
      () => ({ sent: { since: time - day, until: time + day } }),
      () => ({ read: random() < 0.5 }),
      () => ({ flagged: random() < 0.5 }),
      () => ({ attachments: random() < 0.5 }),
      () => ({ folder: one.path.at(-1)!.id, below: random() < 0.5 }),
      () => ({ thread: one.thread }),
      () => ({ class: pick(random, ["mail", "contact"]) }),
    ])();
  };
  const tree = (depth: number): Query => {
    const kind = depth === 0 ? 0 : random();
    if (kind < 0.4) return leaf();
    if (kind < 0.55) return { not: tree(depth - 1) };
    const parts = Array.from({ length: 1 + Math.floor(random() * 3) }, () => tree(depth - 1));
    return kind < 0.8 ? { and: parts } : { or: parts };
  };
  return Array.from({ length: 80 }, () => tree(2));
}

/** In the folder "Work", "Work/Old" lies below it. */
function withParents(searching: Searching): Searching {
  const { places } = searching;
  const all = async () => {
    const list = await places.all();
    const work = list.find(({ path }) => path === "Work")!;
    return list.map((place) => place.path === "Work/Old" ? { ...place, parent: work.id } : place);
  };
  return { ...searching, places: { ...places, all } };
}

const kinds = {
  "a Dovecot that sorts": [() => dovecot, found],
  "a Dovecot that only searches": [() => plain, found],
  "a Cyrus": [() => cyrus, foundCyrus],
} as const;

for (const [kind, [server, present]] of Object.entries(kinds)) {
  test(`any query finds at ${kind} what it means, newest first`, present, async () => {
    const place = await filled(server(), someMail(40));
    const searching = withParents(place.searching);
    for (const query of [...someQueries(place), { and: [] }, { or: [] }]) {
      const wanted = place.candidates.filter((each) => matches(query, each))
        .sort((a, b) => b.state.date - a.state.date).map(({ state }) => state.id);
      const { items, total, complete } = await searchItems(searching, query, page);
      assert.deepEqual(items, wanted, JSON.stringify(query));
      assert.deepEqual([total, complete], [wanted.length, true], JSON.stringify(query));
    }
    await place.client.logout();
  });
}

const headed = (subject: string, more: string[] = [], text = "words") =>
  [`Subject: ${subject}`, "From: mara@example.net", ...more, "", text, ""].join("\r\n");

/** Messages of one folder, each a day older than the one before. */
const inbox = (...mimes: string[]): Put[] =>
  mimes.map((mime, at) => ({ folder: "INBOX", mime, date: now - at * day, flags: [] }));

test(
  "pages follow each other over all folders, and only what is shown gets an id",
  found,
  async () => {
    const place = await filled(dovecot, someMail(30));
    const wanted = [...place.candidates].sort((a, b) => b.state.date - a.state.date);
    const asked: number[] = [];
    const { index } = place.searching;
    const searching = {
      ...place.searching,
      index: {
        ...index,
        identify: (...[where, open, uids]: Parameters<typeof index.identify>) => {
          asked.push(...uids);
          return index.identify(where, open, uids);
        },
      },
    };
    for (const [offset, limit] of [[0, 7], [7, 7], [21, 20], [30, 5], [3, 0]] as const) {
      asked.length = 0;
      const { items, total, more } = await searchItems(searching, { and: [] }, { offset, limit });
      assert.deepEqual(items, wanted.slice(offset, offset + limit).map(({ state }) => state.id));
      assert.deepEqual([total, more], [30, offset + limit < 30]);
      assert.equal(asked.length, items.length);
    }
    await place.client.logout();
  },
);

test(
  "words are found as the server has them: parts of words, accents as typed or none",
  found,
  async () => {
    const place = await filled(
      dovecot,
      inbox(
        headed("=?utf-8?Q?Cr=C3=A8me?="),
        headed("creme"),
        headed("crematorium"),
        headed("house, red"),
        headed("x", [], "the red\r\nhouse"),
      ),
    );
    const find = async (query: Query) =>
      (await searchItems(place.searching, query, page)).items.map((id) => place.ids.indexOf(id));
    assert.deepEqual(await find({ text: "crème" }), [0, 1]);
    assert.deepEqual(await find({ text: "CREM" }), [1, 2]);
    assert.deepEqual(
      await find({ text: "creme", in: "subject" }),
      [1],
      "in one field whole words count",
    );
    assert.deepEqual(await find({ text: "crem", in: "subject", prefix: true }), [1, 2]);
    assert.deepEqual(await find({ text: "red house" }), [3, 4]);
    assert.deepEqual(await find({ text: "red house", in: "subject" }), []);
    assert.deepEqual(await find({ text: "" }), []);
    assert.deepEqual(await find({ text: "!? (" }), []);
    assert.deepEqual(await find({ not: { text: "?" } }), [0, 1, 2, 3, 4]);
    assert.deepEqual(await find({ text: 'red" OR ALL {3}\r\nx LOGOUT' }), []);
    assert.deepEqual(await find({ text: "a\0red" }), [3, 4]);
    await place.client.logout();
  },
);

test("a conversation is found whether it was read before or not", found, async () => {
  const mails: Put[] = [
    ...inbox(headed("talk", ["Message-ID: <root@x>"]), headed("else", ["Message-ID: <e@x>"])),
    {
      folder: "Sent",
      mime: headed("Re: talk", ["References: <root@x> <b@x>"]),
      date: now - 5 * day,
      flags: [],
    },
  ];
  const place = await filled(dovecot, mails);
  const thread = place.candidates[0]!.thread;
  const none = { thread: "0".repeat(32) };
  const unread = await searchItems(place.searching, { thread }, page);
  assert.deepEqual([unread.items, unread.complete], [[place.ids[0], place.ids[2]], true]);
  assert.deepEqual((await searchItems(place.searching, none, page)).items, []);
  const fresh = { ...place.searching, roots: new Map<string, string>() };
  for await (const { mail } of readItems(fresh, [place.ids[2]!], {})) {
    assert.equal(mail!.thread, thread);
  }
  assert.equal(fresh.roots.get(thread), "root@x");
  assert.deepEqual((await searchItems(fresh, { thread }, page)).items, unread.items);
  await place.client.logout();
});

test("deleted messages are not found, folders that are not there are told", found, async () => {
  const place = await filled(dovecot, inbox(headed("one"), headed("two")));
  await place.client.mailboxOpen("INBOX");
  await place.client.messageFlagsAdd("1", ["\\Deleted"]);
  const { items, total } = await searchItems(place.searching, { and: [] }, page);
  assert.deepEqual([items, total], [[place.ids[1]], 1]);
  for (const folder of ["f999", ""]) {
    const query = { and: [{ folder }, { text: "one" }] };
    await assert.rejects(searchItems(place.searching, query, page), NotFound);
  }
  await place.client.logout();
});

test("what is not found in time is not waited for, and the answer says so", found, async () => {
  const place = await filled(dovecot, someMail(20));
  const clock = fakeClock();
  let folders = 0;
  const { connections } = place.searching;
  const slow: Searching = {
    ...place.searching,
    clock,
    connections: {
      inFolder: async (path, work, how) => {
        folders++;
        await clock.tick(10_000);
        return await connections.inFolder(path, work, how);
      },
    },
  };
  const { items, complete } = await searchItems(slow, { text: "number" }, { offset: 0, limit: 5 });
  assert.equal(complete, false);
  assert.ok(folders < 8 && items.length > 0, `${folders} visits, ${items.length} found`);
  await place.client.logout();
});

test(
  "a search costs the same few commands in each folder, however many it finds",
  found,
  async () => {
    const costs: number[] = [];
    for (const count of [10, 300]) {
      const mails = Array.from({ length: count }, (_, n) => headed(`many ${n}`));
      const place = await filled(dovecot, inbox(...mails));
      let commands = 0;
      const inside = place.client as unknown as { exec(...all: unknown[]): unknown };
      const exec = inside.exec.bind(place.client);
      inside.exec = (...all) => (commands++, exec(...all));
      const { total } = await searchItems(place.searching, { text: "many" }, {
        offset: 0,
        limit: 10,
      });
      assert.equal(total, count);
      costs.push(commands);
      await place.client.logout();
    }
    assert.equal(costs[0], costs[1]);
  },
);
