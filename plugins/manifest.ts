// Every plugin that is built in: one import and one entry each.
import type { Plugin } from "../core/mod.ts";
import eas from "./eas/plugin.ts";
import mailbox from "./mailbox/plugin.ts";
import smartsync from "./smartsync/plugin.ts";

export const plugins: readonly Plugin[] = [mailbox, eas, smartsync];
