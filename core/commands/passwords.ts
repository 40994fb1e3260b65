// How commands come by a password: from standard input or by asking, never from the command line.
import type { Command } from "commander";
import { CliError } from "../error.ts";
import type { Account, Accounts } from "../accounts.ts";
import { type CliSession, type PasswordKeeper, passwordKeeper } from "../points.ts";
import type { Parts } from "./parts.ts";

/** Adds `--password-stdin` to a command that wants a password. */
export function withPasswordOption(command: Command): Command {
  return command.option("--password-stdin", "read the password from standard input");
}

interface PasswordOptions {
  readonly passwordStdin?: boolean;
}

/** A new password: one line of standard input, or asked for twice. */
export function newPassword(parts: Parts, options: PasswordOptions): Promise<string> {
  return passwordFrom(parts, options, async () => {
    const first = await askFor(parts, "Password: ");
    const second = await askFor(parts, "Again: ");
    if (first !== second) throw new CliError("Cannot use this password: the two are not the same");
    return first;
  });
}

/** A password that is one already: one line of standard input, or asked for once. */
export function oldPassword(
  parts: Parts,
  options: PasswordOptions,
  question: string,
): Promise<string> {
  return passwordFrom(parts, options, () => askFor(parts, question));
}

async function passwordFrom(
  { context, terminal }: Parts,
  options: PasswordOptions,
  ask: () => Promise<string>,
): Promise<string> {
  if (!options.passwordStdin && !terminal.asks) {
    throw new CliError("Cannot ask for the password here: use --password-stdin", 2);
  }
  const password = options.passwordStdin ? await context.stdin() : await ask();
  if (password === "") throw new CliError("Cannot use an empty password");
  return password;
}

async function askFor({ terminal }: Parts, question: string): Promise<string> {
  const password = await terminal.ask(question, { secret: true });
  if (password === undefined) throw new CliError("Cannot go on: no password was given");
  return password;
}

/** Who keeps the password of an address elsewhere, and where that is. */
export function keeperOf(
  { host }: CliSession,
  address: string,
): { readonly keeper: PasswordKeeper; readonly where: string } | undefined {
  for (const keeper of host.all(passwordKeeper)) {
    const where = keeper.keeps(address);
    if (where !== undefined) return { keeper, where };
  }
  return undefined;
}

/** The account with this address. Throws CliError where there is none. */
export async function accountAt(accounts: Accounts, address: string): Promise<Account> {
  const account = await accounts.find(address);
  if (!account) throw new CliError(`Cannot find an account with the address ${address}`);
  return account;
}
