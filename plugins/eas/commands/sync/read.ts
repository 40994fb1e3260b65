// Reads a Sync document: its shape, its bounds. No I/O.
import { atLeast, type EasCall, type Element, Status, type Tag, type Version } from "../../api.ts";
import { BadOptions, boolean } from "../../schema/options.ts";
import { readCollectionOptions } from "./options.ts";
import type { AskedCollection, DeviceCommand, Patience, Refusal, SyncRequest } from "./request.ts";

/** MS-ASCMD 2.2.3.199: what a window may hold, and what holds where none is said. */
const mostItems = 512, standardItems = 100;
/** MS-ASCMD 2.2.3.30: commands of all collections together. */
const mostCommands = 200;

/**
 * Reads a request; from 12.1 on an empty body is one too. What breaks the protocol is a refusal.
 * `strict`: also where a device leaves out what can only be one thing.
 */
// MS-ASCMD 2.2.1.21
export function readSync({ document, version }: EasCall, strict: boolean): SyncRequest | Refusal {
  if (!document) {
    if (!leans(version)) throw new Status(101, "Sync without a document");
    return { collections: [], window: mostItems, cached: true };
  }
  try {
    return readDocument(document, { version, strict });
  } catch (error) {
    if (error instanceof BadOptions) return { status: 4 };
    throw error;
  }
}

/** By what a request is read. */
interface Manners {
  readonly version: Version;
  readonly strict: boolean;
}

/** Whether a version has requests that lean on the last one, and requests that wait. */
export const leans = (version: Version): boolean => atLeast(version, "12.1");

function readDocument(document: Element, manners: Manners): SyncRequest | Refusal {
  const asked = document.child("AirSync:Collections")?.all("AirSync:Collection") ?? [];
  const cached = leans(manners.version) && document.child("AirSync:Partial") !== undefined;
  if (asked.length === 0 && !cached) return { status: 4 };
  const collections = asked.map((element) => readCollection(element, manners));
  if (collections.some(({ id, key }) => id === "" || key === "")) return { status: 4 };
  if (new Set(collections.map(({ id }) => id)).size < collections.length) return { status: 4 };
  const commands = collections.reduce((sum, { commands }) => sum + commands.length, 0);
  if (commands > mostCommands) return { status: 4 };
  if (!leans(manners.version)) {
    // A collection must not be missing from the answer: each has its own window only.
    return { collections, window: collections.length * mostItems, cached };
  }
  const patience = readPatience(document);
  const window = windowOf(document, mostItems);
  return { collections, window, cached, ...(patience && { patience }) };
}

/** Both at once break the protocol. MS-ASCMD 2.2.3.84, 2.2.3.194 */
function readPatience(document: Element): Patience | undefined {
  const wait = document.textOf("AirSync:Wait");
  const heartbeat = document.textOf("AirSync:HeartbeatInterval");
  if (wait !== undefined && heartbeat !== undefined) {
    throw new BadOptions("Cannot read Sync: both Wait and HeartbeatInterval");
  }
  if (wait !== undefined) return { unit: "minutes", value: whole(wait) };
  if (heartbeat !== undefined) return { unit: "seconds", value: whole(heartbeat) };
  return undefined;
}

function whole(text: string): number {
  if (!/^\s*\d{1,9}\s*$/.test(text)) throw new BadOptions(`Cannot read Sync: not a number`);
  return Number(text);
}

/** 0 and what is too much mean the most: phones send both. */
function windowOf(element: Element, standard: number): number {
  const text = element.textOf("AirSync:WindowSize");
  if (text === undefined) return standard;
  const window = whole(text);
  return window === 0 || window > mostItems ? mostItems : window;
}

function flag(element: Element, tag: Tag): boolean | undefined {
  const text = element.textOf(tag);
  return text === undefined ? undefined : boolean(text, tag);
}

function readCollection(element: Element, manners: Manners): AskedCollection {
  const { version } = manners;
  const base = {
    id: element.textOf("AirSync:CollectionId")?.trim() ?? "",
    key: element.textOf("AirSync:SyncKey")?.trim() ?? "",
    window: standardItems,
    deletesAsMoves: true,
    commands: readCommands(element.child("AirSync:Commands")),
  };
  try {
    requireMail(element, manners);
    const getChanges = flag(element, "AirSync:GetChanges") ?? impliedChanges(base, version);
    const options = readCollectionOptions(element, version);
    const conversations = flag(element, "AirSync:ConversationMode");
    return {
      ...base,
      window: windowOf(element, standardItems),
      // Up to 2.5 the tag says it by being there. MS-ASCMD 2.2.3.43
      deletesAsMoves: flag(element, "AirSync:DeletesAsMoves") ?? atLeast(version, "12.0"),
      ...(getChanges !== undefined && { getChanges }),
      ...(options && { options }),
      ...(conversations !== undefined && atLeast(version, "14.0") && { conversations }),
    };
  } catch (error) {
    if (!(error instanceof BadOptions)) throw error;
    return { ...base, malformed: error.message };
  }
}

/**
 * What a GetChanges that is not there means; undefined: it depends on the key alone. A device of 2.5
 * asks for changes by the tag; one that sends nothing of its own either can only want changes.
 */
// MS-ASCMD 2.2.3.84
function impliedChanges(
  { commands }: Pick<AskedCollection, "commands">,
  version: Version,
): false | undefined {
  return atLeast(version, "12.0") || commands.length === 0 ? undefined : false;
}

/** Up to 12.1 the class may stand in the collection; later versions name it in the Options only. */
// MS-ASCMD 2.2.3.27.5
function requireMail(element: Element, { version, strict }: Manners): void {
  const name = element.textOf("AirSync:Class")?.trim();
  if (name === "Email" || atLeast(version, "14.0")) return;
  if (name === undefined && (!strict || leans(version))) return;
  throw new BadOptions(`Cannot sync Class ${name ?? "(none)"}: the collection holds mail`);
}

const kinds: Readonly<Partial<Record<Tag, DeviceCommand["kind"]>>> = {
  "AirSync:Add": "add",
  "AirSync:Change": "change",
  "AirSync:Delete": "delete",
  "AirSync:Fetch": "fetch",
};

/** Commands without an id are left out: BlackBerry sends them. */
function readCommands(commands: Element | undefined): DeviceCommand[] {
  const read: DeviceCommand[] = [];
  for (const element of commands?.children ?? []) {
    const kind = kinds[element.tag];
    if (!kind) continue;
    const id = element.textOf(kind === "add" ? "AirSync:ClientId" : "AirSync:ServerId")?.trim();
    const send = element.child("Email2:Send") !== undefined;
    if (id) read.push({ kind, id, data: element.child("AirSync:ApplicationData"), send });
  }
  return read;
}
