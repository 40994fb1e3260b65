// Collects what plugins contribute, refuses what does not fit, and hands out what points hold.
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import { ManifestError } from "./error.ts";
import type { Log } from "./log.ts";
import { migrationProblems, orderOf } from "./order.ts";
import type { Host, Plugin } from "./plugin.ts";
import type { Contribution, Event, Point } from "./point.ts";

/** A row of `plugins list`. */
export interface Listed {
  readonly plugin: string;
  readonly point: string;
  readonly name: string | undefined;
}

/** The plugins that are on, their hosts, and what their points hold. */
export interface Registry {
  /** In order of `needs`. */
  readonly plugins: readonly Plugin[];
  /** The host of a plugin. Throws RangeError for one that is not on. */
  host(plugin: string): Host;
  /** Every contribution, in order. */
  list(): readonly Listed[];
  /** Every point that a plugin owns, with its owner. */
  points(): readonly { readonly owner: string; readonly point: Point<unknown> }[];
}

export interface RegistryOptions {
  /** Those that are on, core's own included. */
  readonly plugins: readonly Plugin[];
  readonly db: Database;
  readonly log: Log;
  readonly clock: Clock;
  /** The parsed section of a plugin. */
  readonly config: (plugin: string) => unknown;
  /** What was found wrong before, to be told with the rest. */
  readonly problems?: readonly string[];
}

interface Held {
  readonly plugin: string;
  readonly contribution: Contribution;
}

/** Sorts, asks every plugin once what it contributes, and refuses with {@link ManifestError}. */
export function createRegistry(options: RegistryOptions): Registry {
  const { sorted, problems: found } = orderOf(options.plugins);
  const problems = [...options.problems ?? [], ...found, ...sorted.flatMap(migrationProblems)];
  const owners = ownersOf(sorted, problems);
  const held: Held[] = [];
  const slots = new Slots(options.log);
  const hosts = new Map(sorted.map((plugin) => [plugin.id, hostOf(plugin, options, slots)]));
  for (const plugin of sorted) {
    try {
      for (const contribution of plugin.contributes(hosts.get(plugin.id)!)) {
        held.push({ plugin: plugin.id, contribution });
      }
    } catch (error) {
      problems.push(`Plugin "${plugin.id}" cannot contribute: ${messageOf(error)}`);
    }
  }
  problems.push(...misfits(held, owners));
  if (problems.length > 0) throw new ManifestError(problems);
  slots.fill(held);
  return {
    plugins: sorted,
    host(id) {
      const host = hosts.get(id);
      if (!host) throw new RangeError(`Cannot find a plugin that is called "${id}"`);
      return host;
    },
    list: () =>
      held.map(({ plugin, contribution: { point, name } }) => ({ plugin, point: point.id, name })),
    points: () => [...owners.values()],
  };
}

type Owners = Map<string, { readonly owner: string; readonly point: Point<unknown> }>;

function ownersOf(plugins: readonly Plugin[], problems: string[]): Owners {
  const owners: Owners = new Map();
  for (const plugin of plugins) {
    for (const point of plugin.owns ?? []) {
      const other = owners.get(point.id);
      if (other) {
        problems.push(`Point "${point.id}" is opened by "${other.owner}" and by "${plugin.id}"`);
      } else {
        owners.set(point.id, { owner: plugin.id, point });
      }
    }
  }
  return owners;
}

/** Contributions that no point can take: unowned, a second value for one, a doubled name. */
function misfits(held: readonly Held[], owners: Owners): string[] {
  const problems: string[] = [];
  const single = new Map<string, string>();
  const named = new Map<string, string>();
  for (const { plugin, contribution: { point, name } } of held) {
    if (!owners.has(point.id)) {
      problems.push(`Plugin "${plugin}" contributes to "${point.id}", which no plugin opens`);
      continue;
    }
    const first = single.get(point.id);
    if (point.take === "one" && first !== undefined) {
      problems.push(`Point "${point.id}" takes one value: "${first}" and "${plugin}" offer one`);
    }
    single.set(point.id, first ?? plugin);
    if (name === undefined) continue;
    const key = JSON.stringify([point.id, name]);
    const other = named.get(key);
    if (other !== undefined) {
      problems.push(`"${name}" is contributed to "${point.id}" by "${other}" and by "${plugin}"`);
    }
    named.set(key, other ?? plugin);
  }
  return problems;
}

/** What the points hold, once everybody has contributed. */
class Slots {
  #values: Map<string, unknown[]> | undefined;
  readonly #log: Log;
  constructor(log: Log) {
    this.#log = log;
  }

  fill(held: readonly Held[]): void {
    const values = new Map<string, unknown[]>();
    for (const { contribution: { point, value } } of held) {
      const slot = values.get(point.id);
      if (slot) slot.push(value);
      else values.set(point.id, [value]);
    }
    this.#values = values;
  }

  all<T>(point: Point<T>): readonly T[] {
    if (!this.#values) {
      throw new Error(`Cannot read point "${point.id}" while plugins are contributing`);
    }
    return (this.#values.get(point.id) ?? []) as T[];
  }

  one<T>(point: Point<T>): T {
    const values = this.all(point);
    if (values.length === 0) throw new Error(`Cannot use "${point.id}": no plugin fills it`);
    return values[0]!;
  }

  async emit<E>(event: Event<E>, fact: E): Promise<void> {
    await Promise.all(
      this.all(event).map(async (listener) => {
        try {
          await listener(fact);
        } catch (error) {
          this.#log.error({ err: error, event: event.id }, "A listener failed");
        }
      }),
    );
  }
}

function hostOf(plugin: Plugin, options: RegistryOptions, slots: Slots): Host {
  return {
    config: options.config(plugin.id),
    db: options.db,
    log: options.log.child({ plugin: plugin.id }),
    clock: options.clock,
    all: (point) => slots.all(point),
    one: (point) => slots.one(point),
    emit: (event, fact) => slots.emit(event, fact),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
