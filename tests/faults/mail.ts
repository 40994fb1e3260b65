// What is in a mailbox and in a mail, and marks as the play names them.
import {
  type Folder,
  type Item,
  type Mailbox,
  type Marks,
  NotFound,
} from "../../plugins/mailbox/api.ts";
import { el, type Element } from "../../plugins/eas/wbxml/mod.ts";
import type { MarkName } from "./ledger.ts";
import type { Mark } from "./scenario.ts";

/** What weak devices crash on. */
export const poisonous = "poison";
/** The subject of what a device gets in place of a mail. */
export const stubbed = "(This message cannot be shown)";

/** Where the power was gone for hours, or a server in the middle of it, senders hear of it. */
export const isNotice = (subject: string): boolean =>
  /^(Delayed|Delivery uncertain): /.test(subject);

/** The folders of mail. */
export async function foldersOf(mailbox: Pick<Mailbox, "folders">): Promise<Folder[]> {
  const { changes } = await mailbox.folders(undefined);
  return changes.flatMap(({ folder }) => folder?.class === "mail" ? [folder] : []);
}

/** An item and the folder where it is. */
export interface Placed {
  readonly folder: string;
  readonly item: Item;
}

/** All mail of an account, folder by folder. */
export async function mailOf(
  mailbox: Pick<Mailbox, "folders" | "list" | "read">,
): Promise<Placed[]> {
  const all: Placed[] = [];
  for (const { id } of await foldersOf(mailbox)) {
    const { items } = await mailbox.list(id, {}, 100_000).catch((error) => {
      // It was removed in this very moment.
      if (error instanceof NotFound) return { items: [] };
      throw error;
    });
    for await (const item of mailbox.read(items.map(({ id }) => id), {})) {
      all.push({ folder: id, item });
    }
  }
  return all;
}

const words = ["red", "blue", "to do"] as const;

/** Marks as somebody else sets them, and as the ledger notes them. */
export function marksOf(
  what: Mark,
  word: number,
): { marks: Partial<Marks>; mark: MarkName; value: string } {
  switch (what) {
    case "read":
    case "unread":
      return { marks: { read: what === "read" }, mark: "read", value: what === "read" ? "1" : "0" };
    case "flag":
      return { marks: { flag: { status: "active" } }, mark: "flag", value: "active" };
    case "done":
      return { marks: { flag: { status: "complete" } }, mark: "flag", value: "complete" };
    case "clear":
      return { marks: { flag: undefined }, mark: "flag", value: "" };
    case "words":
      return { marks: { keywords: [words[word]!] }, mark: "words", value: words[word]! };
  }
}

/** Marks as a device sets them. */
export function markElement(what: Mark, word: number): Element {
  const flag = (status: number) =>
    el("Email:Flag", el("Email:Status", status), el("Email:FlagType", "Follow up"));
  switch (what) {
    case "read":
      return el("Email:Read", true);
    case "unread":
      return el("Email:Read", false);
    case "flag":
      return flag(2);
    case "done":
      return flag(1);
    case "clear":
      return el("Email:Flag");
    case "words":
      return el("Email:Categories", el("Email:Category", words[word]!));
  }
}
