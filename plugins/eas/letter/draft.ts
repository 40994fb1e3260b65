// A draft as a message: what was there, and what the device changed of it.
import { createHash } from "node:crypto";
import addressparser from "nodemailer/lib/addressparser";
import type { Account } from "../../../core/mod.ts";
import {
  addressesIn,
  type Field,
  fields as fieldsOf,
  firstValue,
  headerDate,
  type Item,
  type Mailbox,
  newField,
  normalAddress,
  owns,
  splitHead,
  toHead,
} from "../../mailbox/api.ts";
import { attachmentReference } from "../schema/attachments.ts";
import { toText } from "../schema/convert.ts";
import { addressFields, type DraftChange } from "../schema/draft.ts";
import { addressField, arranged, textField, written } from "./build.ts";
import { type Enclosure, enclosureOf } from "./enclosure.ts";
import { longestHead, once, readLetter } from "./letter.ts";
import type { Texts } from "./quote.ts";

/** Something that hangs on a draft: new, or there before under a reference. */
export interface DraftFile extends Enclosure {
  readonly clientId?: string;
  readonly reference?: string;
}

/** A message that a draft begins from. */
export interface Base {
  readonly fields: readonly Field[];
  /** Its whole bytes. */
  open(): AsyncIterable<Uint8Array>;
  /** What it says and what hangs on it; asked for only where that is written anew. */
  content(): Promise<Texts & { readonly enclosures: readonly DraftFile[] }>;
  /** Signed or encrypted. */
  readonly sealed: boolean;
}

/** Who writes a draft, and when. */
export interface Author {
  readonly account: Account;
  /** Milliseconds. */
  readonly now: number;
  /** What a new draft gets its Message-ID from; no other draft has the same. */
  readonly name: string;
}

/** A draft ready to be stored or sent. */
export interface Draft {
  readonly fields: readonly Field[];
  readonly mime: AsyncIterable<Uint8Array>;
  /**
   * What hangs on it, in the order of its parts. `same`: what was there, where it was; `unknown`:
   * what the device's own message has.
   */
  readonly files: readonly DraftFile[] | "same" | "unknown";
}

/** The draft that is stored. A text longer than 16 MiB is no mail that somebody is writing. */
export async function storedBase(mailbox: Mailbox, item: Item): Promise<Base> {
  const { id } = item;
  const open = () => opened(mailbox, id);
  const { head, body } = await splitHead(open(), longestHead);
  await body[Symbol.asyncIterator]().return?.();
  return {
    fields: fieldsOf(head),
    sealed: false,
    open,
    async content() {
      const want = { text: 1 << 24, html: 1 << 24 };
      for await (const { mail } of mailbox.read([id], want)) {
        const enclosures = mail?.attachments.map((attachment): DraftFile => ({
          ...enclosureOf(mailbox, id, attachment),
          reference: attachmentReference(item, attachment),
        }));
        const { text, html } = mail ?? {};
        return { text: text?.content, html: html?.content, enclosures: enclosures ?? [] };
      }
      return { text: undefined, html: undefined, enclosures: [] };
    },
  };
}

async function* opened(mailbox: Mailbox, item: string): AsyncIterable<Uint8Array> {
  yield* (await mailbox.part(item, "")).bytes;
}

/** A message that the device made. Throws Status 107. */
async function sentBase(mime: Uint8Array): Promise<Base> {
  const letter = await readLetter(mime);
  const { fields, sealed } = letter;
  return { fields, sealed, open: () => once(mime), content: () => Promise.resolve(letter) };
}

const nothing: Base = {
  fields: [],
  sealed: false,
  async *open() {
    yield new Uint8Array(0);
  },
  content: () => Promise.resolve({ text: undefined, html: undefined, enclosures: [] }),
};

/**
 * Writes a draft from the one before (undefined: a new one) and the device's words. Content that the
 * device leaves alone stays byte for byte. Throws Status 107 for MIME that is none.
 */
