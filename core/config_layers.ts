// The three places that options come from: the file, the environment, the command line.
import { parse, TomlError } from "smol-toml";
import { safeParse } from "valibot";
import type { ConfigOption } from "./config_option.ts";
import { fits } from "./config_record.ts";
import { reservedVariables, variableReader, variablesLike } from "./config_variable.ts";
import type { ConfigFinding } from "./error.ts";
import { suggest } from "./suggest.ts";

/** A tree of tables and values, and where each value was written. */
export interface Layers {
  readonly tree: Table;
  /** The source of the value at a path (joined by dots), or of the nearest path above it. */
  sourceOf(path: readonly string[]): string;
  readonly findings: readonly ConfigFinding[];
}
export type Table = Record<string, unknown>;

export interface LayerOptions {
  /** The file's name and text, where there is one. */
  readonly file: { readonly name: string; readonly text: string } | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `section.key=value`, as given on the command line. */
  readonly set: readonly string[];
  /** Every option there is. */
  readonly options: readonly ConfigOption[];
  /** Sections that may be switched off by `false`. */
  readonly switches: readonly string[];
}

/** Lays the command line over the environment over the file. */
export function layersOf(options: LayerOptions): Layers {
  const findings: ConfigFinding[] = [];
  const tree: Table = readFile(options.file, findings);
  const fileTree = structuredClone(tree);
  const sources = new Map<string, string>();
  const put = (path: readonly string[], text: string, source: string) => {
    const option = options.options.find((option) => fits(option.path, path));
    setAt(tree, path, option ? valueFor(option, text) : tomlValue(text));
    sources.set(path.join("."), source);
  };
  readEnvironment(options, findings, put);
  for (const setting of options.set) readSetting(setting, findings, put);
  return {
    tree,
    findings,
    sourceOf(path) {
      for (let length = path.length; length > 0; length--) {
        const source = sources.get(path.slice(0, length).join("."));
        if (source !== undefined) return source;
      }
      // In a table that only came to be because something in it was set.
      for (let length = path.length; length > 0; length--) {
        const table = path.slice(0, length);
        if (getAt(fileTree, table) !== undefined) break;
        const set = [...sources].find(([at]) => at.startsWith(`${table.join(".")}.`));
        if (set) return set[1];
      }
      return options.file?.name ?? "built-in defaults";
    },
  };
}

function readFile(file: LayerOptions["file"], findings: ConfigFinding[]): Table {
  if (!file) return {};
  try {
    return parse(file.text) as Table;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0]!.replace(/^Invalid TOML document: /, "");
    findings.push({
      source: `${file.name}:${error.line}:${error.column}`,
      section: "",
      key: "",
      value: undefined,
      wanted: `TOML, but this line cannot be read (${reason})`,
      fix: 'texts are written in quotes: key = "text"',
    });
    return {};
  }
}

type Put = (path: readonly string[], text: string, source: string) => void;

function readEnvironment(options: LayerOptions, findings: ConfigFinding[], put: Put): void {
  const paths = [
    ...options.switches.map((id) => [id]),
    ...options.options.map(({ path }) => path),
  ];
  const pathOf = variableReader(paths);
  for (const [name, text] of Object.entries(options.env)) {
    if (!name.startsWith("NAVETTE_") || text === undefined) continue;
    if ((reservedVariables as readonly string[]).includes(name)) continue;
    const path = pathOf(name);
    if (path) {
      put(path, text, `environment (${name})`);
      continue;
    }
    const near = suggest(name, [...variablesLike(name, paths), ...reservedVariables]);
    findings.push({
      source: "environment",
      section: "",
      key: name,
      value: undefined,
      wanted: "a variable that names an option: NAVETTE_<SECTION>_<KEY>",
      fix: near ? `did you mean ${near}?` : `unset ${name}`,
    });
  }
}

function readSetting(setting: string, findings: ConfigFinding[], put: Put): void {
  const at = setting.indexOf("=");
  const path = setting.slice(0, Math.max(at, 0)).trim().split(".");
  if (at > 0 && path.every((key) => /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(key))) {
    put(path, setting.slice(at + 1), "command line (--set)");
    return;
  }
  findings.push({
    source: "command line (--set)",
    section: "",
    key: at > 0 ? setting.slice(0, at) : setting,
    value: undefined,
    wanted: "section.key=value",
    fix: "for example --set server.listen=127.0.0.1:8090",
  });
}

/** A text as the value that the option takes: as TOML where that fits, else as it stands. */
function valueFor(option: ConfigOption, text: string): unknown {
  const value = tomlValue(text);
  if (safeParse(option.schema, value).success) return value;
  return safeParse(option.schema, text).success ? text : value;
}

function tomlValue(text: string): unknown {
  try {
    const table = parse(`value = ${text}`);
    if (Object.keys(table).length === 1 && "value" in table) return table.value;
  } catch {
    // Not TOML: a text without quotes.
  }
  return text;
}

function setAt(tree: Table, path: readonly string[], value: unknown): void {
  let table = tree;
  for (const key of path.slice(0, -1)) {
    const below = Object.hasOwn(table, key) ? table[key] : undefined;
    if (isTable(below)) table = below;
    else table = table[key] = {};
  }
  table[path.at(-1)!] = value;
}

function getAt(tree: Table, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => isTable(at) ? at[key] : undefined, tree);
}

/** A TOML table, not a date or a list. */
export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}
