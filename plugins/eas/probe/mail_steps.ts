// Mail on the phone: every folder to its end, one message read, one attachment opened.
import { atLeast } from "../versions.ts";
import type { Element, Tag } from "../wbxml/mod.ts";
import type { Fetched, PhoneFolder, PhoneItem } from "../client/mod.ts";
import { StepFailed } from "./explain.ts";
import type { ProbeFolder, ProbeMessage } from "./report.ts";
import type { Outcome } from "./steps.ts";
import { count, size, type Visit } from "./visit.ts";

const told = 10;

export async function syncStep(visit: Visit, folder: PhoneFolder): Promise<Outcome> {
  const { phone } = visit;
  const requests = phone.requests;
  await phone.syncAll(folder.id);
  const { anomalies } = phone.collection(folder.id);
  if (anomalies.length > 0) {
    throw new StepFailed(
      `the server told ${count(anomalies.length, "impossible thing")}: ${anomalies[0]}`,
      "This is a fault of the server: look into its log",
    );
  }
  const found = folderOf(visit, folder, phone.requests - requests);
  return {
    detail: `${count(found.messages, "message")}, ${found.unread} unread, in ` +
      count(found.requests, "request"),
    folder: found,
  };
}

function folderOf({ phone }: Visit, folder: PhoneFolder, requests: number): ProbeFolder {
  const messages = messagesOf(phone.collection(folder.id).items.values());
  return {
    id: folder.id,
    name: folder.name,
    type: folder.type,
    messages: messages.length,
    unread: messages.filter(({ read }) => !read).length,
    requests,
    newest: messages.slice(0, told),
  };
}

/** Newest first. */
export function messagesOf(items: Iterable<PhoneItem>): ProbeMessage[] {
  return [...items].map((item) => ({
    from: senderOf(text(item, "Email:From")),
    subject: text(item, "Email:Subject"),
    date: text(item, "Email:DateReceived"),
    read: text(item, "Email:Read") === "1",
  })).sort((a, b) => a.date < b.date ? 1 : a.date > b.date ? -1 : 0);
}

function text(item: PhoneItem, tag: Tag): string {
  return item.fields.get(tag)?.text ?? "";
}

/** The name where there is one: `"Ada" <ada@example.org>` is Ada. */
function senderOf(from: string): string {
  const name = /^\s*"?([^"<]*?)"?\s*<.*>\s*$/.exec(from)?.[1];
  return name || from;
}

/** Reads the newest message of the first folder that has one. */
export async function readStep(visit: Visit): Promise<Outcome> {
  const found = firstItem(visit, () => true);
  if (found === undefined) return { outcome: "skipped", detail: "there is no message to read" };
  const { folder, item } = found;
  const body = atLeast(visit.client.version, "12.0")
    ? await fetchedBody(visit, folder, item)
    : await syncedBody(visit, folder, item);
  return { detail: `"${text(item, "Email:Subject")}": ${body}` };
}

/** How large the body of a whole message is, and of what kind. */
async function fetchedBody(
  { client }: Visit,
  folder: PhoneFolder,
  item: PhoneItem,
): Promise<string> {
  const fetched = await client.fetch(
    { collectionId: folder.id, id: item.id },
    { bodies: [{ type: 2 }] },
  );
  checkFetched(fetched, "the message");
  const type = fetched.properties?.child("AirSyncBase:Body")?.textOf("AirSyncBase:Type");
  const kind = type === "2" ? "HTML" : type === "1" ? "plain text" : `type ${type}`;
  return `${size(fetched.content?.length ?? 0)} of ${kind}`;
}

/** The same in 2.5, where a whole message comes by Sync. */
async function syncedBody(
  { phone }: Visit,
  folder: PhoneFolder,
  { id }: PhoneItem,
): Promise<string> {
  const collection = phone.collection(folder.id);
  collection.fetch(id);
  await phone.sync([folder.id], { getChanges: false, options: { bodies: [{ type: 1 }] } });
  const answer = collection.responses.findLast((one) => one.kind === "Fetch" && one.id === id);
  checkFetched({ status: answer?.status ?? 8 }, "the message");
  const body = answer?.fields.find(({ tag }) => tag === "Email:Body");
  return `${size(body?.bytes.length ?? 0)} of plain text`;
}

/** Opens the first attachment that there is. */
export async function attachmentStep(visit: Visit): Promise<Outcome> {
  const found = firstItem(visit, (item) => attachmentOf(item) !== undefined);
  const attachment = found && attachmentOf(found.item);
  const fileReference = attachment?.textOf("AirSyncBase:FileReference") ??
    attachment?.textOf("Email:AttName");
  if (attachment === undefined || fileReference === undefined) {
    return { outcome: "skipped", detail: "no message has an attachment" };
  }
  const fetched = await visit.client.fetch({ fileReference }, { multipart: true });
  checkFetched(fetched, "the attachment");
  if (fetched.content === undefined) {
    throw new StepFailed("the attachment came without content", "Look into the server's log");
  }
  const name = attachment.textOf("AirSyncBase:DisplayName") ??
    attachment.textOf("Email:DisplayName") ?? "without name";
  return {
    detail: `${name}: ${size(fetched.content.length)}, ${fetched.contentType ?? "of unknown type"}`,
  };
}

function checkFetched({ status }: Pick<Fetched, "status">, what: string): void {
  if (status === 1) return;
  throw new StepFailed(
    `the server does not give ${what} (status ${status})`,
    "Look into the server's log",
  );
}

function firstItem({ phone }: Visit, wanted: (item: PhoneItem) => boolean) {
  for (const folder of phone.mailFolders()) {
    const items = [...phone.collection(folder.id).items.values()].filter(wanted);
    const [item] = items.sort((a, b) =>
      text(a, "Email:DateReceived") < text(b, "Email:DateReceived") ? 1 : -1
    );
    if (item !== undefined) return { folder, item };
  }
  return undefined;
}

function attachmentOf(item: PhoneItem): Element | undefined {
  return item.fields.get("AirSyncBase:Attachments")?.child("AirSyncBase:Attachment") ??
    item.fields.get("Email:Attachments")?.child("Email:Attachment");
}
