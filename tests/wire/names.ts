// Names for what differs from run to run: keys and ids, so that golden files stay the same.
import { Element, type Tag } from "../../plugins/eas/wbxml/mod.ts";

/** Elements that give an id its name: of a key, a folder, an item, a file, a policy. */
const givers: Partial<Record<Tag, string>> = {
  "AirSync:SyncKey": "key",
  "FolderHierarchy:SyncKey": "key",
  "FolderHierarchy:ServerId": "folder",
  "AirSync:ServerId": "item",
  "Move:DstMsgId": "item",
  "AirSyncBase:FileReference": "file",
  "Email:AttName": "file",
  "Provision:PolicyKey": "policy",
};

/** Elements that only use such an id. */
const users: Partial<Record<Tag, string>> = {
  "AirSync:CollectionId": "folder",
  "Search:LongId": "item",
  "Move:SrcMsgId": "item",
  "Move:SrcFldId": "folder",
  "Move:DstFldId": "folder",
  "FolderHierarchy:ParentId": "folder",
  "GetItemEstimate:CollectionId": "folder",
  "Ping:Folder": "folder",
  "Ping:Id": "folder",
};

/** Answers that bring a new id without a title. */
const makers: readonly Tag[] = [
  "AirSync:Add",
  "FolderHierarchy:FolderCreate",
  "Move:Response",
];

/** Where a speaking name for an id stands among its neighbours. */
const titles: readonly Tag[] = [
  "FolderHierarchy:DisplayName",
  "AirSyncBase:DisplayName",
  "Email:DisplayName",
  "Email:Subject",
];

/** The names of one conversation: `{folder:Inbox}` in the file, the real id on the wire. */
export class Names {
  readonly #names = new Map<string, string>();
  readonly #values = new Map<string, string>();

  /** The document with names in place of what differs; ids that are new get one. */
  named(element: Element): Element {
    this.#learn(element);
    return mapped(element, (text, tag) => {
      const kind = givers[tag] ?? users[tag];
      return this.#names.get(`${kind} ${text}`) ?? text;
    });
  }

  /** The document with what the names stand for. Throws RangeError for a name that is unknown. */
  resolved(element: Element): Element {
    return mapped(element, (text) => this.resolve(text));
  }

  resolve(text: string): string {
    return text.replace(/\{\w+:[^{}]+\}/g, (name) => {
      const value = this.#values.get(name);
      if (value === undefined) throw new RangeError(`Cannot find what ${name} stands for`);
      return value;
    });
  }

  #learn(element: Element): void {
    for (const child of element.children) {
      const kind = givers[child.tag];
      const title = titleOf(element);
      // An id that the device made up stays as it is.
      const real = title !== undefined || kind === "key" || kind === "policy" ||
        makers.includes(element.tag);
      if (kind && real && child.children.length === 0 && !["", "0"].includes(child.text)) {
        this.#name(kind, child.text, title);
      }
      this.#learn(child);
    }
  }

  #name(kind: string, value: string, title: string | undefined): void {
    if (this.#names.has(`${kind} ${value}`)) return;
    const count = [...this.#values.keys()].filter((name) => name.startsWith(`{${kind}:`)).length;
    const wanted = `{${kind}:${title ?? count + 1}}`;
    const name = this.#values.has(wanted) ? `{${kind}:${title ?? ""}#${count + 1}}` : wanted;
    this.#names.set(`${kind} ${value}`, name);
    this.#values.set(name, value);
  }
}

function titleOf(element: Element): string | undefined {
  const data = element.child("AirSync:ApplicationData");
  for (const tag of titles) {
    const text = element.textOf(tag) ?? data?.textOf(tag);
    if (text) return text.replace(/[{}\s]+/g, " ");
  }
  return undefined;
}

function mapped(element: Element, map: (text: string, tag: Tag) => string): Element {
  const { tag, value } = element;
  if (typeof value === "string") return new Element(tag, map(value, tag));
  if (element.children.length === 0) return element;
  return new Element(tag, element.children.map((child) => mapped(child, map)));
}
