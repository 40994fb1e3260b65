// Brings the tables of every plugin up to date, once each, and refuses a newer database.
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import type { Plugin } from "./plugin.ts";

/** The database was written by a newer version of this program. */
export class NewerDatabase extends Error {
  override name = "NewerDatabase";
}

/**
 * Runs what has not run yet, each migration in one transaction together with its record, in the
 * order of `plugins`. Two processes that start together do not run one twice. Throws
 * {@link NewerDatabase}, before anything is changed, where a plugin of this program has migrations
 * in the database that it does not know. Tables of plugins that are not here are left alone.
 */
export async function migrate(
  db: Database,
  plugins: readonly Plugin[],
  clock: Clock,
): Promise<{ readonly plugin: string; readonly id: string }[]> {
  // Looked up first: a database that is up to date is not written to.
  const [table] = await db.all("SELECT 1 FROM sqlite_master WHERE name = 'core_migration'");
  if (!table) {
    await db.run(
      "CREATE TABLE IF NOT EXISTS core_migration (plugin TEXT NOT NULL, id TEXT NOT NULL, " +
        "applied INTEGER NOT NULL, PRIMARY KEY (plugin, id)) WITHOUT ROWID",
    );
  }
  const applied = new Set((await db.all<{ plugin: string; id: string }>(
    "SELECT plugin, id FROM core_migration",
  )).map(({ plugin, id }) => `${plugin}/${id}`));
  refuseNewer(applied, plugins);
  const done = [];
  for (const plugin of plugins) {
    for (const { id, up } of plugin.migrations ?? []) {
      if (applied.has(`${plugin.id}/${id}`)) continue;
      if (await apply(db, plugin.id, id, up, clock)) done.push({ plugin: plugin.id, id });
    }
  }
  return done;
}

function refuseNewer(applied: ReadonlySet<string>, plugins: readonly Plugin[]): void {
  const known = new Set(
    plugins.flatMap(({ id, migrations }) => (migrations ?? []).map((step) => `${id}/${step.id}`)),
  );
  const ours = new Set(plugins.map(({ id }) => id));
  const unknown = [...applied].filter((step) =>
    ours.has(step.slice(0, step.indexOf("/"))) && !known.has(step)
  );
  if (unknown.length === 0) return;
  throw new NewerDatabase(
    "Cannot use this database: a newer version of Navette has changed it " +
      `(${unknown.sort().join(", ")}). Start that version, or restore a backup from before`,
  );
}

async function apply(
  db: Database,
  plugin: string,
  id: string,
  up: readonly string[],
  clock: Clock,
): Promise<boolean> {
  try {
    return await db.transaction(async (tx) => {
      // Again, inside the transaction: another process may have been faster.
      const rows = await tx.all("SELECT 1 FROM core_migration WHERE plugin = ? AND id = ?", [
        plugin,
        id,
      ]);
      if (rows.length > 0) return false;
      for (const statement of up) await tx.run(statement);
      await tx.run("INSERT INTO core_migration (plugin, id, applied) VALUES (?, ?, ?)", [
        plugin,
        id,
        clock.now(),
      ]);
      return true;
    });
  } catch (error) {
    throw new Error(`Cannot run migration ${id} of ${plugin}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
