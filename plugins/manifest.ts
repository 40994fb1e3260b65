// Every plugin that is built in: one import and one entry each.
import type { Plugin } from "../core/mod.ts";

export const plugins: readonly Plugin[] = [];
