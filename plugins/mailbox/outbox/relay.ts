// Hands messages to the relay by SMTP, and tells for each recipient how that went.
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import type SMTPConnection from "nodemailer/lib/smtp-connection";
import type { Bytes } from "../bytes.ts";
import type { RelayConfig } from "../config.ts";
import type { Handover, Relay, Verdict } from "../way_out.ts";
import { portOf, type Session, type SmtpLogin, type SmtpServer, smtpSession } from "./smtp.ts";

/** The relay of the configuration; undefined: there is none. */
export function makeRelay(config: RelayConfig, name: () => string): Relay | undefined {
  if (config.host === "") return undefined;
  return smtpRelay({ ...config, name: () => config.name || name() }, async () => {
    if (config.user === "") return undefined;
    const pass = config.passwordFile === ""
      ? config.password
      : (await readFile(config.passwordFile, "utf8")).trimEnd();
    return { user: config.user, pass };
  });
}

/** A server that takes mail from whoever logs in. */
export function smtpRelay(server: SmtpServer, login: SmtpLogin): Relay {
  const session = smtpSession(server, login);
  return {
    place: `${server.host}:${portOf(server)}`,
    handOver: (message) => handOver(session, message),
    check: () => session(() => Promise.resolve()),
  };
}

async function handOver(
  session: Session,
  { from, to, size, mime, committing, signal }: Handover,
): Promise<Map<string, Verdict>> {
  let ending = false;
  let committed = false;
  let abort = () => {};
  async function* bytes(): Bytes {
    yield* mime;
    signal.throwIfAborted();
    // Nobody ends it any more, not even while this is written down: the end would follow all the same.
    ending = true;
    await committing();
    // From here on the end of the message can be on the wire at any moment.
    committed = true;
  }
  try {
    signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) => {
      const ended = new Error("Cannot go on: the attempt was ended from here");
      abort = () => ending || reject(isNamed(signal.reason) ? signal.reason : ended);
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

/** Whether whoever ended it has said why. */
function isNamed(reason: unknown): reason is Error {
  return reason instanceof Error && reason.name !== "AbortError";
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
    return { kind: "permanent", status: status ?? statusOf(command, code), diagnostic };
  }
  return {
    kind: "temporary",
    status: status ?? "4.4.1",
    diagnostic,
    relayTrouble: !aboutMessage || code === undefined,
  };
}

/** What a refusal without an RFC 3463 status of its own means (RFC 5321 4.2.3). */
function statusOf(command: string, code: number): string {
  if (code === 552) return command === "RCPT TO" ? "5.2.2" : "5.3.4";
  if (command === "MAIL FROM" && [550, 553].includes(code)) return "5.1.8";
  if (command === "RCPT TO" && [550, 551, 553].includes(code)) return "5.1.1";
  return "5.0.0";
}
