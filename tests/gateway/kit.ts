// Navette as people run it, in front of a real mail server: a process that phones ask and tests kill.
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ImapFlow } from "imapflow";
import { stringify } from "smol-toml";
import { easClient, network, Phone, type PhoneOptions } from "../../plugins/eas/client/mod.ts";
import type { Version } from "../../plugins/eas/versions.ts";
import { samples } from "../../plugins/mailbox/sample/messages.ts";
import { type Child, runScript } from "../child.ts";
import { account } from "../conformance/mailbox_kit.ts";
import { startCyrus } from "../servers/cyrus.ts";
import { startDovecot } from "../servers/dovecot.ts";
import type { MailServer, User } from "../servers/mail_server.ts";
import { serverDir } from "../servers/place.ts";
import { startPostfix } from "../servers/postfix.ts";
import { cyrusPresent, dovecotPresent, postfixPresent } from "../servers/present.ts";
import { startStandIn } from "../servers/stand_in.ts";
import type { Submission } from "../servers/submission.ts";
import { startTap, type Tap } from "../servers/tap.ts";
import { needs } from "../needs.ts";

const program = fileURLToPath(new URL("../../main.ts", import.meta.url));
const corpus = fileURLToPath(new URL("../corpus/", import.meta.url));

/** The mail servers that are tested with. */
export const products = [
  {
    name: "Dovecot",
    found: needs("dovecot", dovecotPresent()),
    start: () => startDovecot({ specialFolders: true }),
  },
  { name: "Cyrus", found: needs("cyrus", cyrusPresent()), start: () => startCyrus() },
] as const;

/** A mail server, its submission server, a tap before it, and Navette before that. */
export interface Gateway {
  readonly server: MailServer;
  readonly submission: Submission;
  /** Between Navette and the mail server. */
  readonly tap: Tap;
  readonly url: string;
  /** A phone that is being set up. */
  phone(user: User, version: Version, options?: PhoneOptions): Phone;
  /** Ends Navette as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again, where it was. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startGateway(start: () => Promise<MailServer>): Promise<Gateway> {
  const server = await start();
  const submission = await (postfixPresent() ? startPostfix(server) : startStandIn(server));
  const tap = await startTap(server.port);
  const dir = await serverDir("gateway");
  const file = join(dir, "navette.toml");
  let place = "127.0.0.1:0";
  let running: Child;
  const launch = async () => {
    await writeFile(file, configuration({ place, tap, submission }));
    running = runScript(program, ["serve", "--config", file, "--data", dir]);
    place = (await running.saw(/listens on (\S+)/))[1]!;
  };
  await launch();
  let phones = 0;
  const end = async (signal: NodeJS.Signals) => {
    running.kill(signal);
    await running.ended;
  };
  return {
    server,
    submission,
    tap,
    url: `http://${place}`,
    phone: ({ address, password }, version, options) =>
      new Phone(
        easClient({
          url: `http://${place}/Microsoft-Server-ActiveSync`,
          user: address,
          password,
          deviceId: `PHONE${++phones}`,
          deviceType: "Test",
          version,
          fetch: network(),
        }),
        options,
      ),
    kill: () => end("SIGKILL"),
    restart: launch,
    async stop() {
      await end("SIGKILL");
      await tap.stop();
      await submission.stop();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function configuration(
  { place, tap, submission }: { place: string; tap: Tap; submission: Submission },
): string {
  const { host, port } = submission;
  const home = {
    domains: ["example.test"],
    host: tap.host,
    port: tap.port,
    security: "none",
    smtp: { host, port, security: "none" },
  };
  return stringify({
    server: { listen: place },
    mailbox: { imap: { home }, relay: { retry: [1] } },
  });
}

/** Another client of the same user's, straight at the server. */
export async function imapClient({ port }: MailServer, user: User): Promise<ImapFlow> {
  const auth = { user: user.address, pass: user.password };
  const client = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: false,
    doSTARTTLS: false,
    auth,
    logger: false,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Everything that a mailbox holds, by folder: the subject and the flags of each message. */
export async function contents(
  server: MailServer,
  user: User,
): Promise<Map<string, { readonly subject: string; readonly flags: readonly string[] }[]>> {
  const client = await imapClient(server, user);
  const all = new Map<string, { subject: string; flags: string[] }[]>();
  for (const { path } of await client.list()) {
    const { exists } = await client.mailboxOpen(path, { readOnly: true });
    const found = exists > 0 ? await client.fetchAll("1:*", { envelope: true, flags: true }) : [];
    all.set(
      path,
      found.map(({ envelope, flags }) => ({
        subject: envelope?.subject ?? "",
        flags: [...flags ?? []].filter((flag) => flag !== "\\Recent").sort(),
      })),
    );
  }
  await client.logout();
  return all;
}

/** How often a subject is there, by folder: `{ INBOX: 1 }`. */
export async function places(
  server: MailServer,
  user: User,
  subject: string,
): Promise<Record<string, number>> {
  const all = [...await contents(server, user)]
    .map(([path, found]) => [path, found.filter((one) => one.subject === subject).length] as const);
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

/** Waits until `look` answers true; what servers do by themselves takes its time. */
export async function until(look: () => Promise<boolean>, what: string): Promise<void> {
  // Less than a claim on a write holds where nobody knows that the process which has it was killed.
  for (const end = Date.now() + 25_000; !await look(); await wait(50)) {
    if (Date.now() > end) throw new Error(`Waited in vain until ${what}`);
  }
}

export const letter = (
  { from, to, subject, id = subject }: { from: string; to: string; subject: string; id?: string },
) =>
  `From: ${from}\r\nTo: ${to}\r\nSubject: ${subject}\r\n` +
  `Message-ID: <${id.replaceAll(/\W/g, "-")}.${to}>\r\n\r\nThis is ${subject}.\r\n`;

/** As it is on the wire. */
const inLines = (mime: Uint8Array) =>
  Buffer.from(Buffer.from(mime).toString("latin1").replaceAll(/\r?\n/g, "\r\n"), "latin1");

/** Real messages: those of the corpus come by LMTP, the sample mailbox as another client has put it. */
export async function fill(server: MailServer, user: User): Promise<number> {
  const refusals: string[] = [];
  let count = 0;
  for (const name of (await readdir(corpus)).filter((name) => name.endsWith(".eml"))) {
    const put = server.deliver(user, inLines(await readFile(join(corpus, name))));
    await put.then(() => count++, ({ message }) => refusals.push(message));
  }
  const client = await imapClient(server, user);
  const owner = { ...account(1), address: user.address };
  for (const { mime, marks, hours } of samples(owner, Date.now())) {
    const date = new Date(Date.now() - hours * 3_600_000);
    const flags = marks.read ? ["\\Seen"] : [];
    const put = client.append("INBOX", inLines(await mime()), flags, date);
    await put.then(() => count++, ({ responseText }) => refusals.push(responseText));
  }
  await client.logout();
  // Cyrus takes neither headers of eight bits nor NUL, wherever they come from.
  const others = refusals.filter((text) => !/invalid header|NUL char/i.test(text));
  if (others.length > 0) throw new Error(`Cannot fill the mailbox: ${others.join(", ")}`);
  return count;
}
