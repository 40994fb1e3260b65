// For tests of items: what a device knows of a folder that it lists once and then hears of changes.
import { listAll } from "../../../../tests/conformance/mailbox_kit.ts";
import type { Mailbox } from "../../api.ts";
import type { FolderId, ItemChange, ItemState } from "../../model.ts";

/** A device with one folder. */
export class Device {
  readonly items = new Map<string, ItemState>();
  cursor = "";
  readonly #box: Mailbox;
  readonly #folder: FolderId;

  constructor(box: Mailbox, folder: FolderId) {
    this.#box = box;
    this.#folder = folder;
  }

  /** The folder as it is. */
  async begin(): Promise<this> {
    this.cursor = (await this.#box.changes(this.#folder, undefined, 0)).cursor;
    for (const item of await listAll(this.#box, this.#folder, 50)) this.items.set(item.id, item);
    return this;
  }

  /** What has changed since, by pages. */
  async sync(limit = 100): Promise<ItemChange[]> {
    const seen: ItemChange[] = [];
    for (let more = true; more;) {
      const page = await this.#box.changes(this.#folder, this.cursor, limit);
      for (const { id, state } of page.changes) {
        if (state) this.items.set(id, state);
        else this.items.delete(id);
      }
      seen.push(...page.changes);
      this.cursor = page.cursor;
      more = page.more;
    }
    return seen;
  }

  /** All states, in an order of their own. */
  get states(): ItemState[] {
    return [...this.items.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  }
}
