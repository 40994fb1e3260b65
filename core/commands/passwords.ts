// How commands come by a password: from standard input or by asking, never from the command line.
import type { Command } from "commander";
import { CliError } from "../error.ts";
import type { Account, Accounts } from "../accounts.ts";
import type { Parts } from "./parts.ts";

/** Adds `--password-stdin` to a command that wants a password. */
export function withPasswordOption(command: Command): Command {
  return command.option("--password-stdin", "read the password from standard input");
}

/** A new password: one line of standard input, or asked for twice. */
export async function newPassword(
  { context, terminal }: Parts,
  options: { readonly passwordStdin?: boolean },
): Promise<string> {
  const password = options.passwordStdin ? await context.stdin() : await askTwice();
  if (password === "") throw new CliError("Cannot use an empty password");
  return password;

  async function askTwice(): Promise<string> {
    if (!terminal.asks) {
      throw new CliError("Cannot ask for the password here: use --password-stdin", 2);
    }
    const first = await terminal.ask("Password: ", { secret: true });
    if (first === undefined) throw new CliError("Cannot go on: no password was given");
    const second = await terminal.ask("Again: ", { secret: true });
    if (first !== second) throw new CliError("Cannot use this password: the two are not the same");
    return first;
  }
}

/** The account with this address. Throws CliError where there is none. */
export async function accountAt(accounts: Accounts, address: string): Promise<Account> {
  const account = await accounts.find(address);
  if (!account) throw new CliError(`Cannot find an account with the address ${address}`);
  return account;
}
