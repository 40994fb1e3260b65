// navette doctor: what is wrong, and how to mend it.
import { coreFindings, type Wishes } from "../doctor/mod.ts";
import { CliError, ConfigError } from "../error.ts";
import { diagnosis, type Finding, type Tester } from "../points.ts";
import type { CoreCommand, Parts } from "./parts.ts";
import { oldPassword } from "./passwords.ts";

export const doctorCommand: CoreCommand = (parts) => (program, { print, json }) => {
  program.command("doctor").description("Look for what is wrong; each finding with its fix")
    .argument("[url]", "where clients reach this server, for example https://mail.example.com")
    .option("--hold <seconds>", "how long to hold a request there (default: 65; 0: not)", "65")
    .option("--user <address>", "also look at what this user can do; with --password-stdin")
    .option("--password-stdin", "read that user's password from standard input")
    .option("--json", "print JSON")
    .action(async (url: string | undefined, options: DoctorOptions) => {
      if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
        throw new CliError(`Cannot check ${url}: wanted https://host`, 2);
      }
      const hold = Number(options.hold);
      if (!(hold >= 0 && hold <= 3600)) {
        throw new CliError(`Cannot hold for ${options.hold}: wanted seconds from 0 to 3600`, 2);
      }
      if (url !== undefined && hold > 10 && parts.terminal.errIsTerminal) {
        parts.terminal.err(`A request is held for ${hold} s: please wait\n`);
      }
      const tester = await testerOf(parts, options);
      const findings = await examine(parts, { url, hold }, tester);
      if (options.json) json(findings);
      else for (const finding of findings) show(finding, print);
      const errors = findings.filter(({ level }) => level === "error").length;
      if (errors > 0) throw new CliError(`${errors} of ${findings.length} checks found an error`);
    });
};

interface DoctorOptions {
  readonly hold: string;
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly json?: boolean;
}

async function testerOf(parts: Parts, options: DoctorOptions): Promise<Tester | undefined> {
  const { user } = options;
  if (user === undefined) {
    if (options.passwordStdin) throw new CliError("Cannot try a password without --user", 2);
    return undefined;
  }
  return { user, password: await oldPassword(parts, options, `Password of ${user}: `) };
}

async function examine(
  parts: Parts,
  wishes: Wishes,
  tester: Tester | undefined,
): Promise<Finding[]> {
  const configured = configFindings(parts);
  // Everything else would be looked at with options that are not meant.
  if (parts.setup.trouble) return configured;
  let session;
  try {
    session = await parts.context.open();
  } catch (error) {
    const fix = "see that the directory is there, that navette may write to it, and the address";
    const detail = (error as Error).message;
    return [...configured, { check: "storage", level: "error", detail, fix }];
  }
  try {
    const { host } = session;
    const own = await coreFindings(parts, parts.config(), host.db, wishes);
    const others = await Promise.all(
      host.all(diagnosis).map((examine) => carefully(() => examine(wishes.url, tester))),
    );
    return [...configured, ...own, ...others.flat()];
  } finally {
    await session.close();
  }
}

async function carefully(
  examine: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await examine();
  } catch (error) {
    const detail = `the check itself failed: ${(error as Error).message}`;
    return [{ check: "a plugin's check", level: "error", detail }];
  }
}

function configFindings({ setup }: Parts): Finding[] {
  const check = "configuration";
  if (!setup.trouble) {
    return [{ check, level: "ok", detail: setup.config.file ?? "no file: defaults" }];
  }
  return setup.trouble.findings.map((finding) => ({
    check,
    level: "error",
    detail: new ConfigError([finding]).message.replace(/\. Fix: .*$/s, ""),
    fix: finding.fix,
  }));
}

const marks = { ok: "ok     ", warning: "warning", error: "ERROR  " };

function show({ check, level, detail, fix }: Finding, print: (line: string) => void): void {
  print(`${marks[level]}  ${check}: ${detail}`);
  if (fix !== undefined) print(`         Fix: ${fix}`);
}
