// What a libSQL server, or the way to it, answers instead of a result.
import { ConstraintError, StorageError } from "../../core/database.ts";
import { refusal } from "../refusal.ts";

/** SQLite's primary codes by the names that the server uses. */
const codes: Record<string, number> = {
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: 8,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CONSTRAINT: 19,
  SQLITE_NOTADB: 26,
};

const explained: Record<string, [kind: StorageError["kind"], message: string]> = {
  TRANSACTION_TIMEOUT: ["busy", "the server ended the transaction after its time limit"],
  TRANSACTION_BUSY: ["busy", "another client writes for too long"],
  RESPONSE_TOO_LARGE: ["other", "the answer is larger than the server allows; read fewer rows"],
  BLOCKED: ["readonly", "the server has blocked this database"],
};

/** The connection was refused: nothing of the request can have been done. */
const refused = new WeakSet<Error>();

/** Whether `error` says that nothing reached the server. */
export function isRefused(error: unknown): boolean {
  return error instanceof Error && refused.has(error);
}

/** The port's error for what `@libsql/client` threw; never with the token or a value. */
export function remoteRefusal(
  thrown: unknown,
  what: string,
  address: string,
  token: string | undefined,
): Error {
  if (thrown instanceof ConstraintError || thrown instanceof StorageError) return thrown;
  const chain = causes(thrown);
  const status = chain.find((error) => error.status !== undefined)?.status;
  if (status === 401 || status === 403) {
    const why = token ? "the server does not accept the token" : "the server wants a token";
    return new StorageError("other", `Cannot use ${address}: ${why}`);
  }
  const known = chain.find(({ name }) => /^Libsql/.test(name));
  if (!known || (status !== undefined && status >= 500)) {
    return unreachable(chain, what, address, status);
  }
  const said = clean(chain.at(-1)!.message, token);
  const [kind, message] = explained[known.code ?? ""] ?? [];
  if (kind) return new StorageError(kind, `Cannot ${what}: ${message}`);
  return refusal(codes[known.code ?? ""], what, said);
}

interface Thrown extends Error {
  readonly code?: string;
  readonly status?: number;
}

function causes(thrown: unknown): Thrown[] {
  const chain: Thrown[] = [];
  for (let error = thrown; error instanceof Error && chain.length < 8; error = error.cause) {
    chain.push(error as Thrown);
  }
  return chain.length > 0 ? chain : [new Error(String(thrown))];
}

function unreachable(chain: Thrown[], what: string, address: string, status?: number): Error {
  const told = chain.map(({ name, code, message }) => `${name} ${code ?? ""} ${message}`).join(" ");
  const message = (why: string) => `Cannot ${what}: ${address} ${why}`;
  if (/refused|ENOTFOUND|dns error|unable to connect/i.test(told)) {
    const error = new StorageError("unreachable", message("cannot be reached"));
    refused.add(error);
    return error;
  }
  if (status !== undefined) {
    return new StorageError("unreachable", message(`answers with HTTP status ${status}`));
  }
  const slow = /timeout|timed out/i.test(told);
  const why = slow ? "does not answer in time" : "broke the connection";
  return new StorageError("unreachable", message(`${why}; a write may or may not be done`));
}

/** SQLite's own message without the server's prefixes, and in no case with the token. */
function clean(message: string, token: string | undefined): string {
  const bare = message.replace(/^(?:[A-Z_]+: )*(?:SQLite (?:input )?error: )?/, "");
  return token ? bare.replaceAll(token, "…") : bare;
}
