// Move: a whole conversation goes to a folder, and its mail from now on as well.
import { type Mailbox, NotFound, Refused, type Role, type Threads } from "../../../mailbox/api.ts";
import { type EasCall, el, type Element } from "../../api.ts";
import { shownFolders } from "../hierarchy.ts";
import { tokenOf } from "../move_items.ts";
import type { MoveConversation } from "./read.ts";

/** Phones give up after 30 s; a repeat goes on with what is left. Milliseconds. */
const patience = 20_000;

// MS-ASCMD 2.2.3.177.8 and 2.2.2
const ok = 1, notFound = 6, failed = 154, badDestination = 156;

/**
 * What the user wrote stays where it is: the specification names what was sent; a draft that was
 * moved could not be written any further.
 */
// MS-ASCON 2.2.2.8
const own: readonly (Role | undefined)[] = ["sent", "drafts", "outbox"];

// MS-ASCMD 2.2.3.117.1
export async function moveConversation(
  operation: MoveConversation,
  call: EasCall,
): Promise<Element> {
  const status = el("ItemOperations:Status", await attempt(operation, call));
  return el("ItemOperations:Move", status, ...operation.names);
}

async function attempt({ thread, to }: MoveConversation, call: EasCall): Promise<number> {
  const { mailbox, clock } = call;
  const folders = new Map((await shownFolders(mailbox)).map((folder) => [folder.id, folder.role]));
  if (!folders.has(to)) return badDestination;
  if (!knowsThreads(mailbox)) return failed;
  if ((await mailbox.conversation(thread)).length === 0) return notFound;
  const deadline = clock.now() + patience;
  const moveAll = async () => {
    for (const { folder, state } of await mailbox.conversation(thread)) {
      if (folder === to || own.includes(folders.get(folder))) continue;
      if (clock.now() >= deadline) return false;
      await moveOne(mailbox, state.id, to);
    }
    return true;
  };
  try {
    if (!await moveAll()) return failed;
    await mailbox.divert(thread, folders.get(to) === "inbox" ? undefined : to);
    // What has arrived in between.
    return await moveAll() ? ok : failed;
  } catch (error) {
    if (error instanceof NotFound) return badDestination;
    if (error instanceof Refused) return failed;
    throw error;
  }
}

/** What somebody else took away meanwhile need not be moved. */
async function moveOne(mailbox: Mailbox, id: string, to: string): Promise<void> {
  try {
    await mailbox.move(id, to, tokenOf(id, to));
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
}

function knowsThreads(mailbox: Mailbox): mailbox is Mailbox & Threads {
  return "conversation" in mailbox;
}
