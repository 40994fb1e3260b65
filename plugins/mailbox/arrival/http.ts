// Mail comes in by HTTP: POST /api/deliver, for webhooks and for places where no port can be opened.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, Hono } from "hono";
import type { Account, Log, Login, ServeEnv } from "../../../core/mod.ts";
import { StorageError, Unavailable } from "../../../core/mod.ts";
import { owns } from "../address.ts";
import { type Delivery, Refused } from "../api.ts";
import { limited } from "../bytes.ts";
import { tokenFor } from "../delivery.ts";

export interface HttpArrivalOptions {
  readonly login: () => Login;
  readonly delivery: () => Delivery;
  /** Largest message, in bytes. */
  readonly maxSize: number;
  /** The token that opens every mailbox; empty: there is none. */
  readonly token: string;
  readonly log: Log;
  readonly counted?: (outcome: "taken" | "refused") => void;
}

/** Where messages are posted. */
export const deliverPath = "/api/deliver";

type Call = Context<ServeEnv>;

/** Who is calling: an account, or the holder of the token. */
type Caller = Account | "token";

/** An answer that ends the request early. */
class Answer extends Error {
  readonly response: Response;
  constructor(status: number, error: string, headers: Record<string, string> = {}) {
    super(error);
    this.response = Response.json({ error }, { status, headers });
  }
}

/**
 * Adds `POST /api/deliver`: the body is one message (message/rfc822), read as a stream.
 *
 * With Basic login an account delivers to itself; with the bearer token, to the accounts named by
 * `?to=` (repeatable). `?from=` is the envelope sender. `Idempotency-Key` makes a repetition safe.
 * Answers 201 `{"delivered":[…]}`, or `{"error":…}` with 400, 401, 403, 404, 413, 415, 422, 429, 503.
 */
export function addDeliverRoute(app: Hono<ServeEnv>, options: HttpArrivalOptions): void {
  app.post(deliverPath, async (c) => {
    try {
      const caller = await whoCalls(c, options);
      const to = await recipients(c, caller, options.delivery());
      const delivered = await take(c, caller, to, options);
      options.counted?.("taken");
      return c.json({ delivered }, 201);
    } catch (error) {
      options.counted?.("refused");
      return answerTo(error, options);
    }
  });
}

// Before a single byte of the body is read.
async function whoCalls(c: Call, { login, token }: HttpArrivalOptions): Promise<Caller> {
  const [scheme, given = ""] = (c.req.header("Authorization") ?? "").split(/ +/, 2);
  if (scheme?.toLowerCase() === "bearer" && token !== "" && same(given, token)) return "token";
  if (scheme?.toLowerCase() !== "basic") throw unauthorized("wanted: Basic login or the token");
  const [user, password] = split(new TextDecoder().decode(fromBase64(given)));
  const result = await login()({ user, password, remote: c.env?.remote ?? "" });
  if (result.ok) return result.account;
  if (result.reason === "limited") {
    throw new Answer(429, "too many failed logins", { "Retry-After": `${result.retryAfter}` });
  }
  if (result.reason === "disabled") throw new Answer(403, "this account is disabled");
  throw unauthorized("wrong user or password");
}

function unauthorized(text: string): Answer {
  return new Answer(401, text, { "WWW-Authenticate": 'Basic realm="mail", charset="UTF-8"' });
}

function same(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

function split(pair: string): [string, string] {
  const colon = pair.indexOf(":");
  if (colon < 0) throw unauthorized("wanted: user and password");
  return [pair.slice(0, colon), pair.slice(colon + 1)];
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw unauthorized("wanted: user and password in base64");
  }
}

async function recipients(c: Call, caller: Caller, delivery: Delivery): Promise<Account[]> {
  const wanted = c.req.queries("to") ?? [];
  if (caller !== "token") {
    const foreign = wanted.find((address) => !owns(caller, address));
    if (foreign !== undefined) {
      throw new Answer(403, `${foreign} is not an address of this account`);
    }
    const elsewhere = await delivery.elsewhere?.(caller.address);
    if (elsewhere) throw new Answer(403, `mail of this account does not end here but ${elsewhere}`);
    return [caller];
  }
  if (wanted.length === 0) throw new Answer(400, "wanted: ?to= with a recipient");
  return await Promise.all(wanted.map(async (address) => {
    const account = await delivery.accepts(address);
    const elsewhere = account ? undefined : await delivery.elsewhere?.(address);
    if (elsewhere) throw new Answer(404, `mail for ${address} does not end here but ${elsewhere}`);
    if (!account) throw new Answer(404, `no such recipient here: ${address}`);
    if (account.disabled) {
      throw new Answer(503, `disabled at the moment: ${address}`, { "Retry-After": "3600" });
    }
    return account;
  }));
}

const types = ["message/rfc822", "message/global", "application/octet-stream", "text/plain"];

async function take(
  c: Call,
  caller: Caller,
  to: readonly Account[],
  { delivery, maxSize, log }: HttpArrivalOptions,
): Promise<string[]> {
  const type = (c.req.header("Content-Type") ?? types[0]!).split(";")[0]!.trim().toLowerCase();
  if (!types.includes(type)) throw new Answer(415, "wanted: Content-Type: message/rfc822");
  const { body } = c.req.raw;
  if (!body || c.req.header("Content-Length") === "0") {
    throw new Answer(400, "wanted: a message as body");
  }
  if (Number(c.req.header("Content-Length") ?? 0) > maxSize) {
    await body.cancel();
    throw new Answer(413, `larger than ${maxSize} bytes`);
  }
  const from = c.req.query("from") ?? "";
  const { mime, token } = await tokenFor(limited(body, maxSize), from);
  const key = c.req.header("Idempotency-Key");
  const owner = caller === "token" ? "token" : `${caller.id}`;
  const asked = c.req.queries("to") ?? [];
  const via = {
    protocol: "HTTP",
    client: "",
    remote: c.env?.remote ?? "",
    ...(asked.length === 1 && { recipient: asked[0]! }),
  };
  await delivery().deliver(mime, { from, to, via }, key ? `http:${owner}:${key}` : token);
  const delivered = [...new Set(to.map(({ address }) => address))];
  log.info({ protocol: "http", from, to: delivered }, "A message was taken in");
  return delivered;
}

function answerTo(error: unknown, { maxSize, log }: HttpArrivalOptions): Response {
  if (error instanceof Answer) return error.response;
  if (error instanceof Refused) {
    return error.reason === "tooLarge"
      ? new Answer(413, `larger than ${maxSize} bytes`).response
      : new Answer(error.reason === "quota" ? 507 : 422, error.message).response;
  }
  const retryAfter = error instanceof Unavailable ? error.retryAfter : 30;
  const known = error instanceof Unavailable || error instanceof StorageError;
  log.error({ err: error }, known ? "A message could not be stored" : "A delivery by HTTP failed");
  return new Answer(503, "this cannot be taken in now", { "Retry-After": `${retryAfter}` })
    .response;
}
