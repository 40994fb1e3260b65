// ItemOperations: whole items and attachments on demand, and folders emptied.
import type { Host } from "../../../core/mod.ts";
import { type Command, type EasCall, el, type Element, Flow } from "../api.ts";
import { multipart, type Part } from "../multipart.ts";
import { encode } from "../wbxml/encode.ts";
import { emptyFolder } from "./item_operations/empty_folder.ts";
import { type Fetch, fetches } from "./item_operations/fetch.ts";
import { moveConversation } from "./item_operations/move_conversation.ts";
import { mostOperations, type Operation, read } from "./item_operations/read.ts";

/** `parts`: the answer is multipart, and these come behind the document. */
type Outcome =
  | { readonly status: number }
  | { readonly children: AsyncIterable<Element> }
  | { readonly children: readonly Element[]; readonly parts: readonly Part[] };

// MS-ASCMD 2.2.3.177.8
const protocolError = 2;
const tooMany = 11;

// MS-ASCMD 2.2.1.10
export function itemOperations(host: Host): Command<readonly Operation[], Outcome> {
  return {
    name: "ItemOperations",
    since: "12.0",
    root: "ItemOperations:ItemOperations",
    read,
    run: (operations, call) => run(operations, call, host),
    write(outcome) {
      if ("status" in outcome) return document(outcome.status);
      if (!("parts" in outcome)) {
        return document(1, el("ItemOperations:Response", new Flow(outcome.children)));
      }
      const answer = document(1, el("ItemOperations:Response", ...outcome.children));
      return multipart(encode(answer), outcome.parts);
    },
  };
}

async function run(
  operations: readonly Operation[],
  call: EasCall,
  host: Host,
): Promise<Outcome> {
  if (operations.length === 0) return { status: protocolError };
  if (operations.length > mostOperations) return { status: tooMany };
  // What changes something happens at once, in the order of the request; what is read comes later.
  const done: Element[] = [];
  for (const operation of operations) done.push(...await change(operation, call, host));
  // The schema wants the answers by kind: Move, EmptyFolderContents, Fetch.
  const byKind = [moveTag, emptyTag].flatMap((tag) => done.filter((one) => one.tag === tag));
  const parts: Part[] | undefined = call.query.acceptMultiPart ? [] : undefined;
  const children = chained(byKind, fetches(operations.filter(isFetch), call, host, parts));
  return parts ? { children: await Array.fromAsync(children), parts } : { children };
}

const moveTag = "ItemOperations:Move", emptyTag = "ItemOperations:EmptyFolderContents";

/** Does what changes something, and answers it; a Fetch does not. */
async function change(operation: Operation, call: EasCall, host: Host): Promise<Element[]> {
  if (operation.kind === "empty") return [await emptyFolder(operation, call)];
  if (operation.kind === "move") return [await moveConversation(operation, call)];
  return isFetch(operation)
    ? []
    : await Array.fromAsync(fetches([operation], call, host, undefined));
}

function isFetch(operation: Operation): operation is Fetch {
  switch (operation.kind) {
    case "empty":
    case "move":
      return false;
    case "failed":
      return operation.tag === "ItemOperations:Fetch";
    default:
      return true;
  }
}

const document = (status: number, ...content: Element[]) =>
  el("ItemOperations:ItemOperations", el("ItemOperations:Status", status), ...content);

async function* chained(
  ...lists: readonly (AsyncIterable<Element> | Iterable<Element>)[]
): AsyncIterable<Element> {
  for (const list of lists) yield* list;
}
