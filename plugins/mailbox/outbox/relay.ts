// Hands messages to the relay by SMTP, and tells for each recipient how that went.
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Bytes } from "../bytes.ts";
import type { RelayConfig } from "../config.ts";

/** A message for the relay. */
export interface Handover {
  readonly from: string;
  readonly to: readonly string[];
  /** In bytes; may be a little more than it is. */
  readonly size: number;
  readonly mime: Bytes;
  /** Awaited when the relay has every byte but not yet the end: from here on it may be accepted. */
  readonly committing: () => Promise<void>;
  /** Ends the attempt, as long as it is not committing. */
  readonly signal: AbortSignal;
}

/** How it went for one recipient. `uncertain`: it may have been accepted, nobody can tell. */
export interface Verdict {
  readonly kind: "sent" | "temporary" | "permanent" | "uncertain";
  /** RFC 3463. */
  readonly status: string;
  /** In the relay's words where there are any. */
  readonly diagnostic: string;
  /** The trouble is with the relay (unreachable, login), not with this message. */
  readonly relayTrouble?: boolean;
}

export interface Relay {
  /** `host:port`, for messages. */
  readonly place: string;
  /** Never rejects: a failure is a verdict. Every recipient has one, by its address. */
  handOver(message: Handover): Promise<Map<string, Verdict>>;
  /** Connects and logs in; throws what is wrong. */
  check(): Promise<void>;
}

const ports = { starttls: 587, tls: 465, none: 25 };

/** The relay of the configuration; undefined: there is none. */
export function makeRelay(config: RelayConfig, name: () => string): Relay | undefined {
  if (config.host === "") return undefined;
  const port = config.port || ports[config.security];
  const session: Session = (work, stop) => connected(config, port, name, work, stop);
  return {
    place: `${config.host}:${port}`,
    handOver: (message) => handOver(session, message),
    check: () => session(() => Promise.resolve()),
  };
}

type Session = <R>(
  work: (connection: SMTPConnection) => Promise<R>,
  stop?: Promise<never>,
) => Promise<R>;

/**
 * Connects, logs in, runs `work`, says goodbye; a rejected `stop` ends all that. This is the
 * library's connection and not its mailer: the mailer reads a small message to its end before the
 * relay has even answered to the sender, and then nobody could tell an attempt that may have
 * succeeded from one that cannot have.
 */
async function connected<R>(
  config: RelayConfig,
  port: number,
  name: () => string,
  work: (connection: SMTPConnection) => Promise<R>,
  stop: Promise<never> | undefined,
): Promise<R> {
  const password = config.passwordFile === ""
    ? config.password
    : (await readFile(config.passwordFile, "utf8")).trimEnd();
  const connection = new SMTPConnection({
    host: config.host,
    port,
    name: config.name || name(),
    secure: config.security === "tls",
    requireTLS: config.security === "starttls",
    ignoreTLS: config.security === "none",
    connectionTimeout: 30_000,
    ...(config.caFile && { tls: { ca: await readFile(config.caFile, "utf8") } }),
  });
  const failed = new Promise<never>((_, reject) => connection.once("error", reject));
  const talk = async () => {
    await logIn(connection, config.user, password);
    const result = await work(connection);
    connection.quit();
    return result;
  };
  try {
    return await Promise.race([talk(), failed, ...(stop ? [stop] : [])]);
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function logIn(connection: SMTPConnection, user: string, pass: string): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    connection.connect((error) => error ? reject(error) : resolve())
  );
  if (user === "") return;
  await new Promise<void>((resolve, reject) =>
    connection.login({ credentials: { user, pass } }, (error) => error ? reject(error) : resolve())
  );
}

async function handOver(
  session: Session,
  { from, to, size, mime, committing, signal }: Handover,
): Promise<Map<string, Verdict>> {
  let committed = false;
  let abort = () => {};
  async function* bytes(): Bytes {
    yield* mime;
    signal.throwIfAborted();
    // From here on the end of the message can be on the wire at any moment.
    await committing();
    committed = true;
  }
  try {
    signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) => {
      abort = () => committed || reject(new Error("Cannot go on: the server stops"));
    });
    signal.addEventListener("abort", abort, { once: true });
    const source = Readable.from(bytes(), { objectMode: false });
    const envelope = { from, to: [...to], size, use8BitMime: true };
    const result = await session((connection) => send(connection, envelope, source), aborted);
    const sent = new Map(to.map((address) => [address, accepted(result.response)]));
    for (const error of result.rejectedErrors ?? []) mark(sent, error);
    return sent;
  } catch (error) {
    return failure(error as SmtpError, to, committed);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

type Sent = Parameters<Parameters<SMTPConnection["send"]>[2]>[1];

function send(
  connection: SMTPConnection,
  envelope: Parameters<SMTPConnection["send"]>[0],
  source: Readable,
): Promise<Sent> {
  return new Promise((resolve, reject) =>
    connection.send(envelope, source, (error, info) => error ? reject(error) : resolve(info))
  );
}

/** What the library's errors carry. */
interface SmtpError extends Error {
  readonly code?: string | undefined;
  readonly command?: string | undefined;
  readonly response?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly recipient?: string | undefined;
  readonly rejectedErrors?: readonly SmtpError[] | undefined;
}

function accepted(response: string): Verdict {
  return { kind: "sent", status: "2.0.0", diagnostic: response };
}

function failure(
  error: SmtpError,
  to: readonly string[],
  committed: boolean,
): Map<string, Verdict> {
  const verdicts = new Map(to.map((address) => [address, verdict(error, committed)]));
  for (const one of error.rejectedErrors ?? []) mark(verdicts, one);
  return verdicts;
}

/** Puts down a refusal of one recipient, whatever letters the library wrote it in. */
function mark(verdicts: Map<string, Verdict>, error: SmtpError): void {
  const wanted = error.recipient?.toLowerCase();
  for (const address of verdicts.keys()) {
    if (address.toLowerCase() === wanted) verdicts.set(address, verdict(error, false));
  }
}

function verdict(error: SmtpError, committed: boolean): Verdict {
  const { responseCode: code, response, command = "" } = error;
  const diagnostic = (response ?? error.message).replace(/\s*\r?\n\s*/g, " ");
  const status = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response ?? "")?.[1];
  const aboutMessage = ["MAIL FROM", "RCPT TO", "DATA"].includes(command);
  // The library refuses by the relay's announced SIZE before it sends anything.
  if (error.code === "EMESSAGE" && code === undefined && command === "MAIL FROM") {
    return { kind: "permanent", status: "5.3.4", diagnostic };
  }
  if (code === undefined && committed) return { kind: "uncertain", status: "4.4.2", diagnostic };
  // 503 says that the session went wrong, not the message.
  if (aboutMessage && code !== undefined && code >= 500 && code < 600 && code !== 503) {
    return { kind: "permanent", status: status ?? "5.0.0", diagnostic };
  }
  return {
    kind: "temporary",
    status: status ?? "4.4.1",
    diagnostic,
    relayTrouble: !aboutMessage || code === undefined,
  };
}
