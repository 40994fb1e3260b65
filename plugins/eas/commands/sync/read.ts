// Reads a Sync document: its shape, its bounds. No I/O.
import { atLeast, type EasCall, type Element, type Tag, type Version } from "../../api.ts";
import { BadOptions, boolean } from "../../schema/options.ts";
import { readCollectionOptions } from "./options.ts";
import type { AskedCollection, DeviceCommand, Patience, Refusal, SyncRequest } from "./request.ts";

/** MS-ASCMD 2.2.3.199: what a window may hold, and what holds where none is said. */
const mostItems = 512, standardItems = 100;
/** MS-ASCMD 2.2.3.30: commands of all collections together. */
const mostCommands = 200;

/** Reads a request; an empty body is one too. What breaks the protocol is a refusal. */
// MS-ASCMD 2.2.1.21
export function readSync({ document, version }: EasCall): SyncRequest | Refusal {
  if (!document) return { collections: [], window: mostItems, cached: true };
  try {
    return readDocument(document, version);
  } catch (error) {
    if (error instanceof BadOptions) return { status: 4 };
    throw error;
  }
}

function readDocument(document: Element, version: Version): SyncRequest | Refusal {
  const asked = document.child("AirSync:Collections")?.all("AirSync:Collection") ?? [];
  const cached = document.child("AirSync:Partial") !== undefined;
  if (asked.length === 0 && !cached) return { status: 4 };
  const collections = asked.map((element) => readCollection(element, version));
  if (collections.some(({ id, key }) => id === "" || key === "")) return { status: 4 };
  if (new Set(collections.map(({ id }) => id)).size < collections.length) return { status: 4 };
  const commands = collections.reduce((sum, { commands }) => sum + commands.length, 0);
  if (commands > mostCommands) return { status: 4 };
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

function readCollection(element: Element, version: Version): AskedCollection {
  const base = {
    id: element.textOf("AirSync:CollectionId")?.trim() ?? "",
    key: element.textOf("AirSync:SyncKey")?.trim() ?? "",
    window: standardItems,
    deletesAsMoves: true,
    commands: readCommands(element.child("AirSync:Commands")),
  };
  try {
    requireMail(element, version);
    const getChanges = flag(element, "AirSync:GetChanges");
    const options = readCollectionOptions(element, version);
    return {
      ...base,
      window: windowOf(element, standardItems),
      deletesAsMoves: flag(element, "AirSync:DeletesAsMoves") ?? true,
      ...(getChanges !== undefined && { getChanges }),
      ...(options && { options }),
    };
  } catch (error) {
    if (!(error instanceof BadOptions)) throw error;
    return { ...base, malformed: error.message };
  }
}

/** Up to 12.1 the class may stand in the collection; later versions name it in the Options only. */
// MS-ASCMD 2.2.3.27.5
function requireMail(element: Element, version: Version): void {
  const name = element.textOf("AirSync:Class")?.trim();
  if (name === undefined || name === "Email" || atLeast(version, "14.0")) return;
  throw new BadOptions(`Cannot sync Class ${name}: the collection holds mail`);
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
    if (id) read.push({ kind, id, data: element.child("AirSync:ApplicationData") });
  }
  return read;
}
