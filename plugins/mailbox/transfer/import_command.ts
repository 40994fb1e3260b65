// `navette import`: mail from files into an account.
import { stat } from "node:fs/promises";
import cliProgress from "cli-progress";
import { accounts, type CliCommand, type CliContext, CliError } from "../../../core/mod.ts";
import { importedInto } from "./imported.ts";
import { importMail, type ImportReport } from "./import.ts";
import { openedMailbox, passwordHelp } from "./opened.ts";
import { sizeOf, titleOf } from "./tree.ts";

interface Options {
  readonly folder?: string;
  readonly again?: boolean;
  readonly json?: boolean;
  readonly passwordStdin?: boolean;
}

/** Adds the command `import`. */
export function importCommand(): CliCommand {
  return (program, context) => {
    program.command("import")
      .summary("bring mail from files into an account")
      .description(
        "Imports an mbox file, a Maildir with its subfolders, an .eml file, or a folder of these. " +
          "Marks and dates are kept. What was imported before is not imported twice.",
      )
      .argument("<address>", "the account")
      .argument("<path>", "the file or folder to read")
      .option("--folder <name>", "put it into this folder, made if it is missing (A/B: B in A)")
      .option("--again", "also import what was imported before")
      .option("--json", "print the result as JSON")
      .option("--password-stdin", passwordHelp)
      .action((address: string, path: string, options: Options) =>
        runImport(context, address, path, options)
      );
  };
}

async function runImport(
  context: CliContext,
  address: string,
  path: string,
  options: Options,
): Promise<void> {
  await stat(path).catch(() => {
    throw new CliError(`Cannot import: there is no ${path}`, 2);
  });
  const session = await context.open();
  try {
    const account = await session.host.one(accounts).find(address.toLowerCase());
    if (!account) throw new CliError(`Cannot import: there is no account ${address}`, 2);
    const mailbox = await openedMailbox(context, session, account, options);
    const bar = progressBar(titleOf(path));
    bar.start(await sizeOf(path), 0);
    const report = await importMail({
      mailbox,
      imported: importedInto(session.host.db, account.id),
      path,
      folder: (options.folder ?? "").split("/").filter((name) => name !== ""),
      again: options.again ?? false,
      progress: (bytes) => bar.increment(bytes),
    }).finally(() => bar.stop());
    if (options.json) context.json({ account: account.address, path, ...report });
    else for (const line of lines(report, account.address)) context.print(line);
    if (report.failed.length > 0) {
      throw new CliError(`${count(report.failed.length)} could not be imported`);
    }
  } finally {
    await session.close();
  }
}

/** On a terminal; elsewhere it shows nothing. */
function progressBar(title: string): cliProgress.SingleBar {
  return new cliProgress.SingleBar({
    format: `${title} {bar} {percentage} %`,
    hideCursor: true,
    clearOnComplete: true,
    fps: 5,
  });
}

function lines(report: ImportReport, address: string): string[] {
  return [
    `${count(report.imported)} imported into ${address}`,
    ...Object.entries(report.folders).map(([folder, number]) => `  ${folder}: ${number}`),
    ...(report.already > 0 ? [`${count(report.already)} there already`] : []),
    ...(report.deleted > 0 ? [`${count(report.deleted)} left out: deleted in the source`] : []),
    ...report.failed.map(({ place, error }) => `not imported: ${place}: ${error}`),
  ];
}

function count(messages: number): string {
  return `${messages} ${messages === 1 ? "message" : "messages"}`;
}
