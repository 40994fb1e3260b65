// A session with an SMTP server: connected, protected, logged in.
import { readFile } from "node:fs/promises";
import type { TLSSocket } from "node:tls";
import SMTPConnection from "nodemailer/lib/smtp-connection";

/** Where it is, and how the connection is protected. */
export interface SmtpServer {
  readonly host: string;
  /** 0: the usual one of `security`. */
  readonly port: number;
  readonly security: "starttls" | "tls" | "none";
  /** A PEM file with the authority that signed its certificate; empty: the usual ones. */
  readonly caFile: string;
  /** SHA-256 of the one certificate that is accepted, in hex; empty: any valid one. */
  readonly fingerprint?: string;
  /** How this server calls itself there. */
  readonly name: () => string;
}

/** What somebody logs in with: a password, or an OAuth token (XOAUTH2). */
export type SmtpCredentials =
  | { readonly user: string; readonly pass: string }
  | { readonly user: string; readonly token: string };

/** Asked before each session; undefined: no login. May throw: then nothing is sent. */
export type SmtpLogin = () => Promise<SmtpCredentials | undefined>;

/** Runs `work` in a session; a rejected `stop` ends it. */
export type Session = <R>(
  work: (connection: SMTPConnection) => Promise<R>,
  stop?: Promise<never>,
) => Promise<R>;

const ports = { starttls: 587, tls: 465, none: 25 };

/** The port that is meant. */
export function portOf({ port, security }: Pick<SmtpServer, "port" | "security">): number {
  return port || ports[security];
}

/**
 * Sessions with a server. This is the library's connection and not its mailer: the mailer reads a
 * small message to its end before the server has even answered to the sender, and then nobody could
 * tell an attempt that may have succeeded from one that cannot have.
 */
export function smtpSession(server: SmtpServer, login: SmtpLogin): Session {
  return async (work, stop) => {
    const credentials = await login();
    const connection = new SMTPConnection(await optionsOf(server));
    const failed = new Promise<never>((_, reject) => connection.once("error", reject));
    const talk = async () => {
      await connect(connection);
      checkFingerprint(connection, server);
      if (credentials) await logIn(connection, credentials);
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
  };
}

type Options = NonNullable<ConstructorParameters<typeof SMTPConnection>[0]>;

async function optionsOf(server: SmtpServer): Promise<Options> {
  const { host, security, caFile, fingerprint = "", name } = server;
  return {
    host,
    port: portOf(server),
    name: name(),
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    connectionTimeout: 30_000,
    tls: {
      ...(caFile !== "" && { ca: await readFile(caFile, "utf8") }),
      // A pinned certificate is checked by itself, whoever signed it and whatever names it has.
      ...(fingerprint !== "" && { rejectUnauthorized: false }),
    },
  };
}

function connect(connection: SMTPConnection): Promise<void> {
  return new Promise((resolve, reject) =>
    connection.connect((error) => error ? reject(error) : resolve())
  );
}

/** Before any secret is sent: the server must be the one that was named. */
function checkFingerprint(connection: SMTPConnection, { fingerprint = "" }: SmtpServer): void {
  if (fingerprint === "") return;
  const socket = (connection as unknown as { _socket: TLSSocket })._socket;
  const found = socket.getPeerCertificate?.().fingerprint256 ?? "";
  const plain = (text: string) => text.replaceAll(":", "").toLowerCase();
  if (plain(found) === plain(fingerprint)) return;
  throw new Error("Cannot trust the mail server: its certificate has another fingerprint");
}

function logIn(connection: SMTPConnection, credentials: SmtpCredentials): Promise<void> {
  const auth = "token" in credentials
    ? {
      type: "oauth2",
      method: "XOAUTH2",
      user: credentials.user,
      oauth2: xoauth2(credentials.user, credentials.token),
    }
    : { credentials: { user: credentials.user, pass: credentials.pass } };
  return new Promise((resolve, reject) =>
    connection.login(
      auth as Parameters<SMTPConnection["login"]>[0],
      (error) => error ? reject(error) : resolve(),
    )
  );
}

/** The token as it is: whoever logs in renews it, not this server. */
function xoauth2(user: string, token: string) {
  return {
    getToken(_renew: boolean, done: (error: Error | null, token?: string) => void) {
      done(null, token);
    },
    buildXOAuth2Token: (given: string) =>
      btoa(`user=${user}\u0001auth=Bearer ${given}\u0001\u0001`),
  };
}
