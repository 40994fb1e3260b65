// navette backup | restore
import { existsSync } from "node:fs";
import { CliError } from "../error.ts";
import type { CoreCommand } from "./parts.ts";

export const storageCommands: CoreCommand = (parts) => (program, { print }) => {
  program.command("backup").description("Write a consistent copy of all data, also while serving")
    .argument("<file>", "the copy: a SQLite database")
    .action(async (file: string) => {
      if (existsSync(file)) throw new CliError(`Cannot write ${file}: it is there already`);
      // Not `open`: a backup before an update must not update the tables.
      const storage = await parts.openStorage();
      try {
        await storage.backup(file);
      } finally {
        await storage.close();
      }
      print(`Backup written to ${file}`);
    });
  program.command("restore").description(
    "Put a backup in the place of all data; stop serving first",
  )
    .argument("<file>", "what `backup` wrote")
    .option("--force", "replace the data that is there")
    .action(async (file: string, options: { force?: boolean }) => {
      const { token } = parts.config().storage;
      const url = parts.storageUrl();
      const force = options.force ?? false;
      await parts.restoreStorage(file, url, { ...(token === "" ? {} : { token }), force });
      print(`Restored ${file}`);
    });
};
