// Plugins of a user's own: a file named in the configuration, in every packaging of the program.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { html, raw } from "hono/html";
import * as v from "valibot";
import * as core from "./mod.ts";
import type { Plugin } from "./plugin.ts";
import type { Point } from "./point.ts";
import * as corePoints from "./points.ts";
import { suggest } from "./suggest.ts";

/**
 * What a plugin file is handed. Inside an executable nothing can be imported by name, so the file
 * imports types only and takes everything else from here.
 */
export interface PluginKit {
  /** All that core offers: `definePlugin`, `definePoint`, core's points, the errors. */
  readonly core: typeof core;
  /** valibot, for the plugin's options. */
  readonly v: typeof v;
  /** Hono's templates, for pages. */
  readonly html: typeof html;
  readonly raw: typeof raw;
  /**
   * A point by its id, of whatever plugin: `kit.point<Gate>("….gate")`; the plugin lists its owner in
   * `needs`. Throws where no plugin opens it.
   */
  point<T>(id: string): Point<T>;
}

/** The default export of a plugin file. */
export type PluginFile = (kit: PluginKit) => Plugin;

/** Loads the plugin of a file. Throws with a sentence for the person who wrote it. */
export async function loadPluginFile(file: string, known: readonly Plugin[]): Promise<Plugin> {
  await readFile(file).catch(() => {
    throw new Error("there is no such file, or it may not be read");
  });
  const loaded = await import(pathToFileURL(file).href) as { readonly default?: unknown };
  // A CommonJS file's exports come as the default, and may hold a default of their own.
  const inner = (loaded.default as { readonly default?: unknown } | undefined)?.default;
  const make = typeof loaded.default === "function" ? loaded.default : inner;
  if (typeof make !== "function") {
    throw new Error("its default export is no function: (kit) => kit.core.definePlugin({ … })");
  }
  const plugin = (make as PluginFile)(kitFor(known));
  if (typeof plugin?.id !== "string" || typeof plugin.contributes !== "function") {
    throw new Error("its function does not return a plugin: { id, summary, contributes }");
  }
  return plugin;
}

function kitFor(known: readonly Plugin[]): PluginKit {
  const points = new Map<string, Point<unknown>>();
  const owned = known.flatMap(({ owns }) => owns ?? []);
  for (const point of [...Object.values(corePoints) as Point<unknown>[], ...owned]) {
    points.set(point.id, point);
  }
  return {
    core,
    v,
    html,
    raw,
    point<T>(id: string) {
      const point = points.get(id);
      if (point) return point as Point<T>;
      const near = suggest(id, [...points.keys()]);
      throw new Error(
        `no plugin opens the point "${id}"${near ? `: did you mean "${near}"?` : ""}`,
      );
    },
  };
}
