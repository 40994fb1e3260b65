// The mailbox suite: searching.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  type Backend,
  type Mailbox,
  NotFound,
  type Query,
  type Searches,
} from "../../plugins/mailbox/api.ts";
import type { WithPlace } from "./mailbox.ts";
import {
  account,
  allFolders,
  inPieces,
  message,
  put,
  readOne,
  subjects,
  token,
} from "./mailbox_kit.ts";

const day = 86_400_000;

function searching(backend: Backend, id = 1): Mailbox & Searches {
  const mailbox = backend.open(account(id));
  assert.ok("search" in mailbox, "the suite needs a backend that searches");
  return mailbox as Mailbox & Searches;
}

/** The subjects of what is found, newest first. */
async function found(mailbox: Mailbox & Searches, query: Query): Promise<string[]> {
  const { items, complete, total } = await mailbox.search(query, { offset: 0, limit: 100 });
  assert.equal(complete, true);
  assert.equal(total, items.length);
  const read = await Promise.all(items.map((id) => readOne(mailbox, id)));
  return read.map(({ mail }) => mail!.subject);
}

const withWord = (text: string): Query => ({ text, prefix: true });

export function searches(withPlace: WithPlace): void {
  words(withPlace);
  fields(withPlace);
  conditions(withPlace);
  changes(withPlace);
  pages(withPlace);
}

function words(withPlace: WithPlace): void {
  test("a search finds words, whatever their case and accents, newest first", () =>
    withPlace(async ({ mailbox, inbox, backend, clock, letters }) => {
      const box = searching(backend);
      await put(mailbox, inbox, "Crème brûlée", clock.now() - 2 * day);
      await put(mailbox, inbox, "creme fraiche", clock.now());
      await put(mailbox, inbox, "CRÈME", clock.now() - day);
      await put(mailbox, inbox, "cremes", clock.now());
      await put(mailbox, inbox, "Straße in İstanbul", clock.now());
      assert.deepEqual(await found(box, { text: "crè", prefix: true, in: "subject" }), [
        ...(await found(box, { text: "cremes" })),
        "creme fraiche",
        "CRÈME",
        "Crème brûlée",
      ]);
      assert.deepEqual(await found(box, { text: "crè", in: "subject" }), []);
      if (letters) return;
      assert.deepEqual(await found(box, { text: "creme" }), [
        "creme fraiche",
        "CRÈME",
        "Crème brûlée",
      ]);
      assert.deepEqual(await found(box, { text: "crè" }), []);
      assert.deepEqual(await found(box, { text: "STRASSE" }), ["Straße in İstanbul"]);
      assert.deepEqual(await found(box, { text: "istanbul" }), ["Straße in İstanbul"]);
    }));

  test("several words are a phrase, and punctuation does not count", () =>
    withPlace(async ({ mailbox, inbox, backend, letters }) => {
      const box = searching(backend);
      const where = letters ? { in: "subject" as const } : {};
      await put(mailbox, inbox, "the red house, today");
      await put(mailbox, inbox, "house of red");
      assert.deepEqual(await found(box, { ...where, text: "Red-House" }), ["the red house, today"]);
      assert.deepEqual(await found(box, { ...where, text: "red house tod", prefix: true }), [
        "the red house, today",
      ]);
      assert.deepEqual(await found(box, { ...where, text: "red hou tod", prefix: true }), []);
      for (const text of ["", " ", "!?", "§", "\"'*()"]) {
        assert.deepEqual(await found(box, { text }), [], text);
        assert.deepEqual((await found(box, { not: { text } })).length, 2, text);
      }
    }));

  test("scripts without spaces are found by any run of their characters", () =>
    withPlace(async ({ mailbox, inbox, backend }) => {
      const box = searching(backend);
      const text = "明日の会議は東京タワーの第三会議室で行います。내일회의록 ขอบคุณครับ";
      const headers = ["Content-Type: text/plain; charset=utf-8"];
      const mime = message("cjk", { headers, text });
      await box.create(inbox, { mime }, token());
      await put(mailbox, inbox, "other");
      for (const part of ["会議室", "東京タワー", "京タ", "회의", "議", "คุณ", "会議は東京"]) {
        assert.deepEqual(await found(box, withWord(part)), ["cjk"], part);
      }
      assert.deepEqual(await found(box, withWord("室議")), []);
      assert.deepEqual(await found(box, withWord("回議")), []);
    }));

  test("words of HTML are found, its tags and styles are not", () =>
    withPlace(async ({ inbox, backend, letters }) => {
      const box = searching(backend);
      const html = "<style>.hidden{}</style><p title=secret>W<b>or</b>d</p>f&uuml;r<br>alle&#33;";
      const headers = ["Content-Type: text/html; charset=utf-8"];
      await box.create(inbox, { mime: message("html", { headers, text: html }) }, token());
      assert.deepEqual(await found(box, { text: "alle" }), ["html"]);
      if (letters) return;
      for (const text of ["word", "für", "fur alle"]) {
        assert.deepEqual(await found(box, { text }), ["html"], text);
      }
      for (const text of ["hidden", "secret", "style", "uuml"]) {
        assert.deepEqual(await found(box, { text }), [], text);
      }
    }));
}

