// New messages: an APPEND, and a row that learns of it.
import type { NewItem } from "../../../api.ts";
import { firstMarks } from "../../../marks.ts";
import type { FolderId, ItemState } from "../../../model.ts";
import { type Appending, appendOnce } from "./append_once.ts";
import { writeFolder } from "./folder_state.ts";
import { endRows, stateOf } from "./item_rows.ts";
import { inPlace, type ItemStore, settle } from "./item_store.ts";
import { type Attempt, once } from "./journal.ts";
import { extraFor, wantedFlags } from "./marks.ts";
import { checkSeen, noteSeen, rowFor, type Seen } from "./note.ts";
import { checkRight, type Place } from "../folders/places.ts";
import { spool, wholeSecond } from "./put.ts";

/** As {@link Mailbox.create}. */
export async function createItem(
  store: ItemStore,
  folder: FolderId,
  item: NewItem,
  token: string,
): Promise<ItemState> {
  return await once<Appending, ItemState>(store, token, async (attempt) => {
    checkRight(await store.places.place(folder), "insert");
    const message = await spool(item.mime, store.maxMessageSize);
    const marks = firstMarks(item.marks);
    const date = wholeSecond(item.date ?? store.clock.now());
    const made = await inPlace(store, folder, async (place, open) => {
      checkRight(place, "insert");
      await settle(store, place, open);
      const { facts, meant } = await appendOnce(store, place, open, attempt, token, message, {
        marks,
        date,
        flags: wantedFlags(marks),
      });
      return await noteSeen(
        store,
        place.number,
        open,
        facts,
        (facts, expected) => noteCreated(store, place, attempt, facts, meant, expected),
      );
    }, { write: true, doing: "store the message" });
    store.wrote?.(folder);
    return made;
  });
}

/** The row of a new message, and the answer. A look at the folder may have made it meanwhile. */
async function noteCreated(
  { db, clock }: ItemStore,
  place: Place,
  attempt: Attempt<Appending>,
  facts: Seen,
  { marks }: Appending,
  expected: number | undefined,
): Promise<ItemState> {
  return await db.transaction((tx) =>
    writeFolder(tx, place.number, clock.now(), expected, async (to) => {
      checkSeen(to, facts, expected);
      const extra = extraFor(facts.flags, marks) ?? null;
      const row = await rowFor(to, facts, { extra, revision: 1 });
      const state = stateOf(row);
      await attempt.done(tx, state, row.id);
      if (facts.gone) await endRows(to, [row]);
      return state;
    })
  );
}
