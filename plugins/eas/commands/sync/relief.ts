// A device that does not get on, or is out of hand: what is done, and that the administrator hears.
import type { ItemId } from "../../../mailbox/api.ts";
import { type EasCall, type HandedOut, type Session, type Version } from "../../api.ts";
import { changeSince } from "../../schema/marks.ts";
import { deviceOf, type Work } from "../work.ts";
import { type Brake, brakeOf } from "./brake.ts";
import type { Op } from "./hunt.ts";
import type { Entry, Filed } from "./journal.ts";
import type { AskedCollection } from "./request.ts";

/** Items that go out as stubs, and why. */
export type Stubs = ReadonlyMap<ItemId, string>;

/** What this needs of a collection's work. */
interface Part {
  readonly work: Work;
  readonly call: EasCall;
  readonly session: Session;
}

/**
 * How the answer has to become smaller, because the device asks for it again and again; `wanted`: the
 * one that it asks for, which is not always the last.
 */
export function slowedDown(
  { work, call, session }: Part,
  request: AskedCollection,
  wanted: HandedOut | undefined,
) {
  const brake = brakeOf(session.lost && { ...session.lost, ...wanted }, call.clock.now());
  if (!brake?.tightened) return brake;
  const { times } = session.lost!;
  call.log.warn(
    { collection: request.id, times, window: brake.window },
    "a device asks for the same answer again and again: it gets less of it",
  );
  work.braked("window");
  return brake;
}

/**
 * Which of the items in an answer go out as stubs: the one that is left of an answer which the device
 * could not digest, and those of earlier times. An item that was held up once stays a stub for this
 * device as long as its content is the same: as the state says that the device has it, it comes
 * again only where all of it has to be told (its content changed, it was answered, the device starts
 * over), and what made the device fail before would do so again. Who opens the stub finds the whole
 * message in it, and Fetch and Search bring it as it is. Another content is tried as itself, with the
 * same patience.
 */
export async function stubsOf(
  { work, call, brake }: Part & { readonly brake: Brake | undefined },
  ops: readonly Op[],
): Promise<Stubs> {
  const stubs = new Map<ItemId, string>();
  const whole = ops.filter((op) => isWhole(op, call.version));
  const device = deviceOf(call);
  const known = whole.length > 0 ? await work.problems.indigestible(device) : new Map();
  for (const { item, state } of whole) {
    const problem = known.get(item);
    if (problem && problem.revision === state!.revision) stubs.set(item, problem.reason);
  }
  const reason = brake?.stub;
  if (reason === undefined || ops.length !== 1) return stubs;
  const [{ item, state }] = ops as [Op];
  if (whole.length > 0 && !stubs.has(item)) {
    call.log.warn({ item }, "a device does not get on with an item: it gets a stub of it");
    work.braked("stub");
    stubs.set(item, reason);
  } else call.log.warn({ item }, "a device does not get on, and no answer could be smaller");
  const revision = whole.length > 0 ? state!.revision : "";
  await work.problems.note({ ...device, kind: "indigestible", about: item, revision, reason });
  return stubs;
}

/** Whether an item goes out with its content: what is only gone, or only marked, has no stub. */
function isWhole({ kind, before, state }: Op, version: Version): boolean {
  if (kind === "add") return true;
  if (kind !== "change") return false;
  const { revision, marks } = state!;
  return changeSince(before!.has, revision, marks, version) === "item";
}

/** Whether the folder pauses for this device, because of what it adds. */
export async function addsTooMuch(
  { work, call, request, filed, journal }: Part & {
    readonly request: AskedCollection;
    readonly filed: readonly Filed[];
    readonly journal: ReadonlyMap<string, Entry>;
  },
): Promise<boolean> {
  const device = deviceOf(call);
  // Begun counts as well: a device that repeats its Adds while the store is away adds nothing new.
  const fresh = filed.filter(({ id, what }) => journal.get(id)?.what !== what);
  const rate = work.addRates.check(device, request.id, fresh, call.clock.now());
  if (rate !== "begins") return rate === "pauses";
  call.log.error(
    { collection: request.id },
    "a device adds the same again and again: the folder pauses for it",
  );
  work.braked("adds");
  await work.problems.note({
    ...device,
    kind: "flood",
    about: request.id,
    reason: "The device added the same again and again, and the folder paused for it.",
  });
  return true;
}
