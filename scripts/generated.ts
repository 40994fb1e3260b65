// The files that are generated and committed: what they should hold now.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sampleConfig } from "../core/config_sample.ts";
import { type Quirk, quirks } from "../plugins/eas/quirks.ts";
import { spec } from "../plugins/eas/spec.ts";
import { plugins } from "../plugins/manifest.ts";
import { command } from "../tests/kit_command.ts";
import { root } from "../tests/sources.ts";

/** Each generated file's path with its content. */
export async function generated(): Promise<Map<string, string>> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const { code, out, err } = await command(["plugins", "list"]);
  if (code !== 0) throw new Error(`Cannot list the plugins: ${err}`);
  return new Map([
    ["README.md", blocks.reduce((text, [name, table]) => withBlock(text, name, table()), readme)],
    ["tests/plugins_golden.txt", out],
    ["examples/full.toml", sampleConfig(plugins)],
  ]);
}

const blocks: readonly (readonly [string, () => string])[] = [
  ["plugins", pluginTable],
  ["spec", specTable],
  ["quirks", quirkTable],
];

function withBlock(text: string, name: string, content: string): string {
  const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`Cannot find the block "${name}" in the README`);
  return `${text.slice(0, from)}${start}\n\n${content}\n\n${text.slice(to)}`;
}

function pluginTable(): string {
  return table(
    ["plugin", "what it does", "needs", "opens"],
    plugins.map(({ id, summary, needs = [], owns = [] }) => [
      `[${id}](plugins/${id})`,
      summary,
      needs.join(", "),
      owns.map((point) => `\`${point.id}\``).join(", "),
    ]),
  );
}

function specTable(): string {
  return table(
    ["section", "what", "supported", "missing"],
    spec.map(({ section, title, support, missing = "" }) => [section, title, support, missing]),
  );
}

function quirkTable(): string {
  return table(
    ["client", "what it does", "what is done", "for", "seen by", "conversation"],
    Object.values<Quirk>(quirks).map((row) => [
      row.client,
      row.behaviour,
      row.remedy,
      row.for,
      row.source,
      `[${row.conversation}](tests/wire/${row.conversation}.txt)`,
    ]),
  );
}

/** A table as `deno fmt` leaves it: columns as wide as what they hold. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const [first, ...rest] = all.map(line);
  return [first, line(widths.map((width) => "-".repeat(width))), ...rest].join("\n");
}
