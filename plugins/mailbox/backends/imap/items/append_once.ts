// A message that goes to the server by APPEND: once, however often it is tried.
import { NotFound } from "../../../api.ts";
import type { Marks } from "../../../model.ts";
import type { OpenFolder } from "../connections/connections.ts";
import { messageIdOf, printOf } from "./facts.ts";
import { snapshotOf } from "./folder_state.ts";
import type { ItemStore } from "./item_store.ts";
import type { Attempt } from "./journal.ts";
import { flagsText, isPermanent } from "./marks.ts";
import type { Seen } from "./note.ts";
import type { Place } from "../folders/places.ts";
import { append, beginning, factsOf, findPut, type Meant, type Spooled } from "./put.ts";

/** What an APPEND is meant to bring. */
export interface Appending extends Meant {
  readonly marks: Marks;
  /** Which UID it got, where the server has said so and nothing more was heard. */
  readonly uid?: number;
}

/** What a message is appended with. */
export interface Appended {
  readonly marks: Marks;
  readonly date: number;
  readonly flags: readonly string[];
}

/** Appends a message, unless an earlier try has done so; what the server has of it then. */
export async function appendOnce(
  store: ItemStore,
  place: Place,
  open: OpenFolder,
  attempt: Attempt<Appending>,
  token: string,
  message: Spooled,
  how: Appended,
): Promise<{ readonly facts: Seen; readonly meant: Appending }> {
  const { before } = attempt;
  const earlier = before && await findAppended(store, open, before, token, how);
  if (before && earlier) return { facts: earlier, meant: before };
  const { validity, uidnext } = snapshotOf(open);
  const { client, mailbox } = open;
  const meant: Appending = {
    folder: place.number,
    validity,
    uidnext,
    messageId: messageIdOf(headOf(message)),
    date: how.date,
    size: message.size,
    marks: how.marks,
  };
  await attempt.intend(meant);
  const flags = how.flags.filter((flag) => isPermanent(mailbox.permanentFlags, flag));
  const put = await append(client, place.path, message, flags, how.date);
  if (put?.validity === validity) {
    const seen = await factsOf(client, put.uid).catch(async (error) => {
      // Now it is known to have been done, even if somebody moves it before it is asked for again.
      await attempt.intend({ ...meant, uid: put.uid });
      throw error;
    });
    return { facts: seen ?? goneBy(meant, put.uid, how), meant };
  }
  const facts = await findPut(store, open, meant, token);
  // Somebody may have deleted it already: then nothing is there to tell of.
  if (!facts) throw new NotFound("Cannot find the message that was just stored");
  return { facts, meant };
}

/** What an earlier try has appended; undefined where it has not. */
async function findAppended(
  store: ItemStore,
  open: OpenFolder,
  before: Appending,
  token: string,
  how: Appended,
): Promise<Seen | undefined> {
  const found = await findPut(store, open, before, token);
  const known = before.uid !== undefined && before.validity === snapshotOf(open).validity;
  return found ?? (known ? goneBy(before, before.uid, how) : undefined);
}

/** A message that was there, and that somebody has taken away since. */
function goneBy({ messageId, date, size }: Appending, uid: number, { flags }: Appended): Seen {
  const print = printOf(messageId, date, size);
  return { uid, flags: flagsText(flags), date, size, messageId, print, gone: true };
}

function headOf(message: Spooled): Uint8Array {
  const begin = beginning(message, 1 << 18);
  const end = /\r?\n\r?\n/.exec(
    Buffer.from(begin.buffer, begin.byteOffset, begin.length).toString("latin1"),
  );
  return end ? begin.subarray(0, end.index + end[0].length) : begin;
}