function letter(lines: readonly string[]): Buffer {
  return Buffer.from([
    "Date: Sun, 1 Mar 2026 09:15:00 +0100",
    ...lines,
    "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=b",
    "",
    "--b",
    "Content-Type: text/plain",
    "",
    "bodyword here",
    "--b",
    "Content-Type: application/pdf",
    'Content-Disposition: attachment; filename="Quarter Report.pdf"',
    "Content-Transfer-Encoding: base64",
    "",
    "aGVsbG8=",
    "--b--",
    "",
  ].join("\r\n"));
}

function fields(withPlace: WithPlace): void {
  test("words are looked for in one field, or in all of them", () =>
    withPlace(async ({ mailbox, inbox, backend, letters }) => {
      const box = searching(backend);
      await put(mailbox, inbox, "plain one");
      const mime = letter([
        "From: Fromname <fromaddress@one.example>",
        "To: Toname <to@two.example>, Second <second@two.example>",
        "Cc: Ccname <cc@three.example>",
        "Bcc: Bccname <bcc@four.example>",
        "Subject: Subjectword",
      ]);
      await box.create(inbox, { mime }, token());
      const places = {
        from: ["fromname", "fromaddress@one.example", "one.example"],
        to: ["toname", "second", "two.example"],
        cc: ["ccname", "cc@three.example"],
        bcc: ["bccname"],
        subject: ["subjectword"],
        body: ["bodyword", "bodyword here"],
        attachment: ["quarter report", "pdf"],
      } as const;
      for (const [place, texts] of Object.entries(places)) {
        for (const text of texts) {
          const asked = letters && place === "attachment";
          if (!asked) assert.deepEqual(await found(box, { text }), ["Subjectword"], text);
          for (const field of Object.keys(places) as (keyof typeof places)[]) {
            const expected = field === place ? ["Subjectword"] : [];
            assert.deepEqual(
              await found(box, { text, in: field }),
              expected,
              `${text} in ${field}`,
            );
          }
        }
      }
      assert.deepEqual(await found(box, { text: "here quarter" }), [], "no phrase across fields");
      assert.deepEqual(await found(box, { attachments: true }), ["Subjectword"]);
      assert.deepEqual(await found(box, { attachments: false }), ["plain one"]);
      assert.deepEqual(
        await found(box, { and: [{ attachments: false }, withWord("plain")] }),
        ["plain one"],
      );
    }));
}

