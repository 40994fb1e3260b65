// What a plugin is, and all that it is ever handed.
import type { GenericSchema } from "valibot";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import type { Log } from "./log.ts";
import type { Contribution, Event, Point } from "./point.ts";

/** One step of a plugin's tables: `<yyyymmdd>_<what>`, run once, in order, in one transaction. */
export interface Migration {
  readonly id: string;
  /** SQL statements; tables are named `<plugin>_<noun>`. */
  readonly up: readonly string[];
}

/** All that a plugin is handed. Points are read when they are used, never while contributing. */
export interface Host<C = unknown> {
  readonly config: C;
  readonly db: Database;
  readonly log: Log;
  readonly clock: Clock;
  /** Every value that was contributed to a point of many. */
  all<T>(many: Point<T>): readonly T[];
  /** The one value of a point of one. Throws where the manifest leaves it empty. */
  one<T>(one: Point<T>): T;
  /** Calls every listener of `event`; resolves when all are done. Never rejects. */
  emit<E>(event: Event<E>, fact: E): Promise<void>;
}

/** The manifest entry: a value, inert until the host uses it. */
export interface Plugin<C = unknown> {
  /** Also the name of its folder and of its section in the configuration. */
  readonly id: string;
  readonly summary: string;
  /** Ids of the plugins whose `api.ts` it imports; they contribute before it. */
  readonly needs?: readonly string[];
  /** The points it opens. */
  readonly owns?: readonly Point<unknown>[];
  /** A valibot object schema; every entry has a default and a description. */
  readonly config?: GenericSchema<unknown, C>;
  readonly migrations?: readonly Migration[];
  /** Runs once, in order of `needs`, without effect: no timers, no I/O. Work starts in `task`. */
  contributes(host: Host<C>): readonly Contribution[];
}

/** Types a plugin's configuration from its schema; otherwise it returns what it is given. */
export function definePlugin<C = unknown>(plugin: Plugin<C>): Plugin<C> {
  return plugin;
}
