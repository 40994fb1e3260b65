// What a phone has of one folder, and how an answer changes that.
import { el, type Element, type Tag } from "../wbxml/mod.ts";
import type { FolderClass } from "./folder_sync.ts";
import type { SyncCollectionReply, SyncedItem, SyncResponse } from "./sync.ts";

/** An item as the phone has it. */
export interface PhoneItem {
  readonly id: string;
  readonly fields: ReadonlyMap<Tag, Element>;
}

/** A command of the user that the server has not confirmed. */
interface Pending {
  readonly command: Element;
  readonly id: string;
  /** Sent at least once: a repeat must be the same. */
  sent: boolean;
  apply(response: SyncResponse | undefined): void;
}

/** One folder on the phone. It keeps what the server told, and what the user did since. */
export class Collection {
  readonly id: string;
  readonly class: FolderClass;
  /** What was confirmed last; `0`: start again. */
  key = "0";
  readonly items: Map<string, PhoneItem> = new Map();
  moreAvailable = false;
  /**
   * What a server must never do, and did: an Add of an item that the phone has, a Change or Delete of
   * one that it does not have. One sentence each.
   */
  readonly anomalies: string[] = [];
  /** Answers to the user's commands, oldest first. */
  readonly responses: SyncResponse[] = [];
  private pending: Pending[] = [];
  /** What the user moved elsewhere: the server tells once more that it is gone. */
  private readonly movedAway = new Set<string>();
  /** It was told of items since it started (again): before, the user cannot have changed any. */
  private listed = false;

  constructor(id: string, folderClass: FolderClass) {
    this.id = id;
    this.class = folderClass;
  }

  /** The user's commands that wait for an answer. */
  get waiting(): number {
    return this.pending.length;
  }

  /** The user changes fields of an item. */
  change(id: string, ...fields: readonly Element[]): void {
    this.pending.push({
      id,
      sent: false,
      command: el(
        "AirSync:Change",
        el("AirSync:ServerId", id),
        el("AirSync:ApplicationData", ...fields),
      ),
      apply: (response) => {
        const item = this.items.get(id);
        if (item && (response?.status ?? 1) === 1) this.items.set(id, merged(item, fields));
      },
    });
  }

  /** The user opens an item of which the phone has a part only: the whole of it comes with a Sync. */
  fetch(id: string): void {
    this.pending.push({
      id,
      sent: false,
      command: el("AirSync:Fetch", el("AirSync:ServerId", id)),
      apply: (response) => {
        const item = this.items.get(id);
        if (item && response?.status === 1) this.items.set(id, merged(item, response.fields));
      },
    });
  }

  /** The user deletes an item. */
  delete(id: string): void {
    this.pending.push({
      id,
      sent: false,
      command: el("AirSync:Delete", el("AirSync:ServerId", id)),
      apply: (response) => {
        if ([1, 8].includes(response?.status ?? 1)) this.items.delete(id);
      },
    });
  }

  /** The user makes an item. */
  add(clientId: string, ...fields: readonly Element[]): void {
    this.pending.push({
      id: clientId,
      sent: false,
      command: el(
        "AirSync:Add",
        el("AirSync:ClientId", clientId),
        el("AirSync:ApplicationData", ...fields),
      ),
      apply: (response) => {
        if (response?.status !== 1 || response.id === undefined) return;
        // From 16.0 on the server may complete the item.
        this.items.set(response.id, itemOf(response.id, [...fields, ...response.fields]));
      },
    });
  }

  /** The server has moved an item elsewhere, as the user wanted. */
  moved(id: string): void {
    if (this.items.delete(id)) this.movedAway.add(id);
  }

  /** The user writes a draft and sends it at once, or (`id`) sends one that is there. From 16.0. */
  send(id: string, to: "new" | "there", ...fields: readonly Element[]): void {
    const data = fields.length > 0 && el("AirSync:ApplicationData", ...fields);
    const [tag, name] = to === "new"
      ? ["AirSync:Add", "AirSync:ClientId"] as const
      : ["AirSync:Change", "AirSync:ServerId"] as const;
    // Where it is sent, the server takes the draft away.
    const command = el(tag, el(name, id), el("Email2:Send"), data);
    this.pending.push({ id, sent: false, command, apply: () => {} });
  }

  /** The commands to send with the current key; at most 200, as servers accept. MS-ASCMD 2.2.3.32 */
  take(): readonly Element[] {
    if (!this.listed) return [];
    // What was sent and not answered is repeated as it was; later commands wait for their turn.
    if (!this.pending.some(({ sent }) => sent)) {
      // One for each item: an answer names the item only, not which of two commands it means.
      const first = new Map([...this.pending].reverse().map((pending) => [pending.id, pending]));
      const next = this.pending.filter((pending) => first.get(pending.id) === pending);
      for (const pending of next.slice(0, 200)) pending.sent = true;
    }
    return this.pending.filter(({ sent }) => sent).map(({ command }) => command);
  }

  /** Applies an answer. Status 3 forgets everything but the user's own commands. */
  apply(reply: SyncCollectionReply): void {
    if (reply.status === 3) {
      this.reset();
      return;
    }
    if (reply.status !== 1) return;
    this.settle(reply.responses);
    for (const added of reply.adds) this.added(added);
    for (const changed of reply.changes) this.changed(changed);
    for (const id of [...reply.deletes, ...reply.softDeletes]) {
      if (this.items.delete(id) || this.movedAway.delete(id)) continue;
      this.anomalies.push(`Delete of ${id}, which it does not have`);
    }
    this.moreAvailable = reply.moreAvailable;
    if (this.key !== "0") this.listed = true;
    if (reply.key !== undefined) this.key = reply.key;
  }

  /** An answer without body: the server took the commands and has nothing to say. */
  applyNothing(): void {
    this.settle([]);
    this.listed = true;
    this.moreAvailable = false;
  }

  /** Starts again from nothing. */
  reset(): void {
    this.key = "0";
    this.listed = false;
    this.items.clear();
    this.movedAway.clear();
    this.moreAvailable = false;
    for (const pending of this.pending) pending.sent = false;
  }

  private settle(responses: readonly SyncResponse[]): void {
    this.responses.push(...responses);
    const done = this.pending.filter(({ sent }) => sent);
    this.pending = this.pending.filter(({ sent }) => !sent);
    for (const { id, command, apply } of done) {
      apply(
        responses.find((response) =>
          command.tag === `AirSync:${response.kind}` && (response.clientId ?? response.id) === id
        ),
      );
    }
  }

  private added({ id, fields }: SyncedItem): void {
    if (this.items.has(id)) this.anomalies.push(`Add of ${id}, which it has`);
    this.items.set(id, itemOf(id, fields));
  }

  private changed({ id, fields }: SyncedItem): void {
    const item = this.items.get(id);
    if (item === undefined) this.anomalies.push(`Change of ${id}, which it does not have`);
    else this.items.set(id, merged(item, fields));
  }
}

function itemOf(id: string, fields: readonly Element[]): PhoneItem {
  return { id, fields: new Map(fields.map((field) => [field.tag, field])) };
}

/** Fields that are not named stay as they were. */
function merged(item: PhoneItem, fields: readonly Element[]): PhoneItem {
  return { ...item, fields: new Map([...item.fields, ...itemOf(item.id, fields).fields]) };
}
