// Mail comes in by LMTP and SMTP, for local accounts only: nothing is ever passed on from here.
import type { AddressInfo } from "node:net";
import {
  SMTPServer,
  type SMTPServerAddress,
  type SMTPServerDataStream,
  type SMTPServerSession,
} from "smtp-server";
import type { Account, Log } from "../../../core/mod.ts";
import { StorageError, Unavailable } from "../../../core/mod.ts";
import { type Delivery, Refused } from "../api.ts";
import { type Bytes, limited } from "../bytes.ts";
import { tokenFor } from "../delivery.ts";

/** What a listener is made of. */
export interface ListenerOptions {
  readonly protocol: "lmtp" | "smtp";
  readonly hostname: string;
  /** 0: any free port. */
  readonly port: number;
  /** How this server calls itself. */
  readonly name: string;
  /** Largest message, in bytes. */
  readonly maxSize: number;
  readonly delivery: Delivery;
  readonly log: Log;
  /** Told of each message: taken in, or refused with that reply code. */
  readonly counted?: (outcome: "taken" | "refused") => void;
}

export interface MailListener {
  readonly port: number;
  /** Takes nothing new, finishes what is coming in, closes. */
  close(): Promise<void>;
}

/** An answer of this server: the reply code becomes the line that the client reads. */
class Reply extends Error {
  readonly responseCode: number;
  constructor(code: number, text: string) {
    super(text);
    this.responseCode = code;
  }
}

// RFC 5321 §4.5.3.2: a server waits at least five minutes for the next command.
const idle = 300_000;
// What is coming in when the server stops has this long to be finished.
const grace = 10_000;

/** Starts to listen; resolves when connections are taken. */
export async function listenForMail(options: ListenerOptions): Promise<MailListener> {
  const running = new Map<string, Promise<void>>();
  const server = serverFor(options, running);
  server.on("error", (error) => options.log.debug({ err: error }, "A mail connection failed"));
  await new Promise<void>((resolve, reject) => {
    server.server.once("error", reject);
    server.listen(options.port, options.hostname, () => {
      server.server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.server.address() as AddressInfo;
  return { port, close: () => close(server, running) };
}

/** The server; `running` holds what is coming in, by session. */
function serverFor(options: ListenerOptions, running: Map<string, Promise<void>>): SMTPServer {
  const { log } = options;
  return new SMTPServer({
    lmtp: options.protocol === "lmtp",
    name: options.name,
    size: options.maxSize,
    rejectOversized: true,
    ...fixedOptions,
    onRcptTo(address, session, done) {
      recipient(options.delivery, address.address).then((account) => {
        recipientsOf(session).set(address.address.toLowerCase(), account);
        done();
      }, (error) => done(replyTo(error, log)));
    },
    onData(stream, session, done) {
      const work = receive(options, stream, session).then(() => {
        options.counted?.("taken");
        done(null, options.protocol === "lmtp" ? perRecipient(session) : "OK: delivered");
      }, (error) => {
        options.counted?.("refused");
        // The rest of a refused message has still to be read, or the client never hears the answer.
        stream.resume();
        done(replyTo(error, log));
      }).finally(() => running.delete(session.id));
      running.set(session.id, work);
    },
    onClose: (session) => void accepted.delete(session),
  });
}

const fixedOptions = {
  // No login, no relaying: there is nothing that a password could open.
  disabledCommands: ["AUTH", "STARTTLS"],
  authOptional: true,
  hideENHANCEDSTATUSCODES: false,
  disableReverseLookup: true,
  socketTimeout: idle,
  closeTimeout: grace,
  maxClients: 200,
  maxRecipients: 1000,
  logger: false,
};

// The accounts behind the recipients of the transaction that a session is in.
const accepted = new WeakMap<SMTPServerSession, Map<string, Account>>();

function recipientsOf(session: SMTPServerSession): Map<string, Account> {
  const known = accepted.get(session) ?? new Map<string, Account>();
  accepted.set(session, known);
  return known;
}

async function recipient(delivery: Delivery, address: string): Promise<Account> {
  const account = await delivery.accepts(address);
  const elsewhere = account ? undefined : await delivery.elsewhere?.(address);
  // Not "user not local": a mail server that believed that would hand it on, and perhaps to us again.
  if (elsewhere) throw new Reply(550, `Mail for ${address} does not end here but ${elsewhere}`);
  if (!account) throw new Reply(550, `No such recipient here: ${address}`);
  // Temporarily: an account is often disabled for an hour (a lost phone), and its mail should wait.
  if (account.disabled) throw new Reply(450, "This mailbox is disabled at the moment");
  return account;
}

async function receive(
  { protocol, delivery, maxSize, log }: ListenerOptions,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<void> {
  const known = recipientsOf(session);
  const rcpts = session.envelope.rcptTo.map(({ address }) => address);
  const to = rcpts.map((address) => known.get(address.toLowerCase())).filter((one) => !!one);
  const from = (session.envelope.mailFrom as SMTPServerAddress).address;
  const { mime, token } = await tokenFor(limited(bytesOf(stream), maxSize), from);
  const via = {
    protocol: protocol === "lmtp" ? "LMTP" : session.transmissionType,
    client: session.hostNameAppearsAs || "",
    remote: session.remoteAddress,
    ...(rcpts.length === 1 && { recipient: rcpts[0]! }),
  };
  await delivery.deliver(mime, { from, to, via }, token);
  log.info(
    { protocol, from, to: to.map(({ address }) => address), size: stream.byteLength },
    "A message was taken in",
  );
}

async function* bytesOf(stream: SMTPServerDataStream): Bytes {
  yield* stream.iterator({ destroyOnReturn: false }) as Bytes;
  // The library answers 552 by its own count: then nothing may have been stored.
  if (stream.sizeExceeded) {
    throw new Refused("tooLarge", "Cannot take the message: it is too large");
  }
}

/** LMTP answers once for each recipient that was accepted. */
function perRecipient(session: SMTPServerSession): string[] {
  return session.envelope.rcptTo.map(({ address }) => `OK: delivered to ${address}`);
}

/** What the client is told. Trouble of our own is temporary: the client keeps the mail. */
function replyTo(error: unknown, log: Log): Reply {
  if (error instanceof Reply) return error;
  if (error instanceof Refused) {
    if (error.reason === "tooLarge") return new Reply(552, error.message);
    if (error.reason === "quota") return new Reply(452, error.message);
    return new Reply(554, error.message);
  }
  if (error instanceof Unavailable || error instanceof StorageError) {
    log.error({ err: error }, "A message could not be stored");
    return new Reply(451, "The mail store cannot take this now, try again later");
  }
  log.warn({ err: error }, "A message could not be taken in");
  return new Reply(451, "This cannot be taken in now, try again later");
}

async function close(server: SMTPServer, running: Map<string, Promise<void>>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(resolve));
  const idlers = () => [...server.connections].filter(({ session }) => !running.has(session.id));
  const dismiss = () => {
    for (const connection of idlers()) {
      connection.send(421, "Server shutting down");
      connection.close();
    }
  };
  dismiss();
  void Promise.allSettled(running.values()).then(dismiss);
  await closed;
}
