// MoveItems: the user puts mail into another folder.
import { createHash } from "node:crypto";
import { Unavailable } from "../../../core/mod.ts";
import { type FolderId, type Item, type ItemId, NotFound, Refused } from "../../mailbox/api.ts";
import { type Command, type EasCall, el, type Element, Status } from "../api.ts";
import { Busy } from "../device_lock.ts";
import { shownFolders } from "./hierarchy.ts";
import { noteMovedIn } from "./moved_in.ts";
import { heldOf } from "./sync/hunt.ts";
import { deviceOf, type Work } from "./work.ts";

/** One item on its way. */
interface Move {
  readonly item: ItemId;
  readonly from: FolderId;
  readonly to: FolderId;
}

interface Moved {
  readonly item: ItemId;
  readonly status: number;
  /** The id that it has there. */
  readonly now?: ItemId;
}

// MS-ASCMD 2.2.3.177.10
const badSource = 1, badDestination = 2, moved = 3, sameFolder = 4, failed = 5, locked = 7;

/** More are refused. MS-ASCMD 2.2.3.117.2 */
const most = 1000;
/** What an answer can repeat. MS-ASCMD 2.2.3.175 */
const longestId = 64;

/** MS-ASCMD 2.2.1.12 */
export function moveItems(work: Work): Command<readonly Move[], readonly Moved[]> {
  return { name: "MoveItems", root: "Move:MoveItems", read, run, write };

  async function run(moves: readonly Move[], call: EasCall): Promise<readonly Moved[]> {
    try {
      return await work.lock.run(deviceOf(call), call.signal, () => moveAll(work, moves, call));
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      throw new Status(111, error.message, { cause: error, headers: { "Retry-After": "5" } });
    }
  }
}

function read({ document }: EasCall): readonly Move[] {
  if (!document) throw new Status(101, "MoveItems without a document");
  const moves = document.all("Move:Move").map((element): Move => ({
    item: element.textOf("Move:SrcMsgId")?.trim() ?? "",
    from: element.textOf("Move:SrcFldId")?.trim() ?? "",
    to: element.textOf("Move:DstFldId")?.trim() ?? "",
  }));
  if (moves.length === 0 || moves.length > most) {
    throw new Status(103, `MoveItems with ${moves.length} items`);
  }
  if (moves.some(({ item }) => item === "" || item.length > longestId)) {
    throw new Status(103, "MoveItems without the id of an item");
  }
  return moves;
}

/** What all moves of a request are looked up in. */
interface Surroundings {
  readonly items: ReadonlyMap<ItemId, Item>;
  readonly folders: ReadonlySet<FolderId>;
}

/** Moves one after the other; each fails alone. */
async function moveAll(
  work: Work,
  moves: readonly Move[],
  call: EasCall,
): Promise<readonly Moved[]> {
  const { mailbox } = call;
  const items = new Map<ItemId, Item>();
  const wanted = [...new Set(moves.map(({ item }) => item))];
  for await (const item of mailbox.read(wanted, { preview: false })) items.set(item.id, item);
  const folders = new Set((await shownFolders(mailbox)).map(({ id }) => id));
  const targets = new Map<ItemId, FolderId>();
  const done: Moved[] = [];
  for (const move of moves) {
    const { item, to } = move;
    const first = targets.get(item) ?? to;
    targets.set(item, first);
    // MS-ASCMD 2.2.3.177.10: an item cannot go to two places
    const alone = first === to;
    done.push(alone ? await moveOne(move, { items, folders }, done, call) : refused(item, failed));
  }
  await keepMoved(work, moves, done, call);
  return done;
}

const refused = (item: ItemId, status: number): Moved => ({ item, status });

async function moveOne(
  { item, from, to }: Move,
  { items, folders }: Surroundings,
  before: readonly Moved[],
  { mailbox }: EasCall,
): Promise<Moved> {
  if (from === to) return refused(item, sameFolder);
  // What is not there may have been moved already: then the mailbox knows the answer of that time.
  const found = items.get(item);
  if (found && found.folder !== from) return refused(item, badSource);
  if (found && !folders.has(to)) return refused(item, badDestination);
  try {
    return { item, status: moved, now: await mailbox.move(item, to, tokenOf(item, to)) };
  } catch (error) {
    if (error instanceof NotFound) {
      return refused(item, folders.has(to) ? badSource : badDestination);
    }
    if (error instanceof Refused) return refused(item, failed);
    // Some are moved: the device is to know which, and to come back for the others.
    const some = before.some(({ status }) => status === moved);
    if (error instanceof Unavailable && some) return refused(item, locked);
    throw error;
  }
}

/**
 * A move is the same move whoever repeats it, and when: an id is not used again once its item has
 * left the folder. So a second phone hears where the item went, too.
 */
export function tokenOf(item: ItemId, to: FolderId): string {
  return `move:${createHash("sha256").update(`${item}\n${to}`).digest("base64url")}`;
}

/** For devices that keep what they moved: notes in what state they have it. */
async function keepMoved(
  work: Work,
  moves: readonly Move[],
  done: readonly Moved[],
  call: EasCall,
): Promise<void> {
  for (const folder of new Set(moves.map(({ to }) => to))) {
    const ids = done.flatMap(({ now }, at) => moves[at]!.to === folder && now ? [now] : []);
    if (ids.length === 0) continue;
    await noteMovedIn(work, call, folder, async () => {
      const held = [];
      for await (const item of call.mailbox.read(ids, { preview: false })) {
        if (item.folder === folder) held.push(heldOf(item.state));
      }
      return held;
    });
  }
}

function write(done: readonly Moved[]): Element {
  return el(
    "Move:MoveItems",
    ...done.map(({ item, status, now }) =>
      el(
        "Move:Response",
        el("Move:SrcMsgId", item),
        el("Move:Status", status),
        now === undefined ? undefined : el("Move:DstMsgId", now),
      )
    ),
  );
}
