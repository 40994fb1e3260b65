// Opens a connection to a server and logs in on it; tells a refused password from all other trouble.
import { readFile } from "node:fs/promises";
import { ImapFlow, type ImapFlowOptions } from "imapflow";
import { Unavailable } from "../../../../../core/mod.ts";
import { domainOf } from "../../../address.ts";
import type { Secret } from "./keyring.ts";
import { Overheard } from "./overheard.ts";
import { imapPlace, imapPort, type Server } from "../servers/server.ts";
import { pinnedTransport, tlsOptions } from "./tls.ts";

/** Who logs in. */
export interface Login {
  /** The account's main address: the name of the login is made of it. */
  readonly address: string;
  /** What the account shows; undefined: the server's master user logs in for it. */
  readonly secret: Secret | undefined;
}

/** What a use of a connection may want otherwise; times in milliseconds. */
export type Wishes = Pick<ImapFlowOptions, "socketTimeout" | "maxIdleTime" | "maxLiteralSize">;

/** The server does not take the account's password (any more). */
export class WrongPassword extends Error {
  override name = "WrongPassword";
}

/**
 * A connection on which the account is logged in; the caller closes it. An `error` of the
 * connection is heard (nothing crashes for one), and comes out of the commands that run then.
 *
 * Throws {@link WrongPassword} where the server refuses the account's password, and `Unavailable`
 * for everything else: no way to the server, a wrong certificate, a server that is too busy, a
 * master user that is refused.
 */
export async function openConnection(
  server: Server,
  login: Login,
  wishes: Wishes = {},
): Promise<ImapFlow> {
  const master = login.secret === undefined;
  if (!master && !isSendable(login.secret!.reveal())) {
    throw new WrongPassword("Cannot log in: no server takes such a password");
  }
  const client = new ImapFlow(await flowOptions(server, login, wishes));
  // Without a listener an error of the socket would end the process.
  client.on("error", () => {});
  const overheard = new Overheard(client);
  try {
    await client.connect();
  } catch (error) {
    client.close();
    throw loginError(server, heardError(error as FlowError, overheard), master);
  } finally {
    overheard.end();
  }
  const stranger = strangerOn(client, master && server.config.master.form === "");
  if (stranger !== undefined) {
    client.close();
    throw new Unavailable(`Cannot log in at ${imapPlace(server)}: ${stranger}`);
  }
  return client;
}

/** By which ways the library has logged in; it does not tell of this property in its types. */
interface LoggedIn {
  readonly authCapabilities: ReadonlyMap<string, boolean>;
}

/**
 * Why nobody knows whose mail a connection shows. With a greeting of PREAUTH the library has not
 * logged in at all; without SASL PLAIN it has as the master user itself, whose mail nobody asked for.
 */
function strangerOn(client: ImapFlow, needsPlain: boolean): string | undefined {
  const { authCapabilities } = client as unknown as LoggedIn;
  const ways = [...authCapabilities].flatMap(([way, taken]) => taken ? [way] : []);
  if (ways.length === 0) return "it lets in everybody without a password (PREAUTH)";
  if (!needsPlain || ways.includes("AUTH=PLAIN")) return undefined;
  return "it has no SASL PLAIN, by which a master user could name the account";
}

/** An empty password, or one with a NUL, cannot be put into a login. */
function isSendable(password: string): boolean {
  return password !== "" && !password.includes("\0");
}

/** The name with which an account logs in, by the form that the section gives. */
export function loginName(server: Server, address: string): string {
  const words: Record<string, string> = {
    address,
    local: address.slice(0, address.lastIndexOf("@")),
    domain: domainOf(address),
  };
  return fill(server.config.user, words);
}

/** Puts words in the place of their names in braces. */
export function fill(form: string, words: Readonly<Record<string, string>>): string {
  return form.replaceAll(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole);
}

