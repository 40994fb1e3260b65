// navette user add | list | passwd | disable | enable | delete
import type { Command } from "commander";
import type { Account, Accounts } from "../accounts.ts";
import { CliError } from "../error.ts";
import { nobodyYet } from "../nobody_yet.ts";
import { accounts as accountsPoint, type CliSession } from "../points.ts";
import { tableOf } from "../table.ts";
import { accountAt, keeperOf, newPassword, withPasswordOption } from "./passwords.ts";
import type { CoreCommand, Parts } from "./parts.ts";

export const userCommand: CoreCommand = (parts) => (program) => {
  const user = program.command("user").description("The accounts of this server");
  addCommand(user, parts);
  listCommand(user, parts);
  passwdCommand(user, parts);
  switchCommand(user, parts, "disable", "Let an account log in no more; its data stays", true);
  switchCommand(user, parts, "enable", "Let a disabled account log in again", false);
  deleteCommand(user, parts);
};

/** Runs `work` with the accounts of the opened database. */
export async function withAccounts<R>(
  { context }: Parts,
  work: (accounts: Accounts, session: CliSession) => Promise<R>,
): Promise<R> {
  const session = await context.open();
  try {
    return await work(session.host.one(accountsPoint), session);
  } finally {
    await session.close();
  }
}

interface AddOptions {
  readonly name?: string;
  readonly alias?: string[];
  readonly admin?: boolean;
  readonly passwordStdin?: boolean;
}

function addCommand(user: Command, parts: Parts): void {
  const command = user.command("add").description("Add an account")
    .argument("<address>", "its main address")
    .option("--name <name>", "the name to be shown")
    .option("--alias <address...>", "further addresses")
    .option("--admin", "may use the administration pages");
  withPasswordOption(command).action((address: string, options: AddOptions) =>
    withAccounts(parts, async (accounts, session) => {
      const kept = keeperOf(session, address);
      if (kept && options.passwordStdin) throw new CliError(elsewhere(address, kept.where));
      const account = await accounts.add({
        address,
        name: options.name ?? "",
        aliases: options.alias ?? [],
        admin: options.admin ?? false,
        ...(kept ? {} : { password: await newPassword(parts, options) }),
      });
      const note = kept ? `; its password is the one ${kept.where}` : "";
      parts.context.print(`Added ${account.address}${note}`);
    })
  );
}

function elsewhere(address: string, where: string): string {
  return `Cannot set a password for ${address}: it logs in with the one ${where}, and only there ` +
    "can it be changed";
}

function listCommand(user: Command, parts: Parts): void {
  const { print, json } = parts.context;
  user.command("list").description("List the accounts").option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const { all, nobody } = await withAccounts(parts, async (accounts, session) => ({
        all: await listed(accounts, session),
        nobody: nobodyYet(session.host),
      }));
      if (options.json) return json(all);
      const rows = all.map(({ address, name, aliases, admin, disabled, password, keptAt }) => [
        address,
        name,
        aliases.join(", "),
        keptAt ?? password,
        [admin ? "admin" : "", disabled ? "disabled" : ""].filter(Boolean).join(", "),
      ]);
      if (rows.length === 0) print(nobody);
      const head = ["ADDRESS", "NAME", "ALIASES", "PASSWORD", "MARKS"];
      for (const line of tableOf(head, rows)) print(line);
    });
}

interface ListedAccount extends Account {
  /** "none": nobody can log in before `navette user passwd`. */
  readonly password: "own" | "elsewhere" | "none";
  /** Where it is kept, in words ("at …"), if elsewhere. */
  readonly keptAt: string | null;
}

async function listed(accounts: Accounts, session: CliSession): Promise<ListedAccount[]> {
  const without = await accounts.withoutPassword();
  return (await accounts.list()).map((account) => {
    const kept = keeperOf(session, account.address);
    const password = kept ? "elsewhere" : without.has(account.id) ? "none" : "own";
    return { ...account, password, keptAt: kept?.where ?? null };
  });
}

function passwdCommand(user: Command, parts: Parts): void {
  const command = user.command("passwd").description("Set an account's password")
    .argument("<address>");
  withPasswordOption(command).action(
    (address: string, options: { passwordStdin?: boolean }) =>
      withAccounts(parts, async (accounts, session) => {
        const account = await accountAt(accounts, address);
        const kept = keeperOf(session, account.address);
        if (kept) throw new CliError(elsewhere(account.address, kept.where));
        await accounts.setPassword(account.id, await newPassword(parts, options));
        parts.context.print(`The password of ${address} is set`);
      }),
  );
}

function switchCommand(
  user: Command,
  parts: Parts,
  name: "disable" | "enable",
  description: string,
  disabled: boolean,
): void {
  user.command(name).description(description).argument("<address>")
    .action(async (address: string) => {
      await withAccounts(parts, async (accounts) => {
        await accounts.setDisabled((await accountAt(accounts, address)).id, disabled);
      });
      parts.context.print(`${address} is ${name}d`);
    });
}

function deleteCommand(user: Command, parts: Parts): void {
  user.command("delete").description("Delete an account and all that is kept for it")
    .argument("<address>")
    .option("--yes", "do not ask")
    .action(async (address: string, options: { yes?: boolean }) => {
      await withAccounts(parts, async (accounts) => {
        const account = await accountAt(accounts, address);
        if (!options.yes) await confirm(parts, account.address);
        await accounts.remove(account.id);
        parts.context.print(`Deleted ${account.address}`);
      });
    });
}

async function confirm({ terminal }: Parts, address: string): Promise<void> {
  if (!terminal.asks) throw new CliError("Cannot ask here whether to delete: use --yes", 2);
  const typed = await terminal.ask(`Type ${address} to delete it with all its data: `);
  if (typed?.trim().toLowerCase() !== address) throw new CliError(`${address} was not deleted`);
}
