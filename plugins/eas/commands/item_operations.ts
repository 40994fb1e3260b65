// ItemOperations: whole items and attachments on demand, and folders emptied.
import type { Host } from "../../../core/mod.ts";
import { type Command, type EasCall, el, type Element, Flow } from "../api.ts";
import { multipart, type Part } from "../multipart.ts";
import { encode } from "../wbxml/encode.ts";
import { emptyFolder } from "./item_operations/empty_folder.ts";
import { type Fetch, fetches } from "./item_operations/fetch.ts";
import { type EmptyFolder, mostOperations, type Operation, read } from "./item_operations/read.ts";

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
  const done: Element[] = [];
  for (const operation of operations.filter(isEmpty)) done.push(await emptyFolder(operation, call));
  // The schema wants the answers by kind: Move, EmptyFolderContents, Fetch.
  const rest = operations.filter((operation): operation is Fetch => !isEmpty(operation));
  const moves = rest.filter((one) => one.kind === "failed" && one.tag.endsWith("Move"));
  const emptied = rest.filter((one) => one.kind === "failed" && one.tag.endsWith("Contents"));
  const fetched = rest.filter((one) => !moves.includes(one) && !emptied.includes(one));
  const parts: Part[] | undefined = call.query.acceptMultiPart ? [] : undefined;
  const children = chained(
    fetches([...moves, ...emptied], call, host, parts),
    done,
    fetches(fetched, call, host, parts),
  );
  return parts ? { children: await Array.fromAsync(children), parts } : { children };
}

const isEmpty = (operation: Operation): operation is EmptyFolder => operation.kind === "empty";

const document = (status: number, ...content: Element[]) =>
  el("ItemOperations:ItemOperations", el("ItemOperations:Status", status), ...content);

async function* chained(
  ...lists: readonly (AsyncIterable<Element> | Iterable<Element>)[]
): AsyncIterable<Element> {
  for (const list of lists) yield* list;
}