export async function composeDraft(
  before: Base | undefined,
  change: DraftChange,
  by: Author,
): Promise<Draft> {
  const { body, added, removed } = change;
  const base = body?.type === "mime" ? await sentBase(body.bytes) : before ?? nothing;
  const kept = body?.type === "mime" ? [...base.fields, ...threadOf(before)] : base.fields;
  const fields = headed(kept, change, by);
  const leaves = base !== nothing && (body === undefined || body.type === "mime");
  if (leaves && (base.sealed || added.length + removed.length === 0)) {
    return { fields, mime: withHead(fields, base), files: body ? "unknown" : "same" };
  }
  const { enclosures, ...texts } = await base.content();
  const said = body === undefined || body.type === "mime" ? texts : textsOf(body);
  const gone = new Set(removed);
  const files = arranged<DraftFile>({
    html: said.html,
    enclosures: [
      ...enclosures.filter(({ reference }) => !reference || !gone.has(reference)),
      ...added,
    ],
  });
  return { fields, mime: written(fields, { ...said, enclosures: files }), files };
}

const textsOf = ({ type, content }: { type: "text" | "html"; content: string }): Texts =>
  type === "text" ? { text: content, html: undefined } : { text: toText(content), html: content };

/** The message's id stays while it is written: a conversation is known by it. */
function threadOf(before: Base | undefined): Field[] {
  return before?.fields.filter(({ name }) =>
    ["message-id", "in-reply-to", "references"].includes(name)
  ) ?? [];
}

/** The header: what the device says replaces what was there. */
function headed(
  fields: readonly Field[],
  { addresses, subject, importance }: DraftChange,
  { account, now, name }: Author,
): Field[] {
  const set = new Map<string, Field | undefined>();
  set.set("date", newField("Date", headerDate(now)));
  for (const name of addressFields) {
    const people = addresses[name];
    if (!people || (name === "From" && !owns(account, people[0]?.address ?? ""))) continue;
    set.set(name.toLowerCase(), people.length > 0 ? addressField(name, people) : undefined);
  }
  if (subject !== undefined) set.set("subject", textField("Subject", subject));
  if (importance !== undefined) {
    for (const name of ["x-priority", "x-msmail-priority", "priority"]) set.set(name, undefined);
    set.set("importance", importance === "normal" ? undefined : newField("Importance", importance));
  }
  const all = [...[...set.values()].filter((field) => field !== undefined)];
  const seen = new Set<string>();
  for (const field of fields) {
    if (set.has(field.name) || (single.has(field.name) && seen.has(field.name))) continue;
    seen.add(field.name);
    all.push(field);
  }
  const has = (name: string) => all.some((field) => field.name === name);
  if (!has("from")) {
    all.unshift(addressField("From", [{ name: account.name, address: account.address }]));
  }
  if (!has("message-id")) {
    const domain = account.address.slice(account.address.lastIndexOf("@") + 1);
    const id = createHash("sha256").update(name).digest("hex").slice(0, 32);
    all.push(newField("Message-ID", `<${id}@${domain}>`));
  }
  return all;
}

/** Fields that a message has once; of several the first counts. */
const single = new Set(["message-id", "in-reply-to", "references", "subject", "from", "date"]);

async function* withHead(fields: readonly Field[], base: Base): AsyncIterable<Uint8Array> {
  const { body } = await splitHead(base.open(), longestHead);
  yield toHead(fields);
  yield* body;
}

/** Whether a draft can be sent: it has recipients, and each of them is a mail address. */
export function canBeSent(fields: readonly Field[]): boolean {
  const people = fields.filter(({ name }) => ["to", "cc", "bcc"].includes(name))
    .flatMap((field) => addressparser(firstValue([field], field.name) ?? "", { flatten: true }));
  return people.length > 0 && people.every(({ address }) => normalAddress(address ?? ""));
}

/** Which of the user's addresses a draft is from. */
export function senderOf(fields: readonly Field[], account: Account): string {
  const [first] = addressesIn(fields, "from");
  return first && owns(account, first.address) ? first.address : account.address;
}
