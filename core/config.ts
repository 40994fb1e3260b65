// The configuration: read from all layers, checked against every schema, all errors at once.
import { dirname, resolve } from "node:path";
import { type BaseIssue, type GenericSchema, safeParse } from "valibot";
import { type CoreConfig, coreSections } from "./config_core.ts";
import { isTable, type Layers, layersOf } from "./config_layers.ts";
import {
  asToml,
  type ConfigOption,
  entriesOf,
  optionsOf,
  recordOf,
  wantedBy,
} from "./config_option.ts";
import { fits, isName, nameWanted } from "./config_record.ts";
import { serverFindings } from "./config_server.ts";
import { refusedEndings } from "./config_variable.ts";
import { ConfigError, type ConfigFinding } from "./error.ts";
import type { Plugin } from "./plugin.ts";
import { suggest } from "./suggest.ts";

/** What a program was told, checked and complete. */
export interface Config extends CoreConfig {
  /** The configuration file's path; undefined where there is none. */
  readonly file: string | undefined;
  /** The data directory. */
  readonly data: string;
  /** The parsed section of a plugin; undefined where it has no options or is off. */
  section(plugin: string): unknown;
  /** Plugins that their section switches off. */
  readonly off: ReadonlySet<string>;
}

export interface ConfigInput {
  /** The file's path and text, where there is one. */
  readonly file?: { readonly name: string; readonly text: string } | undefined;
  readonly data?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `section.key=value`, each over the one before. */
  readonly set?: readonly string[];
  /** All plugins of the program, without core. */
  readonly plugins: readonly Plugin[];
}

/** Reads and checks everything. Throws {@link ConfigError} with all findings. */
export function loadConfig(input: ConfigInput): Config {
  const sections = sectionsOf(input.plugins);
  const options = [...sections].flatMap(([id, schema]) => schema ? optionsOf(id, schema) : []);
  const switches = input.plugins.map(({ id }) => id);
  const layers = layersOf({
    file: input.file,
    env: input.env ?? {},
    set: input.set ?? [],
    options,
    switches,
  });
  const check = new Check(layers, options);
  check.keys([], layers.tree, sections);
  const off = new Set(switches.filter((id) => layers.tree[id] === false));
  check.switchedOff(input.plugins, off);
  const parsed = new Map<string, unknown>();
  for (const [id, schema] of sections) {
    if (schema && !off.has(id)) parsed.set(id, check.section(id, schema));
  }
  const core = Object.fromEntries(
    Object.keys(coreSections).map((id) => [id, parsed.get(id)]),
  ) as CoreConfig;
  if (check.findings.length === 0) check.findings.push(...serverFindings(core, layers));
  if (check.findings.length > 0) throw new ConfigError(check.findings);
  return {
    ...core,
    file: input.file?.name,
    data: input.data ?? "data",
    section: (plugin) => parsed.get(plugin),
    off,
  };
}

/** A path from the configuration: relative to its file, else to where the program runs. */
export function pathIn(config: Pick<Config, "file">, path: string): string {
  return resolve(config.file ? dirname(config.file) : ".", path);
}

/** Every section there is; a plugin without options has one that is undefined. */
export function sectionsOf(
  plugins: readonly Plugin[],
): ReadonlyMap<string, GenericSchema | undefined> {
  return new Map<string, GenericSchema | undefined>([
    ...Object.entries(coreSections),
    // A plugin that is called like a section of core is refused later, with all such mistakes.
    ...plugins.filter(({ id }) => !Object.hasOwn(coreSections, id))
      .map((plugin) => [plugin.id, plugin.config] as const),
  ]);
}

class Check {
  readonly findings: ConfigFinding[];
  readonly #layers: Layers;
  readonly #options: readonly ConfigOption[];
  constructor(layers: Layers, options: readonly ConfigOption[]) {
    this.findings = [...layers.findings];
    this.#layers = layers;
    this.#options = options;
  }

  /** Refuses what no schema names, with the name that was perhaps meant. */
  keys(
    path: readonly string[],
    table: object,
    known: ReadonlyMap<string, GenericSchema | undefined>,
  ): void {
    for (const [key, value] of Object.entries(table)) {
      const here = [...path, key];
      if (!known.has(key)) this.#unknown(here, [...known.keys()]);
      else if (isTable(value)) this.#below(here, value, known.get(key));
    }
  }

