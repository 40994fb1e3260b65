// Starts Debian's Dovecot for tests: on free loopback ports, with temporary data, as root or not.
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { until } from "../kit.ts";
import { type Certificate, certificate } from "./certificate.ts";
import {
  dovecotConfig,
  type DovecotOptions,
  type DovecotPlace,
  masterPassword,
  usersConfig,
} from "./dovecot_config.ts";
import { deliverByLmtp } from "./lmtp.ts";
import { Addresses, type MailServer, type User } from "./mail_server.ts";
import { freePorts, type Group, isRoot, startGroup } from "./processes.ts";
import { serverDir } from "./place.ts";
import { greeted } from "./ready.ts";

export type { DovecotOptions } from "./dovecot_config.ts";
export type { User } from "./mail_server.ts";

/** A running Dovecot. */
export interface Dovecot extends MailServer {
  /** A Unix socket at which a submission server checks logins (Dovecot SASL). */
  readonly authSocket: string;
  /** With `exact` the name is taken as it is, without a domain. */
  addUser(name?: string, options?: { password?: string; exact?: boolean }): Promise<User>;
  /**
   * Makes the special folders of a user, which come into being when somebody first looks at them: two
   * who look at once see other UIDVALIDITYs.
   */
  makeFolders(user: User): Promise<void>;
  /** A token with which the user can log in for `seconds`; only with `tokens`. */
  token(user: User, seconds?: number): string;
  /** Its log so far; its processes write it in their own time. */
  log(): Promise<string>;
  /** Its log with all logins up to now: what is not in it has not happened. Logs somebody in. */
  wholeLog(): Promise<string>;
}

const user = isRoot ? "dovecot" : userInfo().username;
const group = isRoot ? "dovecot" : execFileSync("id", ["-gn"], { encoding: "utf8" }).trim();

/** Starts a server without users; see `present.ts` for whether there is one to start. */
export async function startDovecot(options: DovecotOptions = {}): Promise<Dovecot> {
  // Between finding a free port and listening on it somebody else can take it.
  for (let tries = 1;; tries++) {
    const dir = await serverDir("dovecot");
    const [port, tlsPort, lmtpPort] = await freePorts(3) as [number, number, number];
    const place = { dir, user, group, port, tlsPort, lmtpPort };
    try {
      const made = await lay(place, options);
      return server(place, made, await launch(place));
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      if (tries === 3 || !/in use/.test(String(error))) throw error;
    }
  }
}

/** Writes all files that the server needs; answers its certificate. */
async function lay(
  place: DovecotPlace,
  options: DovecotOptions,
): Promise<Certificate | undefined> {
  const { dir } = place;
  for (const name of ["users", "keys/default/HS256", "mail", "state", "public"]) {
    await mkdir(join(dir, name), { recursive: true });
  }
  const made = options.tls ? await certificate() : undefined;
  if (made) {
    await writeFile(join(dir, "cert.pem"), made.cert);
    await writeFile(join(dir, "key.pem"), made.key);
  }
  for (const [name, rights] of Object.entries(options.publicFolders ?? {})) {
    const folder = join(dir, "public", `.${name}`);
    for (const part of ["cur", "new", "tmp"]) await mkdir(join(folder, part), { recursive: true });
    await writeFile(join(folder, "dovecot-acl"), `authenticated ${rights}\n`);
  }
  await writeFile(join(dir, "users.conf"), usersConfig(dir));
  await writeFile(join(dir, "oauth2.conf"), tokensConfig(dir));
  await writeFile(
    join(dir, "keys/default/HS256/default"),
    Buffer.from(tokenKey).toString("base64"),
  );
  await writeFile(join(dir, "dovecot.conf"), dovecotConfig(place, options));
  if (isRoot) {
    execFileSync("chown", ["-R", `${user}:${group}`, dir]);
    await chmod(dir, 0o755);
  }
  return made;
}

const tokenKey = "the key of all tokens of the tests";

function tokensConfig(dir: string): string {
  return `introspection_mode = local
local_validation_key_dict = fs:posix:prefix=${dir}/keys/
username_attribute = sub
`;
}

async function launch({ dir, port }: DovecotPlace): Promise<Group> {
  await rm(join(dir, "run"), { recursive: true, force: true });
  await mkdir(join(dir, "run"));
  if (isRoot) execFileSync("chown", [`${user}:${group}`, join(dir, "run")]);
  const started = startGroup("/usr/sbin/dovecot", ["-F", "-c", join(dir, "dovecot.conf")], {
    user,
    dir,
  });
  try {
    await greeted(port, started, started.said);
  } catch (error) {
    await started.end();
    const log = await readFile(join(dir, "log"), "utf8").catch(() => "");
    throw new Error(`${error instanceof Error ? error.message : error} ${log}`);
  }
  return started;
}

function server(place: DovecotPlace, made: Certificate | undefined, first: Group): Dovecot {
  const { dir } = place;
  let running = first;
  const addresses = new Addresses();
  const log = () => readFile(join(dir, "log"), "utf8");
  const file = (address: string) => join(dir, "users", address);
  const write = (address: string, password: string) =>
    writeFile(file(address), JSON.stringify({ password: `{PLAIN}${password}` }));
  return {
    product: "dovecot",
    host: "127.0.0.1",
    port: place.port,
    tlsPort: place.tlsPort,
    lmtpPort: place.lmtpPort,
    lmtpSocket: join(dir, "run/lmtp"),
    authSocket: join(dir, "run/auth-client"),
    certificate: made,
    master: { user: "admin", password: masterPassword },
    dir,
    async addUser(name = "user", { password, exact = false } = {}) {
      const address = exact ? name : addresses.take(name);
      const user = { address, password: password ?? `secret of ${address}` };
      await write(address, user.password);
      return user;
    },
    async setPassword({ address }, password) {
      await write(address, password);
      return { address, password };
    },
    removeUser: ({ address }) => rm(file(address)),
    makeFolders: (user) =>
      logInOnce(place.port, user, 'LIST "" * RETURN (STATUS (UIDVALIDITY UIDNEXT))'),
    token: ({ address }, seconds = 3600) => token(address, seconds),
    deliver: (to, mime) =>
      deliverByLmtp(place.lmtpPort, typeof to === "string" ? to : to.address, mime),
    log,
    async wholeLog() {
      const user = await this.addUser("last");
      await logInOnce(place.port, user, "NOOP");
      const line = `Login: user=<${user.address}>`;
      await until(async () => (await log()).includes(line), "it is logged");
      return await log();
    },
    processes: () => running.alive(),
    kill: () => running.end("SIGKILL"),
    // To all, as systemd does: the first one alone waits for clients to leave by themselves.
    shutDown: () => running.end("SIGTERM"),
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

/** Logs in, says one command and logs out again. */
function logInOnce(port: number, { address, password }: User, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`a LOGIN ${address} "${password}"\r\nb ${command}\r\nc LOGOUT\r\n`);
    });
    socket.resume().once("error", reject).once("close", () => resolve());
  });
}

/** A token as an identity provider would sign it. */
function token(address: string, seconds: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${
    part({ sub: address, iat: now, nbf: now, exp: now + seconds })
  }`;
  return `${text}.${createHmac("sha256", tokenKey).update(text).digest("base64url")}`;
}
