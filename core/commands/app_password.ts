// navette app-password add | list | revoke
import type { Command } from "commander";
import { CliError } from "../error.ts";
import { tableOf } from "../table.ts";
import { accountAt, keeperOf, oldPassword } from "./passwords.ts";
import type { CoreCommand, Parts } from "./parts.ts";
import { withAccounts } from "./user.ts";

export const appPasswordCommand: CoreCommand = (parts) => (program) => {
  const group = program.command("app-password").description("Passwords for one device each");
  addCommand(group, parts);
  listCommand(group, parts);
  revokeCommand(group, parts);
};

interface AddOptions {
  readonly label: string;
  readonly json?: boolean;
  readonly passwordStdin?: boolean;
}

function addCommand(group: Command, parts: Parts): void {
  const { print, json } = parts.context;
  const command = group.command("add")
    .description("Make a password for the first device that uses it")
    .argument("<address>", "the account")
    .option("--label <text>", "what it is for", "")
    .option("--json", "print JSON");
  command.option(
    "--password-stdin",
    "where the account's own password is kept elsewhere: read that one from standard input",
  ).action(async (address: string, options: AddOptions) => {
    const made = await withAccounts(parts, async (accounts, session) => {
      const account = await accountAt(accounts, address);
      const kept = keeperOf(session, account.address);
      const question = `Password of ${account.address} ${kept?.where}: `;
      const ask = () => oldPassword(parts, options, question);
      const finish = await kept?.keeper.readyAppPassword(account, ask);
      const made = await accounts.addAppPassword(account.id, options.label);
      try {
        await finish?.(made);
      } catch (error) {
        await accounts.revokeAppPassword(account.id, made.id);
        throw error;
      }
      return made;
    });
    if (options.json) return json(made);
    print(`Number ${made.id}, shown only now: ${made.password}`);
  });
}

function listCommand(group: Command, parts: Parts): void {
  const { print, json } = parts.context;
  group.command("list").description("List an account's app passwords")
    .argument("<address>", "the account")
    .option("--json", "print JSON")
    .action(async (address: string, options: { json?: boolean }) => {
      const all = await withAccounts(
        parts,
        async (accounts) => await accounts.appPasswords((await accountAt(accounts, address)).id),
      );
      if (options.json) return json(all);
      const rows = all.map(({ id, label, client, created, used }) => [
        String(id),
        label,
        client ?? "not used yet",
        day(created),
        used === undefined ? "never" : day(used),
      ]);
      if (rows.length === 0) print(`${address} has no app passwords`);
      for (const line of tableOf(["NUMBER", "LABEL", "DEVICE", "MADE", "USED"], rows)) print(line);
    });
}

function revokeCommand(group: Command, parts: Parts): void {
  group.command("revoke").description("Take an app password back")
    .argument("<address>", "the account")
    .argument("<number>", "its number, as listed")
    .action(async (address: string, number: string) => {
      const revoked = await withAccounts(
        parts,
        async (accounts) =>
          await accounts.revokeAppPassword((await accountAt(accounts, address)).id, Number(number)),
      );
      if (!revoked) throw new CliError(`Cannot find app password ${number} of ${address}`);
      parts.context.print(`App password ${number} of ${address} is revoked`);
    });
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
