// Fills a mailbox of the embedded store with many messages, fast: rows written straight into its tables.
import { Buffer } from "node:buffer";
import { silentLog } from "../../core/log.ts";
import type { Database } from "../../core/mod.ts";
import { systemClock } from "../../core/mod.ts";
import type { FolderId, Role } from "../../plugins/mailbox/api.ts";
import { localBackend } from "../../plugins/mailbox/backends/local/mod.ts";
import { readMail, scanBytes } from "../../plugins/mailbox/mime/mod.ts";
import { seededRandom } from "../kit.ts";

export interface FillOptions {
  /** Which special folder; the inbox unless told. */
  readonly role?: Role;
  /** Which folder, by its id; instead of `role`. */
  readonly folder?: FolderId;
  /** The longest text, in bytes; texts are of all lengths up to it. */
  readonly textBytes?: number;
  /** When the newest one arrived. */
  readonly newest?: number;
  /** How far apart they are, in milliseconds. */
  readonly apart?: number;
  /** The words of the texts, the most common ones first; and how many different texts there are. */
  readonly vocabulary?: readonly string[];
  readonly texts?: number;
}

const BATCH = 1000;
/** Stands for a message's number in its MIME and in what was read from it: eight characters. */
const NUMBER = "#0000000";

/**
 * Puts `n` messages into a folder of an account and returns the folder. The rows are those that
 * arrival would have written, made from a few messages that were read as arrival reads them.
 */
export async function fillMailbox(
  db: Database,
  account: number,
  n: number,
  options: FillOptions = {},
): Promise<FolderId> {
  const { role = "inbox", newest = Date.UTC(2026, 2, 1), apart = 60_000 } = options;
  const folder = options.folder ? Number(options.folder) : await folderOf(db, account, role);
  const templates = await makeTemplates(options);
  for (let done = 0; done < n; done += BATCH) {
    const count = Math.min(BATCH, n - done);
    await db.transaction(async (tx) => {
      const [start] = await tx.all<{ value: number }>(
        "UPDATE mailbox_sequence SET value = value + ? WHERE id = 1 RETURNING value",
        [count],
      );
      for (let at = 0; at < count; at++) {
        const number = done + at;
        const seq = start!.value - count + at + 1;
        const date = newest - (n - 1 - number) * apart;
        await putMessage(tx, folder, number, seq, date, templates[number % templates.length]!);
      }
      await tx.run("UPDATE mailbox_folder SET changed = ?, items = items + ? WHERE id = ?", [
        start!.value,
        count,
        folder,
      ]);
    });
  }
  return String(folder);
}

async function folderOf(db: Database, id: number, role: Role): Promise<number> {
  const backend = localBackend({ db, clock: systemClock, log: silentLog });
  const address = "filled@example.org";
  const account = { id, address, name: "", aliases: [], admin: false, disabled: false };
  const { changes } = await backend.open(account).folders(undefined);
  return Number(changes.find(({ folder }) => folder?.role === role)!.id);
}

interface Template {
  readonly mime: string;
  readonly facts: string;
  readonly places: string;
  readonly text: string;
}

async function putMessage(
  tx: Database,
  folder: number,
  number: number,
  seq: number,
  date: number,
  template: Template,
): Promise<void> {
  const numbered = (text: string) => text.replaceAll(NUMBER, `#${String(number).padStart(7, "0")}`);
  const { text } = template;
  const [row] = await tx.all<{ id: number }>(
    "INSERT INTO mailbox_message (size, facts, places, text_size, text) VALUES (?, ?, ?, ?, ?) " +
      "RETURNING id",
    [template.mime.length, numbered(template.facts), template.places, text.length, text],
  );
  const message = row!.id;
  const bytes = Buffer.from(numbered(template.mime));
  await tx.run("INSERT INTO mailbox_chunk (id, bytes) VALUES (?, ?)", [message * 65536, bytes]);
  await tx.run(
    "INSERT INTO mailbox_item (folder, message, seq, date, thread, read, answered, forwarded, draft) " +
      "VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0)",
    [folder, message, seq, date, number.toString(16).padStart(32, "0"), number % 3 ? 1 : 0],
  );
}

const WORDS = ("the meeting on Tuesday was moved to the small room because of the painters and " +
  "please bring the figures for the second quarter so that we can decide about the new office " +
  "chairs before the summer break starts for most of us").split(" ");

async function makeTemplates(
  { textBytes = 2000, vocabulary, texts = 50 }: FillOptions,
): Promise<Template[]> {
  const random = seededRandom(42);
  const pick = () =>
    vocabulary
      // Zipf: the second word is half as common as the first, the third a third.
      ? vocabulary[Math.floor(vocabulary.length ** random()) - 1]!
      : WORDS[Math.floor(random() * WORDS.length)]!;
  const templates: Template[] = [];
  for (let n = 0; n < texts; n++) {
    let text = "Hello,\r\n\r\n";
    while (text.length < textBytes * (n + 1) / texts) {
      text += Array.from({ length: 11 }, pick).join(" ") + "\r\n";
    }
    const mime = [
      `From: Sender ${n} <sender${n}@example.net>`,
      "To: filled@example.org",
      `Subject: ${pick()} ${pick()} ${pick()} ${NUMBER}`,
      "Date: Sun, 1 Mar 2026 10:00:00 +0000",
      `Message-ID: <${NUMBER}.${n}@example.net>`,
      "Content-Type: text/plain; charset=utf-8",
      "",
      text,
    ].join("\r\n");
    const bytes = Buffer.from(mime);
    const slice = (start: number, end: number) => Promise.resolve(bytes.subarray(start, end));
    const mail = await readMail(scanBytes(bytes), bytes.length, 1 << 20, slice);
    const { facts, places } = mail;
    templates.push({
      mime,
      facts: JSON.stringify(facts),
      places: JSON.stringify(places),
      text: mail.text!.content,
    });
  }
  return templates;
}
