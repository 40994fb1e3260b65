// What is thrown at the server, one round at a time: each is the same for the same random numbers.
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Refused } from "../../plugins/mailbox/api.ts";
import { atLeast, type Version, versions } from "../../plugins/eas/versions.ts";
import { type Element, encode } from "../../plugins/eas/wbxml/mod.ts";
import { changed, junk } from "./documents.ts";
import { damaged, randomMessage } from "./messages.ts";
import { type Known, sensible } from "./sensible.ts";
import { Finding, login, place, type Random, type Target } from "./target.ts";

/** One round. Throws where the server did not bear it. */
export type Fuzzer = (random: Random, target: Target) => Promise<void>;

const pick = <T>(random: Random, all: readonly T[]): T => all[Math.floor(random() * all.length)]!;

const folder = fileURLToPath(new URL("../corpus/", import.meta.url));
/** Real messages. */
export const corpus: ReadonlyMap<string, Uint8Array> = new Map(
  readdirSync(folder).filter((name) => name.endsWith(".eml")).sort()
    .map((name) => [name, new Uint8Array(readFileSync(folder + name))]),
);

interface Asked {
  readonly version: string;
  readonly query: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

function requestOf({ version, query, body, headers }: Asked): Request {
  return new Request(`${place}?${query}`, {
    method: "POST",
    headers: {
      Authorization: login,
      "MS-ASProtocolVersion": version,
      ...(body && { "Content-Type": "application/vnd.ms-sync.wbxml" }),
      ...headers,
    },
    ...(body && { body: body as Uint8Array<ArrayBuffer> }),
  });
}

const queryOf = (command: string, version: string, more = "") =>
  `Cmd=${command}&User=anna&DeviceId=FUZZ${version.replace(".", "")}&DeviceType=Fuzz${more}`;

/** What leads somewhere at this moment. */
function knownOf({ phones, inbox }: Target, version: Version): Known {
  const phone = phones.get(version)!;
  const collection = phone.collection(inbox);
  return {
    folder: inbox,
    trash: phone.folder(4).id,
    item: [...collection.items.keys()][0] ?? `${inbox}:1`,
    key: collection.key,
    folderKey: phone.folderKey,
  };
}

/** Documents of every command in every version. */
const documents: Fuzzer = async (random, target) => {
  const version = pick(random, versions);
  // Keys and ids become stale; some of them shall be good.
  if (random() < 0.1) {
    const phone = target.phones.get(version)!;
    await phone.syncFolders();
    await phone.syncAll(target.inbox);
  }
  const known = knownOf(target, version);
  const [command, all] = pick(random, Object.entries(sensible(known)));
  const roll = random();
  const document: Element = roll < 0.85
    ? changed(random, pick(random, all), known)
    : junk(random, known, 4);
  const more = random() < 0.2
    ? pick(random, [
      "&SaveInSent=T",
      "&AttachmentName=1:1",
      "&ItemId=1:1&CollectionId=1",
      "&LongId=x",
    ])
    : "";
  const query = queryOf(command, version, more);
  const old = !atLeast(version, "14.0") &&
    /^(Get(Hierarchy|Attachment)|Se.*Mail|Smart)/.test(command);
  if (!old || random() < 0.2) {
    await target.ask(requestOf({ version, query, body: encode(document) }));
    return;
  }
  // Up to 12.1 these have a message for a body, or none.
  const body = randomMessage(random, [...corpus.values()]).slice(0, 5000);
  const headers = { "Content-Type": "message/rfc822" };
  const bare = command.startsWith("Get") || body.length === 0;
  await target.ask(requestOf({ version, query, ...(!bare && { body, headers }) }));
};

/** Bytes that pretend to be a document. */
const bytes: Fuzzer = async (random, target) => {
  const version = pick(random, versions);
  const [command, all] = pick(random, Object.entries(sensible(knownOf(target, version))));
  const whole = encode(pick(random, all));
  const body = random() < 0.8
    ? damaged(random, whole)
    : Uint8Array.from({ length: Math.floor(random() * 300) }, () => random() * 256);
  const query = queryOf(command, version);
  await target.ask(requestOf({ version, query, ...(body.length > 0 && { body }) }));
};

const names = [
  "Cmd",
  "User",
  "DeviceId",
  "DeviceType",
  "ItemId",
  "CollectionId",
  "LongId",
  "x",
  "",
];
const values = [
  "Sync",
  "FolderSync",
  "anna",
  "",
  "%",
  "%zz",
  "%00",
  "%c3%28",
  "a".repeat(5000),
  "é",
  "1:1",
  "..%2f",
  "Ping&Cmd=Sync",
  "+",
  "0",
];

/** Queries, in both encodings. */
const queries: Fuzzer = async (random, target) => {
  const plain = () =>
    Array.from(
      { length: Math.floor(random() * 8) },
      () => `${pick(random, names)}=${pick(random, values)}`,
    ).join("&");
  const base64 = () => {
    const start = [pick(random, [25, 120, 121, 140, 141, 160, 161, 255]), random() * 30];
    const rest = Array.from(
      { length: Math.floor(random() * 60) },
      () => random() < 0.5 ? random() * 20 : random() * 256,
    );
    return Buffer.from([...start, ...rest]).toString("base64");
  };
  const query = random() < 0.5 ? plain() : base64();
  await target.ask(requestOf({ version: pick(random, versions), query }));
};

const headerValues = [
  "",
  "1",
  "-1",
  "16.1",
  "99.9",
  "T",
  "gzip",
  "gzip, deflate;q=x",
  "identity",
  "a".repeat(20_000),
  "\xff\xfe",
  'application/vnd.ms-sync.wbxml; charset="',
  "message/rfc822",
  "Basic",
  "Basic ====",
  "Basic \xff",
  "Bearer x",
  "text/html",
  "4294967296",
  ",,,",
];

const headerNames = [
  "MS-ASProtocolVersion",
  "X-MS-PolicyKey",
  "MS-ASAcceptMultiPart",
  "User-Agent",
  "Accept-Encoding",
  "Content-Encoding",
  "Content-Type",
  "Authorization",
  "Accept-Language",
  "X-Forwarded-For",
  "Expect",
];

/** Headers. */
const headers: Fuzzer = async (random, target) => {
  const version = pick(random, versions);
  const [command, all] = pick(random, Object.entries(sensible(knownOf(target, version))));
  const chosen = Array.from({ length: 1 + Math.floor(random() * 4) }, () => [
    pick(random, headerNames),
    pick(random, headerValues),
  ]);
  const asked = { version, query: queryOf(command, version), headers: Object.fromEntries(chosen) };
  const body = encode(pick(random, all));
  await target.ask(requestOf(random() < 0.8 ? { ...asked, body } : asked));
};

/** A message comes in, and a phone wants it. */
const messages: Fuzzer = async (random, target) => {
  const mime = randomMessage(random, [...corpus.values()]);
  await comesThrough(target, mime, [pick(random, versions)], `${random()}`);
};

/** Stores a message and has phones sync and fetch it; then it goes again. */
export async function comesThrough(
  target: Target,
  mime: Uint8Array,
  on: readonly Version[],
  token: string,
): Promise<void> {
  const { mailbox, inbox, phones, clock } = target;
  const begun = performance.now();
  let id: string;
  try {
    ({ id } = await mailbox.create(inbox, { mime, date: clock.now() }, `fuzz ${token}`));
  } catch (error) {
    // What cannot be stored need not be synced.
    if (error instanceof Refused) return;
    throw error;
  }
  const ms = performance.now() - begun;
  if (ms > 10_000) throw new Finding(`storing it took ${Math.round(ms)} ms`);
  for (const version of on) {
    const phone = phones.get(version)!;
    await phone.syncAll(inbox);
    const item = phone.collection(inbox).items.get(id);
    if (!item) throw new Finding(`${version} did not get it`);
    await fetchAll(target, version, id);
  }
  await mailbox.remove(id, `fuzz ${token} ends`);
}

/** Everything that a phone can ask of an item: its bodies, and each attachment that it names. */
async function fetchAll({ phones, inbox }: Target, version: Version, id: string): Promise<void> {
  const { client, collection } = { client: phones.get(version)!.client, collection: inbox };
  const item = phones.get(version)!.collection(inbox).items.get(id)!;
  if (atLeast(version, "12.0")) {
    for (const type of [1, 2, 4] as const) {
      const options = { bodies: [{ type }], mimeSupport: 2 as const };
      const { status } = await client.fetch({ collectionId: collection, id }, options);
      if (status !== 1) throw new Finding(`${version}: a Fetch ended with status ${status}`);
    }
    for (const one of item.fields.get("AirSyncBase:Attachments")?.children ?? []) {
      const fileReference = one.textOf("AirSyncBase:FileReference") ?? "";
      const { status } = await client.fetch({ fileReference });
      // 10: there is nothing in it. MS-ASCMD 2.2.3.177.8
      if (status !== 1 && status !== 10) {
        throw new Finding(`${version}: ${fileReference} ended with status ${status}`);
      }
    }
    return;
  }
  for (const one of item.fields.get("Email:Attachments")?.children ?? []) {
    const name = one.textOf("Email:AttName") ?? "";
    await client.command("GetAttachment", undefined, { parameters: { attachmentName: name } });
  }
}

export const fuzzers: Readonly<Record<string, Fuzzer>> = {
  documents,
  bytes,
  queries,
  headers,
  messages,
};
