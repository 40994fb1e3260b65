import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { seededRandom, withTempDir } from "../../../tests/kit.ts";
import { chunks } from "../../../tests/kit_mailbox.ts";
import { collect } from "../bytes.ts";
import type { Found, Skipped } from "./found.ts";
import { guarded, readMbox } from "./mbox.ts";

async function read(text: string): Promise<(Found | Skipped)[]> {
  return await withTempDir(async (dir) => {
    const file = join(dir, "box");
    await writeFile(file, text, "latin1");
    const all: (Found | Skipped)[] = [];
    for await (const found of readMbox(file, ["box"])) all.push(found);
    return all;
  });
}

async function texts(all: readonly (Found | Skipped)[]): Promise<string[]> {
  const found = all.filter((one): one is Found => !("skipped" in one));
  return await Promise.all(
    found.map(async (one) => new TextDecoder("latin1").decode(await collect(one.open()))),
  );
}

const from = (date = "Sun Mar  1 12:00:00 2026") => `From a@b.test ${date}\n`;

test("readMbox() gives each message with CRLF, its date and its marks", async () => {
  const all = await read(
    from() + "Subject: one\nStatus: RO\nX-Status: AF\n\nbody \xe9\n\n" +
      from("Mon Mar  2 08:30:00 2026") + "Subject: two\n\nsecond\n",
  );
  assert.deepEqual(await texts(all), [
    "Subject: one\r\nStatus: RO\r\nX-Status: AF\r\n\r\nbody \xe9\r\n",
    "Subject: two\r\n\r\nsecond\r\n",
  ]);
  const [one, two] = all as Found[];
  assert.equal(one!.date, Date.UTC(2026, 2, 1, 12));
  assert.equal(two!.date, Date.UTC(2026, 2, 2, 8, 30));
  const { read: seen, answered, flag } = one!.marks;
  assert.deepEqual([seen, answered, flag], [true, true, { status: "active" }]);
  assert.equal(two!.marks.read, false);
  assert.match(two!.place, /box, message 2$/);
});

test("A text line that begins with From does not split a message, quoted or not", async () => {
  const body = "Dear all,\nFrom here on it rains.\n\nFrom me without a date\n";
  const all = await read(
    from() + `Subject: one\n\n${body}>From the quoted\n\n` + from() + "Subject: two\n\nx\n",
  );
  assert.deepEqual(await texts(all), [
    `Subject: one\n\n${body}From the quoted\n`.replaceAll("\n", "\r\n"),
    "Subject: two\r\n\r\nx\r\n",
  ]);
});

test("guarded() marks the same lines however the bytes are cut", async () => {
  const text = "From first without date\nA: 1\n\nFrom me\nFrom x Sun Mar  1 12:00:00 2026\n\n" +
    from() + "B: 1\r\n\r\nFrom x\r\n\r\n" + from() + "C: 1\n\n\nFrom nobody at all\n";
  const wanted = "From first without date\nA: 1\n\n>From me\n>From x Sun Mar  1 12:00:00 2026\n\n" +
    from() + "B: 1\r\n\r\n>From x\r\n\r\n" + from() + "C: 1\n\n\n>From nobody at all\n";
  for (let size = 1; size < 200; size += 3) {
    const result = new TextDecoder().decode(await collect(guarded(chunks(text, size))));
    assert.equal(result, wanted, `in chunks of ${size}`);
  }
});

test("guarded() passes very long lines on, and takes no separator out of their middle", async () => {
  const long = "x".repeat(70_000) + "From a@b.test Sun Mar  1 12:00:00 2026" + "y".repeat(70_000);
  const text = from() + "A: 1\n\n" + long + "\n\n" + from() + "B: 1\n";
  for (const size of [1000, 65_536, 70_000]) {
    assert.equal(new TextDecoder().decode(await collect(guarded(chunks(text, size)))), text);
  }
});

test("Thunderbird's marks count, and what it has deleted is left out", async () => {
  const all = await read(
    from("Sun Mar 01 12:00:00 2026") + "X-Mozilla-Status: 1007\nSubject: a\n\nx\n\n" +
      from() + "X-Mozilla-Status: 0009\nSubject: gone\n\nx\n",
  );
  const [first, gone] = all as [Found, Skipped];
  assert.deepEqual(
    [first.marks.read, first.marks.answered, first.marks.flag?.status, first.marks.forwarded],
    [true, true, "active", true],
  );
  assert.equal(gone.skipped, "deleted");
});

test("Google's labels become folders, marks and keywords", async () => {
  const labelled = (labels: string) => from() + `X-Gmail-Labels: ${labels}\nSubject: x\n\nx\n\n`;
  const all = await read(
    labelled("Inbox,Unread,Starred,Travel") + labelled("Archived,Opened,Work") +
      labelled("Sent") + labelled("Spam,Unread") + labelled("Drafts"),
  ) as Found[];
  assert.deepEqual(all.map(({ folder }) => folder.at(-1)), [
    "Inbox",
    "Archive",
    "Sent",
    "Junk",
    "Drafts",
  ]);
  assert.deepEqual(all.map(({ marks }) => marks.read), [false, true, true, false, true]);
  assert.deepEqual(all[0]!.marks.keywords, ["Travel"]);
  assert.equal(all[0]!.marks.flag?.status, "active");
  assert.equal(all[4]!.marks.draft, true);
});

test("What is marked as deleted goes to the trash", async () => {
  const [found] = await read(from() + "Status: RD\nSubject: x\n\nx\n") as Found[];
  assert.deepEqual(found!.folder, ["Trash"]);
});

test("A thousand messages of random text come out as they went in", async () => {
  const random = seededRandom(7);
  const words = ["From", "the", "", ">From", "Subject:", "sea", "2026", "12:00", "é"];
  const bodies = Array.from(
    { length: 1000 },
    () =>
      Array.from(
        { length: 1 + Math.floor(random() * 8) },
        () =>
          Array.from({ length: Math.floor(random() * 4) }, () =>
            words[Math.floor(random() * words.length)]).join(" "),
      ),
  );
  // Written as mboxrd: every "From " of a text gets one ">" more.
  const box = bodies.map((body) =>
    from() + "Subject: x\n\n" + body.map((line) => line.replace(/^(>*From )/, ">$1")).join("\n") +
    "\nend\n\n"
  ).join("");
  const found = await texts(await read(box));
  assert.deepEqual(
    found,
    bodies.map((body) => `Subject: x\r\n\r\n${body.join("\r\n")}\r\nend\r\n`),
  );
});

test("progress adds up to the size of the file", async () => {
  const box = (from() + "Subject: x\n\nbody\n\n").repeat(50);
  const all = await read(box);
  const sum = all.reduce((size, one) => size + one.size, 0);
  assert.ok(Math.abs(sum - box.length) < 1, `${sum} of ${box.length}`);
});