function conditions(withPlace: WithPlace): void {
  test("conditions are joined by and, or, not, with words and without", () =>
    withPlace(async ({ mailbox, inbox, backend, clock }) => {
      const box = searching(backend);
      const names = ["red apple", "green apple", "green pear", "plum"];
      for (const [n, name] of names.entries()) {
        await put(mailbox, inbox, name, clock.now() - n * day);
      }
      const [apple, green, pear] = ["apple", "green", "pear"].map(withWord) as [
        Query,
        Query,
        Query,
      ];
      const cases: readonly (readonly [Query, readonly string[]])[] = [
        [{ and: [apple, green] }, ["green apple"]],
        [{ or: [apple, pear] }, ["red apple", "green apple", "green pear"]],
        [{ and: [green, { not: pear }] }, ["green apple"]],
        [{ not: apple }, ["green pear", "plum"]],
        [{ not: { and: [apple, green] } }, ["red apple", "green pear", "plum"]],
        [{ and: [{ not: apple }, { not: pear }] }, ["plum"]],
        [{ not: { not: pear } }, ["green pear"]],
        [{ or: [{ not: green }, pear] }, ["red apple", "green pear", "plum"]],
        [{ or: [pear, { received: { since: clock.now() } }] }, ["red apple", "green pear"]],
        [{ and: [] }, names],
        [{ or: [] }, []],
        [{ and: [apple, { or: [] }] }, []],
        [{ and: [{ or: [apple, pear] }, { or: [green, withWord("plum")] }] }, [
          "green apple",
          "green pear",
        ]],
        [{ and: [apple, { text: "?!" }] }, []],
        [{ or: [pear, { text: "?!" }] }, ["green pear"]],
      ];
      for (const [query, expected] of cases) {
        assert.deepEqual(await found(box, query), expected, JSON.stringify(query));
      }
    }));

  test("a time has its first moment in it and its last one not", () =>
    withPlace(async ({ mailbox, inbox, backend, clock }) => {
      const box = searching(backend);
      const now = clock.now();
      for (let n = 0; n < 5; n++) await put(mailbox, inbox, `${n} days`, now - n * day);
      const received = { since: now - 3 * day, until: now - day };
      assert.deepEqual(await found(box, { received }), ["2 days", "3 days"]);
      assert.deepEqual(await found(box, { and: [{ received }, withWord("days")] }), [
        "2 days",
        "3 days",
      ]);
      const sent = Date.UTC(2026, 2, 1, 8, 15);
      assert.equal((await found(box, { sent: { since: sent, until: sent + 1 } })).length, 5);
      assert.deepEqual(await found(box, { sent: { until: sent } }), []);
      assert.deepEqual(
        await found(box, { and: [{ sent: { since: sent + 1 } }, withWord("days")] }),
        [],
      );
    }));

  test("mail of any date is found, also before 1970 and far in the future", () =>
    withPlace(async ({ mailbox, inbox, backend, dateStep = 1 }) => {
      const box = searching(backend);
      const future = dateStep === 1 ? [6_000_000_000_000] : [];
      for (const date of [-5_000_000_000, 0, 5 * dateStep, ...future]) {
        await put(mailbox, inbox, `date ${date}`, date);
      }
      assert.equal((await found(box, withWord("date"))).length, 3 + future.length);
      const early = { and: [withWord("date"), { received: { until: dateStep } }] };
      assert.deepEqual((await found(box, early)).sort(), ["date -5000000000", "date 0"]);
      const late = { and: [withWord("date"), { received: { since: 5_000_000_000_000 } }] };
      assert.deepEqual(await found(box, late), future.map((date) => `date ${date}`));
    }));

  test("many items of one moment are all found", () =>
    withPlace(async ({ inbox, backend, clock }) => {
      const box = searching(backend);
      const moment = clock.now();
      for (let n = 0; n < 40; n++) {
        await box.create(inbox, { mime: message(`moment ${n}`), date: moment }, token());
      }
      const received = { since: moment, until: moment + 1 };
      assert.equal((await found(box, { and: [withWord("moment"), { received }] })).length, 40);
    }));

  test("marks are those of now", () =>
    withPlace(async ({ mailbox, inbox, backend }) => {
      const box = searching(backend);
      const { id } = await put(mailbox, inbox, "first");
      await put(mailbox, inbox, "second");
      assert.deepEqual(await found(box, { and: [{ read: true }, withWord("first")] }), []);
      await mailbox.mark(id, { read: true, flag: { status: "active" } }, token());
      assert.deepEqual(await found(box, { and: [{ read: true }, withWord("first")] }), ["first"]);
      assert.deepEqual(await found(box, { read: false }), ["second"]);
      assert.deepEqual(await found(box, { flagged: true }), ["first"]);
      assert.deepEqual(await found(box, { and: [{ flagged: false }, { read: true }] }), []);
      await mailbox.mark(id, { flag: { status: "complete" } }, token());
      assert.deepEqual(await found(box, { flagged: true }), []);
    }));

  test("a folder is searched alone, with those below it, or not at all", () =>
    withPlace(async ({ mailbox, inbox, folder, backend }) => {
      const box = searching(backend);
      const place = { name: "Work", parent: undefined, class: "mail" as const };
      const work = await mailbox.createFolder(place, token());
      const below = await mailbox.createFolder({ ...place, name: "Old", parent: work.id }, token());
      await put(mailbox, inbox, "in inbox", 1000);
      await put(mailbox, work.id, "in work", 2000);
      await put(mailbox, below.id, "in old", 3000);
      const inside = (id: string, below = false): Query => ({ folder: id, below });
      assert.deepEqual(await found(box, inside(work.id)), ["in work"]);
      assert.deepEqual(await found(box, inside(work.id, true)), ["in old", "in work"]);
      const both = { and: [{ or: [inside(below.id), inside(inbox)] }, withWord("in")] };
      assert.deepEqual(await found(box, both), ["in old", "in inbox"]);
      assert.deepEqual(await found(box, { not: inside(work.id, true) }), ["in inbox"]);
      assert.deepEqual(await found(box, inside(await folder("trash"))), []);
      assert.deepEqual(await found(box, { class: "mail" }), ["in old", "in work", "in inbox"]);
      assert.deepEqual(await found(box, { class: "contact" }), []);
      for (const id of ["999999", "", "inbox'--"]) {
        await assert.rejects(found(box, { and: [inside(id), withWord("in")] }), NotFound, id);
      }
    }));

  test("a conversation is found by its thread", () =>
    withPlace(async ({ mailbox, inbox, folder, backend }) => {
      const box = searching(backend);
      const first = { mime: message("talk", { headers: ["Message-ID: <a@x>"] }), date: 1000 };
      const { id } = await box.create(inbox, first, token());
      const reply = message("Re: talk", { headers: ["In-Reply-To: <a@x>"] });
      await box.create(await folder("sent"), { mime: reply, date: 2000 }, token());
      await put(mailbox, inbox, "else");
      const { thread } = (await readOne(box, id)).mail!;
      assert.deepEqual(await found(box, { thread }), ["Re: talk", "talk"]);
      assert.deepEqual(await found(box, { and: [{ thread }, withWord("mara")] }), [
        "Re: talk",
        "talk",
      ]);
      assert.deepEqual(await found(box, { thread: "0".repeat(32) }), []);
    }));
}

