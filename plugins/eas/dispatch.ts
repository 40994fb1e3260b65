// The line of a request: gates → read → run → write → bytes. Holds the only `catch` of the EAS layer.
import { type Log, Unavailable } from "../../core/mod.ts";
import { type AnyCommand, type EasCall, type Gate, Status } from "./api.ts";
import { refusal } from "./gates.ts";
import {
  empty,
  respond,
  type ResponseOptions,
  statusDocument,
  wbxmlType,
  whole,
} from "./response.ts";
import type { Tag } from "./wbxml/element.ts";
import { WbxmlError } from "./wbxml/tokens.ts";

/** What the line needs besides the command. */
export interface Line {
  readonly gates: readonly Gate[];
  readonly log: Log;
  /** How the answer is sent; `open` may add headers. */
  readonly options: ResponseOptions;
  /** Where a status goes: into a document with this root; undefined: the HTTP code says it. */
  readonly statusRoot: Tag | undefined;
  /** Finds the command, or throws Status. */
  command(): AnyCommand;
  /** Reads the body, registers the device, opens the mailbox. */
  open(command: AnyCommand): Promise<EasCall>;
  /** The command has run, its answer is about to be made. */
  done(command: AnyCommand, call: EasCall): Promise<void>;
}

/** An HTTP response, and the common status that it carries, if any. */
export interface Dispatched {
  readonly response: Response;
  readonly status: number | undefined;
}

/** Answers a request, whatever happens. Never rejects. */
export async function dispatch(line: Line): Promise<Dispatched> {
  try {
    const command = line.command();
    const call = await line.open(command);
    const refused = await refusal(line.gates, command.name, call);
    if (refused) throw refused;
    const request = command.read(call);
    const outcome = await command.run(request, call);
    await line.done(command, call);
    const response = await respond(command.write(outcome, call), line.options);
    return { response, status: undefined };
  } catch (error) {
    return await refuse(asStatus(error, line.log), line);
  }
}

/** The status as this device reads it. MS-ASCMD 2.2.2 */
async function refuse(status: Status, line: Line): Promise<Dispatched> {
  const headers = { ...line.options.headers, ...status.headers };
  const { statusRoot } = line;
  const response = statusRoot === undefined
    ? empty(status.http, headers)
    : await whole(statusDocument(statusRoot, status.code), wbxmlType, { headers, gzip: false });
  return { response, status: status.code };
}

/** Tells the device as much of an error as it can use, and the log the rest. */
function asStatus(error: unknown, log: Log): Status {
  if (error instanceof Status) {
    log.info({ status: error.code, reason: error.message }, "a request was refused");
    return error;
  }
  if (error instanceof WbxmlError) {
    log.warn({ reason: error.message }, "a request is not WBXML");
    return new Status(102, error.message, { cause: error });
  }
  if (error instanceof Unavailable) {
    // An outage is told once for each request: a stack would say nothing more.
    log.warn({ reason: error.message }, "a request has to wait");
    return later(error.retryAfter);
  }
  const id = crypto.randomUUID();
  log.error({ err: error, id }, "a request failed");
  // Not 110 or HTTP 500: those make devices give up the account, and a fault is often a passing one.
  return later(60, { "request-id": id });
}

// MS-ASCMD 2.2.2: ServerErrorRetryLater
function later(seconds: number, headers: Record<string, string> = {}): Status {
  const retry = String(Math.max(1, Math.ceil(seconds)));
  return new Status(111, "try again later", { headers: { ...headers, "Retry-After": retry } });
}
