// Starts Debian's Cyrus IMAP for tests: on free loopback ports, with temporary data, as root or not.
import { execFileSync } from "node:child_process";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import { type Certificate, certificate } from "./certificate.ts";
import {
  cyrusAdmin,
  type CyrusOptions,
  type CyrusPlace,
  imapdConfig,
  masterConfig,
} from "./cyrus_config.ts";
import { deliverByLmtp } from "./lmtp.ts";
import { Addresses, type MailServer, type User } from "./mail_server.ts";
import { asUser, freePorts, type Group, isRoot, startGroup } from "./processes.ts";
import { serverDir } from "./place.ts";
import { greeted } from "./ready.ts";

export type { CyrusOptions } from "./cyrus_config.ts";

/** A running Cyrus. */
export interface Cyrus extends MailServer {
  /** The administrator, who is also the `master`: makes mailboxes for all and sees everything. */
  readonly admin: User;
  /** The password database: where a submission server checks logins (Cyrus SASL). */
  readonly sasldb: string;
}

const user = isRoot ? "cyrus" : userInfo().username;
const group = isRoot ? "mail" : undefined;

/** Starts a server without users; see `present.ts` for whether there is one to start. */
export async function startCyrus(options: CyrusOptions = {}): Promise<Cyrus> {
  // Between finding a free port and listening on it somebody else can take it.
  for (let tries = 1;; tries++) {
    const dir = await serverDir("cyrus");
    const [port, tlsPort, lmtpPort] = await freePorts(3) as [number, number, number];
    const place = { dir, port, tlsPort, lmtpPort };
    try {
      const made = await lay(place, options);
      setSecret(dir, cyrusAdmin.address, cyrusAdmin.password);
      // The submission server runs as another user.
      await chmod(join(dir, "sasldb"), 0o644);
      return server(place, made, await launch(place));
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      if (tries === 3) throw error;
    }
  }
}

/** Writes all files that the server needs; answers its certificate. */
async function lay(place: CyrusPlace, options: CyrusOptions): Promise<Certificate | undefined> {
  const { dir } = place;
  for (const name of ["conf/socket", "conf/proc", "conf/lock", "mail", "run"]) {
    await mkdir(join(dir, name), { recursive: true });
  }
  const made = options.tls ? await certificate() : undefined;
  if (made) {
    await writeFile(join(dir, "cert.pem"), made.cert);
    await writeFile(join(dir, "key.pem"), made.key);
  }
  await writeFile(join(dir, "imapd.conf"), imapdConfig(place, options));
  await writeFile(join(dir, "cyrus.conf"), masterConfig(place, options.tls ?? false));
  if (isRoot) {
    execFileSync("chown", ["-R", `${user}:${group}`, dir]);
    await chmod(dir, 0o755);
  }
  return made;
}

async function launch({ dir, port }: CyrusPlace): Promise<Group> {
  const files = ["-C", join(dir, "imapd.conf"), "-M", join(dir, "cyrus.conf")];
  const args = [...files, "-p", join(dir, "run/pid")];
  const started = startGroup("/usr/lib/cyrus/bin/master", args, {
    user,
    group,
    dir,
    env: { CYRUS_USER: user },
  });
  try {
    await greeted(port, started, started.said);
  } catch (error) {
    await started.end();
    throw error;
  }
  return started;
}

/** Writes or, without a password, removes the entry of an address in the password database. */
function setSecret(dir: string, address: string, password?: string): void {
  const [local, domain] = address.split("@") as [string, string];
  const how = password === undefined ? ["-d"] : ["-c", "-p"];
  const args = [...how, "-f", join(dir, "sasldb"), "-u", domain, local];
  const [program, ...rest] = [...asUser(user, group), "saslpasswd2", ...args];
  execFileSync(program!, rest, { input: password ?? "", stdio: ["pipe", "pipe", "pipe"] });
}

function server(place: CyrusPlace, made: Certificate | undefined, first: Group): Cyrus {
  const { dir, port, tlsPort, lmtpPort } = place;
  let running = first;
  const addresses = new Addresses();
  const set = (address: string, password: string): User => {
    setSecret(dir, address, password);
    return { address, password };
  };
  return {
    product: "cyrus",
    host: "127.0.0.1",
    port,
    tlsPort,
    lmtpPort,
    lmtpSocket: join(dir, "run/lmtp"),
    certificate: made,
    admin: cyrusAdmin,
    sasldb: join(dir, "sasldb"),
    master: { user: cyrusAdmin.address, password: cyrusAdmin.password },
    dir,
    async addUser(name = "user", { password } = {}) {
      const address = addresses.take(name);
      const user = set(address, password ?? `secret of ${address}`);
      await makeMailbox(port, user);
      return user;
    },
    setPassword: ({ address }, password) => Promise.resolve(set(address, password)),
    removeUser: ({ address }) => Promise.resolve(setSecret(dir, address)),
    deliver: (to, mime) => deliverByLmtp(lmtpPort, typeof to === "string" ? to : to.address, mime),
    processes: () => running.alive(),
    kill: () => running.end("SIGKILL"),
    shutDown: () => running.end("SIGTERM", "first"),
    async restart() {
      await running.end("SIGKILL");
      running = await launch(place);
    },
    async stop() {
      await running.end("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A mailbox comes into being at the first login of its owner; before it no mail is accepted. */
async function makeMailbox(port: number, { address, password }: User): Promise<void> {
  const imap = new ImapFlow({
    host: "127.0.0.1",
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: address, pass: password },
    logger: false,
  });
  await imap.connect();
  await imap.logout();
}