/** Each account has the message in its own inbox. */
async function putShared(backend: Backend, id: number): Promise<void> {
  const mailbox = backend.open(account(id));
  const inbox = (await allFolders(mailbox)).find(({ role }) => role === "inbox")!;
  await put(mailbox, inbox.id, "shared");
}

function changes(withPlace: WithPlace): void {
  test("what was moved, replaced or removed is found as it is now", () =>
    withPlace(async ({ mailbox, inbox, folder, backend }) => {
      const box = searching(backend);
      const trash = await folder("trash");
      const inTrash = { and: [{ folder: trash }, withWord("wandering")] };
      const { id } = await put(mailbox, inbox, "wandering");
      assert.deepEqual(await found(box, inTrash), []);
      const moved = await mailbox.move(id, trash, token());
      assert.deepEqual(await found(box, inTrash), ["wandering"]);
      assert.deepEqual(await found(box, withWord("wandering")), ["wandering"]);
      await mailbox.replace(moved, { mime: message("settled") }, token());
      assert.deepEqual(await found(box, withWord("wandering")), []);
      assert.deepEqual(await found(box, withWord("settled")), ["settled"]);
      await mailbox.remove(moved, token());
      assert.deepEqual(await found(box, withWord("settled")), []);
      assert.deepEqual(await found(box, { and: [] }), []);
    }));

  test("what was in a folder that is removed is not found, or where it is kept", () =>
    withPlace(async ({ mailbox, folder, backend }) => {
      const box = searching(backend);
      const place = { name: "Work", parent: undefined, class: "mail" as const };
      for (const keepIn of [undefined, await folder("trash")]) {
        const work = await mailbox.createFolder(place, token());
        await put(mailbox, work.id, "lonely");
        assert.deepEqual(await found(box, withWord("lonely")), ["lonely"]);
        await mailbox.removeFolder(work.id, keepIn);
        assert.deepEqual(await found(box, withWord("lonely")), keepIn ? ["lonely"] : []);
      }
    }));

  test("nobody finds what is another account's, though both got the same message", () =>
    withPlace(async ({ mailbox, inbox, backend }) => {
      const [one, two] = [searching(backend), searching(backend, 2)];
      await put(mailbox, inbox, "private");
      await two.folders(undefined);
      if (backend.deliver) {
        await backend.deliver(inPieces(message("shared")), [account(1), account(2)], "both");
      } else for (const id of [1, 2]) await putShared(backend, id);
      assert.deepEqual(await found(two, { and: [] }), ["shared"]);
      assert.deepEqual(await found(two, withWord("private")), []);
      const { items } = await one.search(withWord("shared"), { offset: 0, limit: 5 });
      await mailbox.remove(items[0]!, token());
      assert.deepEqual(await found(one, withWord("shared")), []);
      assert.deepEqual(await found(two, withWord("shared")), ["shared"]);
    }));
}

function pages(withPlace: WithPlace): void {
  test("pages follow each other, and say how much there is", () =>
    withPlace(async ({ mailbox, inbox, backend, clock }) => {
      const box = searching(backend);
      for (let n = 0; n < 7; n++) await put(mailbox, inbox, `no ${n}`, clock.now() - n * day);
      for (const query of [withWord("no"), { received: { since: 0 } }]) {
        const page = async (offset: number, limit: number) => {
          const { items, total, more } = await box.search(query, { offset, limit });
          const read = await Promise.all(items.map((id) => readOne(box, id)));
          return [await subjects(box, read.map(({ state }) => state)), total, more];
        };
        assert.deepEqual(await page(0, 3), [["no 0", "no 1", "no 2"], 7, true]);
        assert.deepEqual(await page(3, 4), [["no 3", "no 4", "no 5", "no 6"], 7, false]);
        assert.deepEqual(await page(7, 3), [[], 7, false]);
        assert.deepEqual(await page(0, 0), [[], 7, true]);
      }
    }));
}
