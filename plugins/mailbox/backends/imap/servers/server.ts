// What an operator can set for one IMAP server: `[mailbox.imap.NAME]`.
import * as v from "valibot";
import { formatListen } from "../../../../../core/mod.ts";
import { count, issuePath, text } from "../../../options.ts";
import { serverProblems } from "./server_checks.ts";

const texts = (description: string, examples: readonly string[][] = []) =>
  v.optional(
    v.pipe(v.array(v.string("a text")), v.description(description), v.examples(examples)),
    [],
  );

const flag = (initial: boolean, description: string) =>
  v.optional(v.pipe(v.boolean("true or false"), v.description(description)), initial);

const secret = (description: string) =>
  v.optional(
    v.pipe(v.string("a text"), v.description(description), v.metadata({ secret: true })),
    "",
  );

const security = v.optional(
  v.pipe(
    v.picklist(["tls", "starttls", "none"], 'one of "tls", "starttls", "none"'),
    v.description("How the connection is protected; none only to this machine itself"),
  ),
  "tls",
);

/** The connection to one server, IMAP or SMTP. */
const connection = {
  port: v.optional(
    v.pipe(
      v.number("a number"),
      v.integer("a whole number"),
      v.minValue(0, "at least 0"),
      v.maxValue(65535, "at most 65535"),
      v.description("Its port; 0 stands for the usual one of `security`"),
    ),
    0,
  ),
  security,
  caFile: text("A PEM file with the authority that signed its certificate; empty: the usual ones"),
  fingerprint: text(
    "SHA-256 of the one certificate that is accepted, in hex; empty: any valid one",
  ),
  allowPlain: flag(
    false,
    "Allows security none to another machine: passwords can be read on the way",
  ),
};

const folders = v.strictObject({
  drafts: text("The folder of drafts; empty: what the server says, else the usual names"),
  sent: text("The folder of sent mail"),
  trash: text("The folder of deleted mail"),
  junk: text("The folder of unwanted mail"),
  archive: text("The folder of the archive"),
});

const smtp = v.strictObject({
  host: text("The submission server; empty: the IMAP server's host"),
  ...connection,
  login: flag(true, "Logs in with the account's own name and password"),
  saves: flag(false, "The server puts sent mail into the sent folder by itself"),
});

const master = v.strictObject({
  user: text("A user who may open every mailbox; empty: each account's own password is used"),
  password: secret("The master user's password"),
  passwordFile: text("A file that holds it, in place of `password`"),
  form: text(
    "How the name of the login is made of {login} and {master}; " +
      "empty: the master user logs in and names the account (SASL PLAIN)",
  ),
});

const options = v.strictObject({
  domains: texts("Domains whose accounts have their mail there", [["example.org"]]),
  accounts: texts("Further addresses whose mail is there"),
  host: v.optional(
    v.pipe(
      v.string("a text"),
      v.description("The IMAP server"),
      v.examples(["mail.example.org"]),
    ),
    "",
  ),
  ...connection,
  user: text("How an account logs in, made of {address}, {local} and {domain}", "{address}"),
  auth: v.optional(
    v.pipe(
      v.picklist(
        ["password", "xoauth2", "oauthbearer"],
        'one of "password", "xoauth2", "oauthbearer"',
      ),
      v.description("What the phone's password is: a password, or a token that is handed on"),
    ),
    "password",
  ),
  master: v.optional(master, {}),
  connections: count(1, 4, "The most connections for one account, the waiting one included"),
  timeout: count(1, 30, "Seconds after which a server that says nothing is given up"),
  idle: count(0, 60, "Seconds after which a connection that nobody uses is closed"),
  rememberLogin: count(0, 300, "Seconds for which a checked password is not checked again"),
  provision: flag(true, "Whoever can log in there gets an account here at the first login"),
  appPasswords: flag(false, "Allows app passwords; each keeps the server's password, sealed by it"),
  subscribed: flag(false, "Shows subscribed folders only"),
  shared: flag(true, "Shows the folders of others, and public ones"),
  push: v.optional(
    v.pipe(
      v.picklist(["notify", "idle"], 'one of "notify", "idle"'),
      v.description(
        "How the server tells news: notify, of every folder, where it can (NOTIFY); idle, of the " +
          "inbox, while the others are looked at every `sweep` seconds. With a Dovecot that " +
          "hibernates (imap_hibernate_timeout) idle is quicker, and needs no process for who waits",
      ),
    ),
    "notify",
  ),
  sweep: count(5, 60, "Seconds between looks at folders of which the server tells no news"),
  hurry: count(
    0,
    200,
    "How often a Dovecot, which holds news back for half a second, is asked for them: so many times " +
      "a second for all who wait together. Below 0.3 s are a quarter as many accounts; each " +
      "question costs 0.2 to 0.5 ms of a processor, here and there together. 0: never",
  ),
  folders: v.optional(folders, {}),
  smtp: v.optional(smtp, {}),
});

/** What can be set for one server, each option by itself right. */
export type ServerOptions = v.InferOutput<typeof options>;

/** The section `[mailbox.imap.NAME]`. */
export const serverConfig = v.pipe(
  options,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const { at, wanted, fix } of serverProblems(dataset.value)) {
      addIssue({ message: `${wanted}. Fix: ${fix}`, path: issuePath(dataset.value, at) });
    }
  }),
);

/** One IMAP server with the submission server beside it, as configured. */
export type ServerConfig = v.InferOutput<typeof serverConfig>;

/** A server as the parts of the backend know it. */
export interface Server {
  /** The NAME of its section. */
  readonly name: string;
  readonly config: ServerConfig;
}

/** The port that is meant. */
export function imapPort({ port, security }: ServerConfig): number {
  return port || (security === "tls" ? 993 : 143);
}

/** Where something is, in words. */
export function atServer(server: Server): string {
  return `at the IMAP server "${server.name}" (${imapPlace(server)})`;
}

/** `host:port`, for messages. */
export function imapPlace({ config }: Server): string {
  return formatListen({ hostname: config.host, port: imapPort(config) });
}
