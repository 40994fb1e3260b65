// `navette export`: an account's mail as files.
import { accounts, type CliCommand, type CliContext, CliError } from "../../../core/mod.ts";
import cliProgress from "cli-progress";
import type { Mailbox } from "../api.ts";
import { exportMail, type ExportReport } from "./export.ts";
import { allFolders } from "./folders.ts";
import { openedMailbox, passwordHelp } from "./opened.ts";

interface Options {
  readonly json?: boolean;
  readonly passwordStdin?: boolean;
}

/** Adds the command `export`. */
export function exportCommand(): CliCommand {
  return (program, context) => {
    program.command("export")
      .summary("write an account's mail into files")
      .description(
        "Writes every mail folder as a Maildir, marks and dates included. `import` of the same " +
          "directory restores it.",
      )
      .argument("<address>", "the account")
      .argument("<dir>", "the directory to write to: empty, or not there yet")
      .option("--json", "print the result as JSON")
      .option("--password-stdin", passwordHelp)
      .action((address: string, dir: string, options: Options) =>
        runExport(context, address, dir, options)
      );
  };
}

async function runExport(
  context: CliContext,
  address: string,
  dir: string,
  options: Options,
): Promise<void> {
  const session = await context.open();
  try {
    const account = await session.host.one(accounts).find(address.toLowerCase());
    if (!account) throw new CliError(`Cannot export: there is no account ${address}`, 2);
    const mailbox = await openedMailbox(context, session, account, options);
    const bar = new cliProgress.SingleBar({
      format: `${account.address} {bar} {value}/{total}`,
      hideCursor: true,
      clearOnComplete: true,
      fps: 5,
    });
    bar.start(await sizeOf(mailbox), 0);
    const report = await exportMail(mailbox, dir, (messages) => bar.increment(messages))
      .finally(() => bar.stop());
    if (options.json) context.json({ account: account.address, dir, ...report });
    else for (const line of lines(report, dir)) context.print(line);
    if (report.failed.length > 0) {
      throw new CliError(`${report.failed.length} messages could not be exported`);
    }
  } finally {
    await session.close();
  }
}

async function sizeOf(mailbox: Mailbox): Promise<number> {
  let size = 0;
  for (const folder of await allFolders(mailbox)) {
    if (folder.class === "mail") size += await mailbox.count(folder.id, {});
  }
  return size;
}

function lines(report: ExportReport, dir: string): string[] {
  return [
    `${report.exported} messages exported to ${dir}`,
    ...Object.entries(report.folders).map(([folder, number]) => `  ${folder}: ${number}`),
    ...report.failed.map(({ item, error }) => `not exported: ${item}: ${error}`),
  ];
}
