// The order of plugins by what they need, and what is wrong with a manifest.
import type { Plugin } from "./plugin.ts";

export interface Order {
  /** Each after all that it needs. With problems: the best that could be done. */
  readonly sorted: readonly Plugin[];
  readonly problems: readonly string[];
}

/** Sorts by `needs`; otherwise the order of the manifest stays. Says everything that is wrong. */
export function orderOf(plugins: readonly Plugin[]): Order {
  const problems: string[] = [];
  const byId = new Map<string, Plugin>();
  for (const plugin of plugins) {
    if (byId.has(plugin.id)) problems.push(`Two plugins are called "${plugin.id}"`);
    else byId.set(plugin.id, plugin);
  }
  for (const plugin of byId.values()) {
    for (const need of plugin.needs ?? []) {
      if (!byId.has(need)) {
        problems.push(`Plugin "${plugin.id}" needs "${need}", which no plugin is called`);
      }
    }
  }
  const sorted: Plugin[] = [];
  const cycles = new Set<string>();
  const state = new Map<string, "open" | "done">();
  const visit = (plugin: Plugin, path: readonly string[]) => {
    if (state.get(plugin.id) === "done") return;
    if (state.get(plugin.id) === "open") {
      cycles.add([...path.slice(path.indexOf(plugin.id)), plugin.id].join(" → "));
      return;
    }
    state.set(plugin.id, "open");
    for (const need of plugin.needs ?? []) {
      const needed = byId.get(need);
      if (needed) visit(needed, [...path, plugin.id]);
    }
    state.set(plugin.id, "done");
    sorted.push(plugin);
  };
  for (const plugin of byId.values()) visit(plugin, []);
  for (const cycle of cycles) problems.push(`Plugins need each other in a circle: ${cycle}`);
  return { sorted, problems };
}

/** What is wrong with the migrations that a plugin lists. */
export function migrationProblems(plugin: Plugin): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const { id } of plugin.migrations ?? []) {
    if (!/^\d{8}_[a-z0-9_]+$/.test(id)) {
      problems.push(`Migration "${id}" of "${plugin.id}" is not called <yyyymmdd>_<what>`);
    }
    if (seen.has(id)) problems.push(`Migration "${id}" of "${plugin.id}" stands there twice`);
    seen.add(id);
  }
  return problems;
}
