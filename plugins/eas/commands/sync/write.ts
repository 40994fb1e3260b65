// The answer's document. Items flow: the first leave before the last are read.
import { type Answer, type EasCall, el, type Element, Flow } from "../../api.ts";
import { clean } from "../../schema/text.ts";
import type { Work } from "../work.ts";
import type { CollectionAnswer } from "./collection.ts";
import { leans } from "./read.ts";
import type { Answered } from "./device_commands.ts";
import { goingOn } from "./going_on.ts";
import { beginReading, type Begun, type ItemWriter, itemWriter } from "./items.ts";
import { isRefusal, type Refusal } from "./request.ts";

/** Undefined: an empty body, which says that nothing changed. */
// MS-ASCMD 2.2.1.21.2
export function writeSync(
  work: Work,
  outcome: readonly CollectionAnswer[] | Refusal,
  call: EasCall,
): Answer {
  if (isRefusal(outcome)) {
    return el(
      "AirSync:Sync",
      el("AirSync:Status", outcome.status),
      outcome.limit === undefined ? undefined : el("AirSync:Limit", outcome.limit),
    );
  }
  const told = leans(call.version) ? outcome.filter(({ quiet }) => !quiet) : outcome;
  // Either a body with collections or none at all: iOS spins on anything between.
  if (told.length === 0) return undefined;
  const collections = told.map((answer) => {
    const items = itemWriter(work, call, answer);
    return el("AirSync:Collection", new Flow(collection(answer, items, call)));
  });
  return el("AirSync:Sync", el("AirSync:Collections", ...collections));
}

async function* collection(
  { id, key, status, more, answers, fetches, ops, options, begun }: CollectionAnswer,
  items: ItemWriter,
  call: EasCall,
): AsyncIterable<Element> {
  const { version } = call;
  // MS-ASCMD 2.2.3.27.5: 12.1 answers without
  if (!leans(version)) yield el("AirSync:Class", "Email");
  yield el("AirSync:SyncKey", key);
  yield el("AirSync:CollectionId", id);
  yield el("AirSync:Status", status);
  // Just here: Windows Mobile does not find it elsewhere.
  if (more) yield el("AirSync:MoreAvailable");
  const responses = answers.filter(isToldOf).map(response);
  if (responses.length + fetches.length > 0) {
    yield el("AirSync:Responses", new Flow(withFetches(responses, fetches, items)));
  }
  if (ops.length > 0) yield* commands(items, begun ?? beginReading(ops, options, call));
}

/** Successful changes and deletions are not answered. MS-ASCMD 2.2.3.154 */
const isToldOf = ({ kind, outcome }: Answered) =>
  kind === "add" || outcome.status !== 1 || outcome.files !== undefined;

function response({ kind, id, outcome }: Answered): Element {
  const status = el("AirSync:Status", outcome.status);
  if (kind === "add") {
    const { serverId } = outcome;
    const given = serverId === undefined ? undefined : el("AirSync:ServerId", serverId);
    return el("AirSync:Add", el("AirSync:ClientId", id), given, status, filesElement(outcome));
  }
  const tag = kind === "change" ? "AirSync:Change" : "AirSync:Delete";
  return el(tag, el("AirSync:ServerId", id), status, filesElement(outcome));
}

/** How the device's attachments are called from now on. MS-ASAIRS 2.2.2.14 */
function filesElement({ files }: Answered["outcome"]): Element | undefined {
  if (!files) return undefined;
  const list = files.map(({ clientId, reference, name }) =>
    el(
      "AirSyncBase:Attachment",
      el("AirSyncBase:DisplayName", clean(name)),
      el("AirSyncBase:FileReference", reference),
      el("AirSyncBase:ClientId", clean(clientId)),
    )
  );
  return el("AirSync:ApplicationData", el("AirSyncBase:Attachments", ...list));
}

async function* withFetches(
  responses: readonly Element[],
  fetches: readonly string[],
  items: ItemWriter,
): AsyncIterable<Element> {
  yield* responses;
  for (const id of fetches) yield await items.fetched(id);
}

/** Commands, unless none is left when they are written: Windows Phone fails on an empty element. */
async function* commands(
  items: ItemWriter,
  ops: Begun,
): AsyncIterable<Element> {
  const iterator = items.commands(ops)[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (!first.done) {
    yield el("AirSync:Commands", new Flow(goingOn(Promise.resolve(first), iterator)));
  }
}
