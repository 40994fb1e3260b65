// Reads mbox files: messages one after the other, each below a line that begins with "From ".
import { createReadStream } from "node:fs";
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { mboxReader } from "mbox-reader";
import type { Marks } from "../api.ts";
import { type Bytes, bytesOf } from "../bytes.ts";
import { dateOf, type Found, type Skipped } from "./found.ts";

/** What the library gives for each message. */
interface Entry {
  /** Of the "From " line; false: it has none that can be read. */
  readonly time: Date | false;
  readonly content: Buffer;
  readonly headers: Map<string, string[]>;
  readonly flags: readonly string[];
  readonly labels: readonly string[];
  readonly readSize: number;
}

/** The messages of an mbox file, one at a time in memory. */
export async function* readMbox(
  file: string,
  folder: readonly string[],
): AsyncGenerator<Found | Skipped> {
  const source = Readable.from(guarded(createReadStream(file)), { objectMode: false });
  let number = 0;
  let before = 0;
  for await (const entry of mboxReader(source) as AsyncIterable<Entry>) {
    const place = `${file}, message ${++number}`;
    const size = entry.readSize - before;
    before = entry.readSize;
    const mozilla = parseInt(entry.headers.get("x-mozilla-status")?.[0] ?? "0", 16) || 0;
    if (mozilla & 8) {
      yield { place, size, skipped: "deleted" };
      continue;
    }
    // The reader takes the line end before the next separator for its own.
    const text = `${entry.content.toString("latin1")}\n`;
    const bytes = Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
    const date = entry.time ? entry.time.getTime() : dateOf(bytes.subarray(0, 65_536));
    const labelled = byLabels(entry, folder);
    const marks = labelled?.marks ?? marksOf(entry.flags, mozilla);
    const deleted = entry.flags.includes("\\Deleted") ? ["Trash"] : undefined;
    yield {
      place,
      folder: deleted ?? labelled?.folder ?? folder,
      marks,
      date,
      size,
      open: () => bytesOf(bytes),
    };
  }
}

function marksOf(flags: readonly string[], mozilla: number): Partial<Marks> {
  return {
    read: flags.includes("\\Seen") || (mozilla & 1) !== 0,
    answered: flags.includes("\\Answered") || (mozilla & 2) !== 0,
    forwarded: (mozilla & 0x1000) !== 0,
    draft: flags.includes("\\Draft"),
    ...((flags.includes("\\Flagged") || (mozilla & 4)) && { flag: { status: "active" as const } }),
  };
}

// Gmail's own labels, and the folder that each stands for.
const gmail = new Map([
  ["trash", "Trash"],
  ["spam", "Junk"],
  ["drafts", "Drafts"],
  ["sent", "Sent"],
  ["inbox", "Inbox"],
]);
const gmailMarks = /^(unread|opened|starred|important|archived|category .*|chat)$/i;

/** Google's export is one mbox with labels: they say where a message lay, and how it was marked. */
function byLabels(
  { labels }: Entry,
  folder: readonly string[],
): { folder: readonly string[]; marks: Partial<Marks> } | undefined {
  if (labels.length === 0) return undefined;
  const has = (wanted: string) => labels.some((label) => label.toLowerCase() === wanted);
  const place = [...gmail].find(([label]) => has(label))?.[1] ?? "Archive";
  const own = labels.filter((label) => !gmailMarks.test(label) && !gmail.has(label.toLowerCase()));
  const marks: Partial<Marks> = {
    read: !has("unread"),
    draft: has("drafts"),
    keywords: own,
    ...(has("starred") && { flag: { status: "active" as const } }),
  };
  return { folder: [...folder, place], marks };
}

const separator = /^From .*\d\d?:\d\d.*\d{4}/;
const mark = Buffer.from("From ");
const lineMark = Buffer.from("\nFrom ");
const greater = Buffer.from(">");
// A line longer than this is passed on in parts: it is no separator.
const longest = 64 * 1024;

/**
 * Marks "From " lines inside of texts, as a writer of an mbox should have done (some never did): a
 * separator is the first line, or follows an empty line and carries a date. The reader then takes
 * every other one for text.
 */
export async function* guarded(source: AsyncIterable<Uint8Array>): Bytes {
  let carry = Buffer.alloc(0);
  let state: LineState = { first: true, blank: true, inside: false };
  for await (const chunk of source) {
    const bytes = Buffer.concat([carry, chunk]);
    const end = bytes.lastIndexOf(10) + 1;
    const ready = end === 0 && bytes.length >= longest ? bytes : bytes.subarray(0, end);
    carry = bytes.subarray(ready.length);
    if (ready.length === 0) continue;
    yield* escaped(ready, state);
    const inside = end === 0;
    state = { first: false, blank: !inside && endsBlank(ready, state.inside), inside };
  }
  yield* escaped(carry, state);
}

/** What came before a run of lines. */
interface LineState {
  /** Nothing did. */
  readonly first: boolean;
  /** An empty line did. */
  readonly blank: boolean;
  /** A part of the line that goes on now. */
  readonly inside: boolean;
}

function* escaped(lines: Buffer, { first, blank, inside }: LineState): Generator<Uint8Array> {
  let from = 0;
  for (const start of suspects(lines, inside)) {
    if (start === 0 && first) continue;
    const afterBlank = start === 0 ? blank : endsBlank(lines.subarray(0, start), inside);
    const text = lines.toString("latin1", start, start + 200).split("\n")[0]!;
    if (afterBlank && separator.test(text)) continue;
    yield lines.subarray(from, start);
    yield greater;
    from = start;
  }
  if (from < lines.length) yield lines.subarray(from);
}

/** Where lines begin that look like separators. */
function* suspects(lines: Buffer, inside: boolean): Generator<number> {
  if (!inside && lines.subarray(0, mark.length).equals(mark)) yield 0;
  for (let at = lines.indexOf(lineMark); at >= 0; at = lines.indexOf(lineMark, at + 1)) {
    yield at + 1;
  }
}

/** Whether the last line in `bytes` is empty; `inside`: the first one began before. */
function endsBlank(bytes: Buffer, inside: boolean): boolean {
  const end = bytes.toString("latin1", Math.max(0, bytes.length - 3));
  return /\n\r?\n$/.test(end) || (!inside && /^\r?\n$/.test(end) && end.length === bytes.length);
}
