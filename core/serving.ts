// Serving: from the first start to the last held request.
import { hostname as machineName } from "node:os";
import { pause } from "./clock.ts";
import type { Parts } from "./commands/parts.ts";
import { type Config, pathIn } from "./config.ts";
import { CliError } from "./error.ts";
import { type First, makeFirst } from "./first_start.ts";
import { formatListen, parseListen } from "./listen_address.ts";
import { nobodyYet } from "./nobody_yet.ts";
import { accounts, started, stopping, task } from "./points.ts";
import type { Listener, TlsFiles } from "./serve/listener.ts";
import { type RunningTasks, runTasks } from "./tasks.ts";
import { watchTls } from "./tls_watch.ts";
import { version } from "./version.ts";

/** How long background work may take to end. */
const taskGrace = 5000;

/** Serves until a signal comes; a second one ends the process at once. */
export async function serve(parts: Parts): Promise<void> {
  const { clock, log, terminal } = parts;
  const config = parts.config();
  const program = parts.program();
  const signal = signalOf(parts);
  const session = await parts.context.open();
  try {
    // Before there is an account: its password is told once, and a taken port must not swallow it.
    const listener = await start(parts, config);
    const print = (line: string) => terminal.out(`${line}\n`);
    print(`Navette ${version} listens on ${formatListen(listener)}`);
    const first = await makeFirst(program.host, config.file !== undefined);
    const tls = tlsFiles(config);
    const watch = tls ? [watchTls(listener, tls, { clock, log })] : [];
    const tasks = runTasks([...program.host.all(task), ...watch], { clock, log });
    const url = publicUrl(config, listener);
    log.info({ url, version, storage: session.storage.location }, "Serving");
    const nobody = (await program.host.one(accounts).list()).length === 0;
    for (const line of greeting({ config, url, first })) print(line);
    if (nobody) print(nobodyYet(program.host));
    print(`Data: ${session.storage.location}`);
    const fact = first ? { url, first, print } : { url, print };
    // Not waited for: a signal counts from now on.
    const told = program.host.emit(started, fact);
    const reason = await signal.received;
    log.info({ reason }, "Stopping");
    await stop(parts, listener, tasks, reason);
    await Promise.race([told, pause(clock, taskGrace)]);
  } finally {
    signal.ignore();
    await session.close();
  }
}

async function start({ listen, program }: Parts, config: Config): Promise<Listener> {
  const address = parseListen(config.server.listen)!;
  const tls = tlsFiles(config);
  try {
    return await listen({ ...address, ...(tls ? { tls } : {}), fetch: program().app() });
  } catch (error) {
    const { code, name, message } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" || name === "AddrInUse"
      ? "the port is taken; stop what uses it, or choose another with --listen"
      : code === "EACCES" || name === "PermissionDenied"
      ? "it is not allowed; ports below 1024 need a right of their own"
      : message;
    throw new CliError(`Cannot listen on ${formatListen(address)}: ${why}`);
  }
}

async function stop(
  { config, program, clock }: Parts,
  listener: Listener,
  tasks: RunningTasks,
  reason: string,
): Promise<void> {
  // Closed first: a device that is answered must not come back with its next request.
  const closed = listener.stop(config().server.grace * 1000);
  await program().host.emit(stopping, { reason });
  await closed;
  await Promise.race([tasks.stop(), pause(clock, taskGrace)]);
}

function signalOf({ terminal }: Parts) {
  let ignore = () => {};
  const received = new Promise<string>((resolve) => {
    let seen = false;
    ignore = terminal.onSignal((name) => {
      if (seen) terminal.exit(130);
      seen = true;
      resolve(name);
    });
  });
  return { received, ignore: () => ignore() };
}

/** The configured files, where there are any. */
export function tlsFiles(config: Config): TlsFiles | undefined {
  const { cert, key } = config.server.tls;
  return cert === "" ? undefined : { cert: pathIn(config, cert), key: pathIn(config, key) };
}

function publicUrl(config: Config, { hostname, port }: Listener): string {
  if (config.server.url !== "") return config.server.url.replace(/\/$/, "");
  const anywhere = hostname === "0.0.0.0" || hostname === "::";
  const scheme = tlsFiles(config) ? "https" : "http";
  return `${scheme}://${formatListen({ hostname: anywhere ? machineName() : hostname, port })}`;
}

interface Greeting {
  readonly config: Config;
  readonly url: string;
  readonly first: First | undefined;
}

function greeting({ config, url, first }: Greeting): string[] {
  const lines: string[] = [];
  const secure = url.startsWith("https:");
  if (first) {
    lines.push(
      "",
      "This is the first start, so there is an account to try it with. Type into the phone:",
      `  Server    ${new URL(url).host}`,
      `  User      ${first.account.address}`,
      `  Password  ${first.password}`,
      "  Domain    (leave it empty)",
      secure
        ? "  TLS/SSL   on"
        : "  TLS/SSL   off, and only from this machine: a real phone needs TLS, see the README",
      "",
    );
  }
  if (config.file !== undefined) lines.push(`Configuration: ${config.file}`);
  return [...lines, `Administration: ${url}/admin`];
}