async function flowOptions(server: Server, login: Login, wishes: Wishes): Promise<ImapFlowOptions> {
  const { config } = server;
  const patience = config.timeout * 1000;
  return {
    host: config.host,
    port: imapPort(config),
    secure: config.security === "tls",
    doSTARTTLS: config.security === "starttls"
      ? true
      : config.security === "tls"
      ? undefined
      : false,
    tls: await trouble(server, tlsOptions(config)),
    ...(config.fingerprint !== "" && { transport: pinnedTransport(config.fingerprint) }),
    auth: await trouble(server, auth(server, login)),
    // The library would log commands. What goes wrong is thrown, and logged by whoever catches it.
    logger: false,
    clientInfo: { name: "Navette", version: false, vendor: false, "support-url": false },
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    qresync: true,
    disableAutoIdle: true,
    // Some 300 KB of memory for each connection, for bytes that cross a room.
    disableCompression: true,
    ...wishes,
  };
}

async function auth(
  server: Server,
  { address, secret }: Login,
): Promise<NonNullable<ImapFlowOptions["auth"]>> {
  const { auth, master } = server.config;
  const user = loginName(server, address);
  if (secret) {
    return auth === "password"
      ? { user, pass: secret.reveal() }
      : { user, accessToken: secret.reveal() };
  }
  const pass = master.passwordFile === ""
    ? master.password
    : (await readFile(master.passwordFile, "utf8")).trimEnd();
  if (master.form === "") {
    return { user: master.user, pass, authzid: user, loginMethod: "AUTH=PLAIN" };
  }
  return { user: fill(master.form, { login: user, master: master.user }), pass };
}

/** A file that cannot be read is the operator's trouble, not a wrong password. */
function trouble<R>(server: Server, work: Promise<R>): Promise<R> {
  return work.catch((error) => {
    throw new Unavailable(`Cannot log in at ${imapPlace(server)}: ${(error as Error).message}`);
  });
}

/** What the library's errors carry. */
interface FlowError extends Error {
  readonly code?: string;
  readonly authenticationFailed?: boolean;
  readonly responseStatus?: string;
  readonly responseText?: string;
  readonly response?: unknown;
  readonly serverResponseCode?: string;
  readonly reason?: string;
}

/** An answer that came right before the end of the connection, which is all that the library tells. */
function heardError(error: FlowError, { refusal }: Overheard): FlowError {
  if (error.authenticationFailed || !refusal) return error;
  return Object.assign(new Error(error.message), {
    authenticationFailed: true,
    responseStatus: refusal.status,
    responseText: refusal.text,
    ...(refusal.code !== undefined && { serverResponseCode: refusal.code }),
  });
}

/** RFC 5530: a refusal that is about the password, or about who may use it. */
const refusals = new Set(["AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED"]);

/**
 * What servers write to a refusal that is not about the password, in their words: Gmail ("Too many
 * simultaneous connections"), Cyrus with its saslauthd away ("generic failure"), Dovecot with its
 * authentication away ("Temporary authentication failure").
 */
const busy =
  /too many|temporar|try (again )?later|unavailable|generic failure|internal|limit|busy/i;

function loginError(server: Server, error: FlowError, master: boolean): Error {
  const place = imapPlace(server);
  const said = error.responseText ?? (typeof error.response === "string" ? error.response : "");
  // The library's error is not handed on: it quotes what was sent and what came.
  const words = said || error.reason || error.message || error.code || "unknown trouble";
  if (!error.authenticationFailed || error.responseStatus !== "NO") {
    return new Unavailable(`Cannot log in at ${place}: ${words}`);
  }
  const code = error.serverResponseCode?.toUpperCase();
  const refused = code ? refusals.has(code) : !busy.test(said);
  if (!refused) return new Unavailable(`Cannot log in at ${place}: ${words}`);
  if (master) return new Unavailable(`Cannot log in at ${place}: the master user is refused`);
  return new WrongPassword(`Cannot log in at ${place}: ${words}`);
}
