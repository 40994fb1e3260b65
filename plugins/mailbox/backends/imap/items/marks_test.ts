// Tests of marks as flags: what goes to the server, what is kept beside it, and what others change.
import assert from "node:assert/strict";
import { test } from "node:test";
import { firstMarks, sameMarks } from "../../../marks.ts";
import type { Flag, Marks } from "../../../model.ts";
import { isCategory, keywordOf, wordOf } from "./keywords.ts";
import {
  extraAfter,
  extraFor,
  flagChanges,
  flagsOf,
  flagsText,
  isDeleted,
  isPermanent,
  marksOf,
  wantedFlags,
} from "./marks.ts";

const marks = (given: Partial<Marks>) => firstMarks(given);
const full = marks({
  read: true,
  answered: true,
  forwarded: true,
  draft: true,
  flag: { status: "active", type: "Follow up", due: 5 },
  keywords: ["Blue category", "Müller & Söhne", "a_b", "x".repeat(80)],
  verb: { kind: "replyAll", at: 7 },
});

/** Sets marks as a server would that keeps what `keeps` allows. */
function set(
  flags: string,
  extra: string | undefined,
  wanted: Marks,
  keeps: (flag: string) => boolean = () => true,
): { flags: string; extra: string | undefined } {
  const { add, remove } = flagChanges(flags, extra, wanted);
  const gone = new Set(remove);
  const after = flagsText([
    ...flagsOf(flags).filter((one) => !gone.has(one)),
    ...add.filter(keeps),
  ]);
  return { flags: after, extra: extraFor(after, wanted) };
}

test("every mark survives the way to the server and back, whatever the server keeps of it", () => {
  const servers = [
    () => true,
    (flag: string) => flag.startsWith("\\"),
    (flag: string) => !flag.startsWith("$"),
  ];
  for (const keeps of servers) {
    let [flags, extra]: [string, string | undefined] = ["\\Flagged $MDNSent other", undefined];
    for (const wanted of [full, marks({}), marks({ flag: { status: "complete" } }), full]) {
      ({ flags, extra } = set(flags, extra, wanted, keeps));
      assert.ok(sameMarks(marksOf(flags, extra), wanted), `${flags} ${extra}`);
      assert.match(flags, /\$MDNSent/, "what is nobody's mark stays");
    }
  }
});

test("nothing is changed where the flags say it already", () => {
  const { flags, extra } = set("", undefined, full);
  assert.deepEqual(flagChanges(flags, extra, full), { add: [], remove: [] });
});

test("the server's spelling of a keyword does not change the user's word", () => {
  const wanted = marks({ keywords: ["Work", "to do"] });
  const extra = extraFor("TO_DO work", wanted);
  assert.ok(sameMarks(marksOf("TO_DO work", extra), wanted));
  assert.deepEqual(flagChanges("TO_DO work", extra, wanted), { add: [], remove: [] });
  const less = marks({ keywords: ["Work"] });
  assert.deepEqual(flagChanges("TO_DO work", extra, less).remove, ["TO_DO"]);
  // Two words that one keyword stands for, on a server that does not tell capital letters apart.
  const both = marks({ keywords: ["work", "Work"] });
  assert.ok(sameMarks(marksOf("work", extraFor("work", both)), both));
});

test("a flag that others take away or set anew loses its details", () => {
  const details: Flag = { status: "active", type: "Follow up", due: 5 };
  const extra = extraFor("\\Flagged", marks({ flag: details }));
  assert.deepEqual(marksOf("\\Flagged", extra).flag, details);
  assert.equal(marksOf("", extra).flag, undefined);
  const after = extraAfter("", extra);
  assert.deepEqual(marksOf("\\Flagged", after).flag, { status: "active" });
  const done = extraFor("", marks({ flag: { status: "complete", completed: 9 } }));
  assert.deepEqual(marksOf("", done).flag, { status: "complete", completed: 9 });
  assert.deepEqual(marksOf("\\Flagged", done).flag, { status: "active" });
  assert.equal(marksOf("", extraAfter("\\Flagged", done)).flag, undefined);
  assert.equal(extraAfter("\\Seen", done), done, "what has nothing to do with it stays");
});

test("flags are one text, whatever their order and the spelling of the system's", () => {
  assert.equal(flagsText(["\\SEEN", "b", "\\Recent", "A", "\\seen"]), "A \\Seen b");
  assert.equal(flagsText([]), "");
  assert.ok(isDeleted(flagsText(["\\DELETED"])));
  assert.ok(!isDeleted("Deleted"));
  assert.deepEqual(marksOf("$FORWARDED \\Answered").forwarded, true);
});

test("keywords of programs are no categories", () => {
  for (const flag of ["$Junk", "NonJunk", "junk", "$label1", "$MDNSent", "\\Seen", "\\*"]) {
    assert.ok(!isCategory(flag), flag);
  }
  assert.deepEqual(marksOf("$Phishing NonJunk Work").keywords, ["Work"]);
  assert.deepEqual(wantedFlags(marks({ keywords: ["Junk", "$x"] })), ["=4Aunk", "=24x"]);
});

test("a word becomes an atom that can be read, and comes back", () => {
  assert.equal(keywordOf("Blue category"), "Blue_category");
  assert.equal(keywordOf("Müller"), "M=C3=BCller");
  const words = ["Work", "a b", "a_b", "=41", "$x", "Junk", "(x)", '"\\*%]{', "日本", "🦊", "\n"];
  for (const word of words) {
    const keyword = keywordOf(word)!;
    assert.match(keyword, /^[!#&'+,\-./0-9:;=?@A-Z_a-z]+$/, word);
    assert.ok(isCategory(keyword), word);
    assert.equal(wordOf(keyword), word);
  }
  assert.equal(keywordOf("x".repeat(51)), undefined);
  assert.equal(wordOf("=FF=FE"), "=FF=FE", "no word of ours stands for itself");
});

test("a folder keeps the flags that it says, new keywords where it says so, and all where it is silent", () => {
  const some = new Set(["\\Seen", "Known"]);
  assert.deepEqual(
    ["\\seen", "\\Flagged", "known", "new"].map((flag) => isPermanent(some, flag)),
    [true, false, true, false],
  );
  const any = new Set(["\\Seen", "\\*"]);
  assert.deepEqual(["\\Flagged", "new"].map((flag) => isPermanent(any, flag)), [false, true]);
  assert.ok(isPermanent(undefined, "\\Flagged"));
});
