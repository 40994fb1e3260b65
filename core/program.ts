// A program: plugins and configuration put together, before and after its storage is open.
import { createApp } from "./app.ts";
import type { Clock } from "./clock.ts";
import type { Config } from "./config.ts";
import { coreSections } from "./config_core.ts";
import { schemaProblems } from "./config_option.ts";
import { corePlugin } from "./core_plugin.ts";
import type { Database } from "./database.ts";
import { lateDatabase } from "./late_database.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { migrate } from "./migrate.ts";
import type { PasswordCost } from "./password.ts";
import type { Host, Plugin } from "./plugin.ts";
import type { Contribution } from "./point.ts";
import { createRegistry, type Registry } from "./registry.ts";
import type { ListenOptions } from "./serve/listener.ts";
import { version } from "./version.ts";

export interface ProgramOptions {
  /** All plugins, without core; those that are off too. */
  readonly plugins: readonly Plugin[];
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  /** What the program itself adds to core's points. */
  readonly contributions?: readonly Contribution[];
  readonly passwordCost?: PasswordCost;
}

export interface Program {
  readonly registry: Registry;
  /** Core's host: reads every point. */
  readonly host: Host;
  /** Gives it its storage and brings the tables up to date. Once, before anything is asked of it. */
  open(db: Database): Promise<void>;
  /** The application. Once, after `open`. */
  app(): ListenOptions["fetch"];
}

/** Puts a program together. Throws ManifestError with everything that does not fit. */
export function createProgram(options: ProgramOptions): Program {
  const { config, clock, log } = options;
  const metrics = createMetrics(version);
  const core = corePlugin({
    config,
    metrics,
    contributions: options.contributions ?? [],
    passwordCost: options.passwordCost,
  });
  const on = options.plugins.filter(({ id }) => !config.off.has(id));
  const db = lateDatabase();
  const registry = createRegistry({
    plugins: [core, ...on],
    db,
    log,
    clock,
    config: (plugin) => plugin === "core" ? config : config.section(plugin),
    problems: [
      ...options.plugins.filter(({ id }) => Object.hasOwn(coreSections, id))
        .map(({ id }) => `Plugin "${id}" has the name of a section of core`),
      ...schemaProblems(options.plugins),
    ],
  });
  const host = registry.host("core");
  return {
    registry,
    host,
    async open(opened) {
      db.use(opened);
      // With core first, and also what is off: its tables must not be newer either.
      const off = options.plugins.filter(({ id }) => config.off.has(id));
      const done = await migrate(opened, [...registry.plugins, ...off], clock);
      for (const { plugin, id } of done) log.debug({ plugin, id }, "Tables brought up to date");
    },
    app: () => createApp({ host, config, metrics }),
  };
}
