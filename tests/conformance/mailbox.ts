// What every mailbox backend does: the suite that each of them calls. It speaks the port only.
import { describe } from "node:test";
import { deliveries, tokensOnce } from "./mailbox_deliveries.ts";
import { changesOfItems } from "./mailbox_changes.ts";
import { hierarchy } from "./mailbox_folders.ts";
import { emptying } from "./mailbox_emptying.ts";
import type { MailStore, Place } from "./mailbox_kit.ts";
import { allFolders, openTwice } from "./mailbox_kit.ts";
import { listings } from "./mailbox_listings.ts";
import { parts, reading } from "./mailbox_reading.ts";
import { autoReplies } from "./mailbox_replies.ts";
import { replacing } from "./mailbox_replacing.ts";
import { threads } from "./mailbox_threads.ts";
import { searches } from "./mailbox_searching.ts";
import { watching } from "./mailbox_watching.ts";

export type { MailStore } from "./mailbox_kit.ts";

/** Runs `work` with an empty store of its own. */
export type WithPlace = (work: (place: Place) => Promise<void>) => Promise<void>;

/** Gives each test a store of its own, made by `open`. */
export function placesIn(open: () => Promise<MailStore>): WithPlace {
  return async (work) => {
    const store = await open();
    try {
      const mailbox = openTwice(store.backend);
      const folder = async (role: string) =>
        (await allFolders(mailbox)).find((each) => each.role === role)!.id;
      await work({ ...store, mailbox, folder, inbox: await folder("inbox") });
    } finally {
      await store.close();
    }
  };
}

/** Runs the suite: `mailboxConformance("memory", open)` in a backend's test file. */
export function mailboxConformance(name: string, open: () => Promise<MailStore>): void {
  const withPlace = placesIn(open);
  describe(`mailbox: ${name}`, () => {
    hierarchy(withPlace);
    listings(withPlace);
    changesOfItems(withPlace);
    replacing(withPlace);
    emptying(withPlace);
    reading(withPlace);
    parts(withPlace);
    deliveries(withPlace);
    tokensOnce(withPlace);
    threads(withPlace);
    searches(withPlace);
    watching(withPlace);
    autoReplies(withPlace);
  });
}
