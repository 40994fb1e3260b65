// From the command line to a program: finds the configuration, loads plugin files, checks all of it.
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Config, loadConfig, sectionsOf } from "./config.ts";
import { isTable, layersOf } from "./config_layers.ts";
import { optionsOf } from "./config_option.ts";
import { ConfigError, type ConfigFinding } from "./error.ts";
import type { Plugin } from "./plugin.ts";
import { loadPluginFile } from "./plugin_file.ts";

/** What is said on every command line, wherever on it. */
export interface Globals {
  readonly config: string | undefined;
  readonly data: string;
  readonly set: readonly string[];
}

export type Env = Readonly<Record<string, string | undefined>>;

/** The configuration file that is used where none is named, if it is there. */
const defaultFile = "navette.toml";

/** Reads the global options from anywhere on the line; all others are left to the commands. */
export function globalsOf(argv: readonly string[], env: Env): Globals {
  const { values } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    options: {
      config: { type: "string" },
      data: { type: "string" },
      set: { type: "string", multiple: true },
      listen: { type: "string" },
    },
  });
  const text = (value: unknown) => typeof value === "string" ? value : undefined;
  const set = (values.set ?? []).filter((value) => typeof value === "string");
  // `serve --listen` is short for a setting, and is checked with it.
  const listen = text(values.listen);
  return {
    config: text(values.config) ?? env.NAVETTE_CONFIG,
    data: text(values.data) ?? env.NAVETTE_DATA ?? "data",
    set: listen === undefined ? set : [...set, `server.listen=${JSON.stringify(listen)}`],
  };
}

export interface Setup {
  /** The built-in plugins and those of the user. */
  readonly plugins: readonly Plugin[];
  readonly config: Config;
  /** Why `config` is not the user's but the defaults: thrown by whatever needs it. */
  readonly trouble: ConfigError | undefined;
}

/** Sets up with what was configured; with the defaults, and the trouble, where that is wrong. */
export async function setUp(
  builtIn: readonly Plugin[],
  globals: Globals,
  env: Env,
): Promise<Setup> {
  let plugins = builtIn;
  try {
    const file = fileOf(globals);
    const own = await ownPlugins({ builtIn, globals, env, file });
    plugins = [...builtIn, ...own.plugins];
    const config = withFindings(
      own.findings,
      () => loadConfig({ file, data: globals.data, env, set: globals.set, plugins }),
    );
    return { plugins, config, trouble: undefined };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const config = loadConfig({ data: globals.data, plugins: builtIn });
    return { plugins: builtIn, config, trouble: error };
  }
}

interface ConfigFile {
  readonly name: string;
  readonly text: string;
}

function fileOf({ config }: Globals): ConfigFile | undefined {
  const name = config ?? (existsSync(defaultFile) ? defaultFile : undefined);
  if (name === undefined) return undefined;
  try {
    return { name, text: readFileSync(name, "utf8") };
  } catch (error) {
    throw new ConfigError([{
      source: name,
      section: "",
      key: "",
      value: undefined,
      wanted: `a configuration file that can be read (${(error as Error).message})`,
      fix: "correct --config; `navette config sample` prints a file to begin with",
    }]);
  }
}

interface OwnPlugins {
  readonly plugins: readonly Plugin[];
  readonly findings: readonly ConfigFinding[];
}

/** Loads `plugins.files`: before the configuration is checked, because they bring options. */
async function ownPlugins(given: {
  readonly builtIn: readonly Plugin[];
  readonly globals: Globals;
  readonly env: Env;
  readonly file: ConfigFile | undefined;
}): Promise<OwnPlugins> {
  const { builtIn, globals, env, file } = given;
  const options = [...sectionsOf([])].flatMap(([id, schema]) => optionsOf(id, schema!));
  const { tree, sourceOf } = layersOf({ file, env, set: globals.set, options, switches: [] });
  const files = isTable(tree.plugins) ? tree.plugins.files : undefined;
  const plugins: Plugin[] = [];
  const findings: ConfigFinding[] = [];
  for (const path of Array.isArray(files) ? files : []) {
    if (typeof path !== "string") continue; // told by the check of the section
    try {
      const full = resolve(file ? dirname(file.name) : ".", path);
      plugins.push(await loadPluginFile(full, [...builtIn, ...plugins]));
    } catch (error) {
      findings.push({
        source: sourceOf(["plugins", "files"]),
        section: "plugins",
        key: "files",
        value: path,
        wanted: "a file that exports a plugin",
        fix: `mend it: ${(error as Error).message}`,
      });
    }
  }
  return { plugins, findings };
}

function withFindings<R>(findings: readonly ConfigFinding[], load: () => R): R {
  let more: readonly ConfigFinding[] = [];
  let result: R | undefined;
  try {
    result = load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    more = error.findings;
  }
  if (findings.length + more.length > 0) throw new ConfigError([...findings, ...more]);
  return result!;
}
