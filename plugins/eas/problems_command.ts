// `navette eas problems`: items that could not be shown, and devices that were slowed down.
import { accounts, type CliCommand, CliError, type Host, tableOf } from "../../core/mod.ts";
import { printable } from "./printable.ts";
import { type Problem, problemList } from "./problems.ts";

interface Flags {
  readonly json?: true;
  readonly forget?: string;
}

/** A problem as it is listed; times are ISO 8601, UTC. */
export interface ListedProblem extends Omit<Problem, "account" | "revision" | "first" | "last"> {
  readonly account: string;
  readonly first: string;
  readonly last: string;
}

export const problemsCommand: CliCommand = (eas, context) => {
  eas.command("problems")
    .summary("list what devices could not be given")
    .description(
      "Lists items that went out as a stub with the original attached, because they could not be " +
        "converted (unreadable) or because a device did not get on with them (indigestible), and " +
        "folders that paused for a device that added the same without end (flood); the latest " +
        "first, those of an account or of all.",
    )
    .argument("[address]", "the account")
    .option("--json", "print JSON")
    .option("--forget <number>", "take one off the list: the device gets the item as it is again")
    .action(async (address: string | undefined, flags: Flags) => {
      const session = await context.open();
      try {
        const { host } = session;
        if (flags.forget !== undefined) {
          await forget(host, flags.forget);
          return context.print(`Problem ${flags.forget} is off the list`);
        }
        const problems = await listed(host, address);
        if (flags.json) context.json(problems);
        else for (const line of table(problems)) context.print(line);
      } finally {
        await session.close();
      }
    });
};

async function forget({ db, clock }: Host, text: string): Promise<void> {
  const isNumber = /^\d{1,15}$/.test(text);
  if (!isNumber || !await problemList(db, clock).remove(Number(text))) {
    throw new CliError(`Cannot find the problem ${text}`);
  }
}

async function listed(host: Host, address?: string): Promise<ListedProblem[]> {
  const all = await host.one(accounts).list();
  const only = address === undefined ? undefined : await host.one(accounts).find(address);
  if (address !== undefined && !only) throw new CliError(`Cannot find the account ${address}`);
  const addresses = new Map(all.map(({ id, address }) => [id, address]));
  return (await problemList(host.db, host.clock).list(only?.id)).map((
    { revision: _, ...problem },
  ) => ({
    ...problem,
    account: addresses.get(problem.account) ?? `#${problem.account}`,
    first: new Date(problem.first).toISOString(),
    last: new Date(problem.last).toISOString(),
  }));
}

function table(problems: readonly ListedProblem[]): string[] {
  if (problems.length === 0) return ["There are no problems"];
  const head = ["NO.", "ACCOUNT", "DEVICE", "KIND", "ABOUT", "TIMES", "LAST", "REASON"];
  const rows = problems.map(({ number, account, device, kind, about, times, last, reason }) =>
    [`${number}`, account, device, kind, about, `${times}`, minute(last), reason].map(printable)
  );
  return tableOf(head, rows);
}

const minute = (time: string) => time.slice(0, 16).replace("T", " ");