  #below(path: readonly string[], table: object, schema: GenericSchema | undefined): void {
    const record = schema && recordOf(schema);
    if (record) return this.#names(path, table, record.value);
    const entries = schema && entriesOf(schema);
    if (entries || path.length === 1) {
      this.keys(path, table, new Map(Object.entries(entries ?? {})));
    }
  }

  /** Checks the names that the operator has chosen, and what is below them. */
  #names(path: readonly string[], table: object, schema: GenericSchema): void {
    const endings = refusedEndings(path, this.#options.map((option) => option.path));
    for (const [name, value] of Object.entries(table)) {
      const here = [...path, name];
      const ending = endings.find((ending) => name.endsWith(ending));
      if (!isName(name)) {
        const fix = suggestedName(name);
        this.#add(here, { value: undefined, wanted: nameWanted, fix });
      } else if (ending) {
        const wanted = `a name that does not end in "${ending}": in the environment that ` +
          "stands for a table below";
        this.#add(here, { value: undefined, wanted, fix: "choose another name" });
      }
      if (isTable(value)) this.#below(here, value, schema);
    }
  }

  #unknown(path: readonly string[], known: readonly string[]): void {
    const key = path.at(-1)!;
    const near = suggest(key, known);
    const what = path.length === 1 ? "section" : "key";
    const rest = known.length > 0 ? `; known here: ${known.join(", ")}` : "";
    this.#add(path, {
      value: undefined,
      wanted: `a ${what} that is known`,
      fix: near ? `did you mean "${near}"?` : `remove it${rest}`,
    });
  }

  /** A plugin cannot be off while one that is on needs it. */
  switchedOff(plugins: readonly Plugin[], off: ReadonlySet<string>): void {
    for (const plugin of plugins) {
      if (off.has(plugin.id)) continue;
      for (const need of plugin.needs ?? []) {
        if (!off.has(need)) continue;
        this.#add([need], {
          value: false,
          wanted: `it to be on, because plugin "${plugin.id}" needs "${need}"`,
          fix: `remove "${need} = false", or write "${plugin.id} = false" too`,
        });
      }
    }
  }

  /** Parses one section; undefined where something was found. */
  section(id: string, schema: GenericSchema): unknown {
    const written = this.#layers.tree[id];
    // `plugin = true` is the plain opposite of `plugin = false`.
    const result = safeParse(schema, written === undefined || written === true ? {} : written);
    if (result.success) return result.output;
    for (const issue of result.issues) this.#issue(id, schema, issue);
    return undefined;
  }

  #issue(id: string, schema: GenericSchema, issue: BaseIssue<unknown>): void {
    // Unknown keys are told by keys(), with a suggestion.
    if (issue.type === "strict_object" && issue.expected === "never") return;
    const path = [id, ...(issue.path ?? []).map(({ key }) => String(key))];
    let option: ConfigOption | undefined;
    for (let length = path.length; !option && length > 0; length--) {
      option = this.#options.find((option) => fits(option.path, path.slice(0, length)));
    }
    // A check of a plugin may say how to mend it, too.
    const [told, fix] = issue.message.startsWith("Invalid ") ? [] : issue.message.split(". Fix: ");
    const example = option && (option.examples[0] ?? option.default);
    const key = option?.path.at(-1) ?? path.at(-1)!;
    this.#add(path, {
      // A check of a whole table brings the table along, with whatever secrets it has.
      value: isTable(issue.input) ? undefined : option?.secret ? "(secret)" : issue.input,
      wanted: told ?? (option ? wantedBy(option.schema) : wantedBy(schema)),
      fix: fix ??
        (example === undefined || example === ""
          ? `change it${option ? "" : ` to a table: [${path.join(".")}]`}`
          : `for example ${asToml(key, example)}`),
    });
  }

  #add(
    path: readonly string[],
    finding: Pick<ConfigFinding, "value" | "wanted" | "fix">,
  ): void {
    const [section = "", ...keys] = path;
    const source = this.#layers.sourceOf(path);
    this.findings.push({ source, section, key: keys.join("."), ...finding });
  }
}

/** What somebody may call a table whose name cannot stay. */
function suggestedName(name: string): string {
  const near = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
  return near === "" ? "choose another name" : `call it "${near}"`;
}
