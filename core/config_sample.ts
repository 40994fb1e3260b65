// The sample configuration: every option with its description and default.
import type { GenericSchema } from "valibot";
import { sectionsOf } from "./config.ts";
import { coreSections } from "./config_core.ts";
import { asToml, type ConfigOption, descriptionOf, optionsOf, wantedBy } from "./config_option.ts";
import { anyName } from "./config_record.ts";
import { variableOf } from "./config_variable.ts";
import type { Plugin } from "./plugin.ts";

const width = 96;

/** A TOML file in which every option stands as a comment, so that it changes nothing as it is. */
export function sampleConfig(plugins: readonly Plugin[]): string {
  const summaries = new Map(plugins.map(({ id, summary }) => [id, summary]));
  const head = comment(
    "The configuration of Navette. Every option stands here with its default; take the # away to " +
      `change one. In the environment, ${variableOf(["section", "key"])}=value comes before this ` +
      "file, and --set section.key=value on the command line before both. A plugin is switched " +
      "off by plugin = false at the top of this file.",
  );
  const parts = [...sectionsOf(plugins)].map(([id, schema]) =>
    section(id, schema, summaries.get(id) ?? descriptionOf(coreSections[id as "server"]))
  );
  return [head, ...parts].join("\n\n") + "\n";
}

function section(id: string, schema: GenericSchema | undefined, summary: string): string {
  const options = schema ? optionsOf(id, schema) : [];
  const lines = [comment(summary)];
  // A table's own keys come before its subtables: TOML wants it so.
  const tables = Map.groupBy(options, ({ shown }) => shown.slice(0, -1).join("."));
  const names = [...tables.keys()].sort((a, b) => depth(a) - depth(b));
  if (!names.includes(id)) lines.push(`[${id}]`);
  for (const name of names) {
    const options = tables.get(name)!;
    if (name !== id) lines.push("");
    lines.push(...heading(name, options));
    for (const option of options) lines.push("", ...entry(option));
  }
  return lines.join("\n");
}

/** A table with a name to choose is an example, and not there unless somebody wants it. */
function heading(name: string, options: readonly ConfigOption[]): string[] {
  const { path, named } = options[0]!;
  if (!path.includes(anyName)) return [`[${name}]`];
  const about = path.at(-2) === anyName && named !== "" ? [comment(named)] : [];
  return [...about, `# [${name}]`];
}

function entry(option: ConfigOption): string[] {
  const key = option.path.at(-1)!;
  const wanted = wantedBy(option.schema);
  const [example] = option.examples;
  const value = option.path.includes(anyName)
    ? example ?? option.default
    : option.default ?? example;
  const lines = [comment(`${option.description} (${wanted})`)];
  for (const example of option.examples) {
    if (example !== value) lines.push(comment(`Example: ${asToml(key, example)}`));
  }
  lines.push(`# ${value === undefined ? `${key} = …` : asToml(key, value)}`);
  return lines;
}

function depth(name: string): number {
  return name.split(".").length;
}

/** Lines that begin with `#`, broken between words. */
function comment(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(`# ${word}`);
  }
  return lines.join("\n");
}
