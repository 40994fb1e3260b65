// `navette probe`: the probe on the command line.
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { type CliCommand, type CliContext, CliError } from "../../../core/mod.ts";
import { network } from "../client/mod.ts";
import { parseVersion, type Version, versions } from "../versions.ts";
import { endpointOf } from "./address.ts";
import { type ProbeOptions, runProbe } from "./probe.ts";
import { formatEnd, formatHead, formatStep, formatVersion } from "./report.ts";

interface Flags {
  readonly user: string;
  readonly passwordStdin?: true;
  readonly version?: string;
  readonly sendTo?: string;
  readonly wait?: string;
  readonly deviceId?: string;
  readonly ca?: string;
  readonly insecure?: true;
  readonly json?: true;
}

export const probeCommand: CliCommand = (program, context) => {
  program.command("probe")
    .summary("act as a phone and tell what it sees")
    .description(
      "Acts as a phone against an Exchange ActiveSync server: lists the folders and the mail, reads a " +
        "message, opens an attachment, waits for new mail. Says what is wrong and how to mend it.",
    )
    .argument("<url>", "the server: a host name, an address, or the whole endpoint")
    .requiredOption("--user <address>", "who to log in as")
    .requiredOption("--password-stdin", "read the password from standard input")
    .option("--version <version>", `protocol version: ${versions.join(", ")} or all`)
    .option("--send-to <address>", "send a message there; an own address must wake the phone")
    .option("--wait <seconds>", "how long to wait for new mail", "2")
    .option("--device-id <id>", "letters and digits that the server knows the probe by")
    .option("--ca <file>", "trust the certificates in this PEM file")
    .option("--insecure", "do not check the server's certificate")
    .option("--json", "print the report as JSON")
    .action((url: string, flags: Flags, _: Command) => run(url, flags, context));
};

async function run(url: string, flags: Flags, context: CliContext): Promise<void> {
  const options: ProbeOptions = { ...await optionsOf(url, flags), password: await context.stdin() };
  if (flags.json) {
    const report = await runProbe(options);
    context.json(report);
    if (!report.ok) throw failed();
    return;
  }
  context.print(formatHead({ endpoint: endpointOf(url), user: flags.user }));
  const report = await runProbe({
    ...options,
    onVisit: (version) => context.print(formatVersion(version)),
    onStep: (step) => context.print(formatStep(step)),
  });
  context.print(formatEnd(report));
  if (!report.ok) throw failed();
}

function failed(): CliError {
  return new CliError("The probe found faults");
}

async function optionsOf(url: string, flags: Flags): Promise<Omit<ProbeOptions, "password">> {
  const { user, sendTo, deviceId } = flags;
  const version = versionOf(flags.version);
  const wait = Number(flags.wait ?? 2);
  if (!(wait > 0 && wait <= 3540)) throw wrong("--wait", "seconds, more than 0 and up to 3540");
  if (sendTo !== undefined && !/^[^\s<>,;"]+@[^\s<>,;"]+$/.test(sendTo)) {
    throw wrong("--send-to", "one mail address");
  }
  if (deviceId !== undefined && !/^[A-Za-z0-9]{1,32}$/.test(deviceId)) {
    throw wrong("--device-id", "1 to 32 letters and digits");
  }
  checkUrl(url);
  const ca = flags.ca === undefined ? {} : { ca: await pem(flags.ca) };
  return {
    url,
    user,
    wait,
    ...(version === undefined ? {} : { version }),
    ...(sendTo === undefined ? {} : { sendTo }),
    ...(deviceId === undefined ? {} : { deviceId }),
    fetch: network({ ...ca, insecure: flags.insecure ?? false }),
  };
}

function versionOf(text: string | undefined): Version | "all" | undefined {
  if (text === undefined || text === "all") return text;
  const version = parseVersion(text);
  if (version === undefined) throw wrong("--version", `one of ${versions.join(", ")}, all`);
  return version;
}

function checkUrl(url: string): void {
  try {
    endpointOf(url);
  } catch (error) {
    throw new CliError((error as Error).message, 2);
  }
}

async function pem(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new CliError(`Cannot read ${file}: ${(error as Error).message}`, 2);
  }
}

function wrong(option: string, wanted: string): CliError {
  return new CliError(`Cannot take ${option}: wanted ${wanted}`, 2);
}
