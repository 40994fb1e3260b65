// Starts Debian's Postfix as a submission server for tests: on a free port, with a temporary queue.
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Certificate, certificate } from "./certificate.ts";
import { startPolicy } from "./policy.ts";
import {
  type Behind,
  mainConfig,
  masterConfig,
  type PostfixPlace,
  queueDirectories,
  saslConfig,
  senders,
  type SubmissionOptions,
} from "./postfix_config.ts";
import { freePorts, type Group, startGroup } from "./processes.ts";
import { serverDir } from "./place.ts";
import { greeted } from "./ready.ts";
import type { Submission } from "./submission.ts";

export type { SubmissionOptions } from "./postfix_config.ts";

/** A running Postfix. */
export interface Postfix extends Submission {
  readonly dir: string;
  /** Its log so far. */
  log(): Promise<string>;
}

/**
 * Starts a Postfix in front of a Dovecot or Cyrus. Its master runs as root only: `postfixPresent()`
 * says whether it can be; `startStandIn` needs no root.
 */
export async function startPostfix(
  behind: Behind,
  options: SubmissionOptions = {},
): Promise<Postfix> {
  const policy = await startPolicy((request) => postfix?.policy(request));
  let postfix: Postfix | undefined;
  // Between finding a free port and listening on it somebody else can take it.
  for (let tries = 1;; tries++) {
    const dir = await serverDir("postfix");
    const [port, tlsPort] = await freePorts(2) as [number, number];
    const place = { dir, port, tlsPort, policyPort: policy.port };
    try {
      const made = await lay(place, behind, options);
      const first = await launch(place);
      postfix = server(place, made, first, policy.stop);
      return postfix;
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      if (tries < 3) continue;
      policy.stop();
      throw error;
    }
  }
}

/** Writes all files that the server needs; answers its certificate. */
async function lay(
  place: PostfixPlace,
  behind: Behind,
  options: SubmissionOptions,
): Promise<Certificate | undefined> {
  const { dir } = place;
  await chmod(dir, 0o755);
  for (
    const [name, owner, mode] of [...queueDirectories, ["data", "postfix:root", 0o700]] as const
  ) {
    await mkdir(join(dir, name), { recursive: true });
    await chmod(join(dir, name), mode);
    execFileSync("chown", [owner, join(dir, name)]);
  }
  await mkdir(join(dir, "log"));
  const made = options.tls ? await certificate() : undefined;
  if (made) {
    await writeFile(join(dir, "cert.pem"), made.cert);
    await writeFile(join(dir, "key.pem"), made.key, { mode: 0o600 });
  }
  await writeFile(join(dir, "senders"), senders);
  await mkdir(join(dir, "sasl"));
  await writeFile(join(dir, "sasl/smtpd.conf"), saslConfig(behind));
  await writeFile(join(dir, "main.cf"), mainConfig(place, behind, options));
  await writeFile(join(dir, "master.cf"), masterConfig(place, options.tls ?? false));
  // A file that was just written could still be in the making: Postfix waits until it is older.
  const earlier = new Date(Date.now() - 60_000);
  for (const name of ["main.cf", "master.cf"]) await utimes(join(dir, name), earlier, earlier);
  return made;
}

const logOf = (dir: string) => readFile(join(dir, "log/mail"), "utf8").catch(() => "");

async function launch({ dir, port }: PostfixPlace): Promise<Group> {
  // -d: stays in the foreground, and in the group of processes that it was started as.
  const started = startGroup("/usr/lib/postfix/sbin/master", ["-d", "-c", dir], {
    env: { MAIL_CONFIG: dir },
    dir,
  });
  try {
    await greeted(port, started, started.said);
  } catch (error) {
    await started.end();
    throw new Error(`${error instanceof Error ? error.message : error} ${await logOf(dir)}`);
  }
  return started;
}

function server(
  place: PostfixPlace,
  made: Certificate | undefined,
  first: Group,
  stopPolicy: () => void,
): Postfix {
  const { dir, port, tlsPort } = place;
  let running = first;
  return {
    product: "postfix",
    host: "127.0.0.1",
    port,
    tlsPort,
    certificate: made,
    policy: () => undefined,
    dir,
    log: () => logOf(dir),
    processes: () => running.alive(),
    kill: () => running.end("SIGKILL"),
    async restart() {
      await running.end("SIGKILL");
      running = await launch(place);
    },
    async stop() {
      await running.end("SIGKILL");
      stopPolicy();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
