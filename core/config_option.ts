// Reads valibot schemas: which options a section has, and what each of them wants.
import { stringify } from "smol-toml";
import { type GenericSchema, safeParse } from "valibot";
import { variableOf } from "./config_layers.ts";
import type { Plugin } from "./plugin.ts";

/** One option of a section, as its schema describes it. */
export interface ConfigOption {
  /** From the section down: `["server", "tls", "cert"]`. */
  readonly path: readonly string[];
  /** With its wrappers: what a value is checked against. */
  readonly schema: GenericSchema;
  readonly description: string;
  /** Undefined: there is none. */
  readonly default: unknown;
  readonly examples: readonly unknown[];
  /** Never printed, neither in findings nor by `doctor`. */
  readonly secret: boolean;
}

// What this file looks at in a valibot schema or metadata action; all of it is public there.
interface Node {
  readonly kind: string;
  readonly type: string;
  readonly wrapped?: Node;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, GenericSchema>>;
  readonly pipe?: readonly Node[];
  readonly options?: readonly unknown[];
  readonly item?: Node;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly requirement?: unknown;
}

const wrappers = new Set(["optional", "exact_optional", "nullable", "nullish", "undefinedable"]);

/** The entries of an object schema, seen through `optional` and pipes; undefined for a value. */
export function entriesOf(
  schema: GenericSchema,
): Readonly<Record<string, GenericSchema>> | undefined {
  let node = schema as unknown as Node;
  while (wrappers.has(node.type) && node.wrapped) node = node.wrapped;
  return node.entries;
}

/** Every option below a section, in the order of the schema. */
export function optionsOf(section: string, schema: GenericSchema): ConfigOption[] {
  const walk = (path: readonly string[], schema: GenericSchema): ConfigOption[] => {
    const entries = entriesOf(schema);
    if (entries) return Object.entries(entries).flatMap(([key, s]) => walk([...path, key], s));
    const facts = metadataOf(schema as unknown as Node);
    return [{ path, schema, ...facts, default: defaultOf(schema as unknown as Node) }];
  };
  return walk([section], schema);
}

/** The description of a section or an option. */
export function descriptionOf(schema: GenericSchema): string {
  return metadataOf(schema as unknown as Node).description;
}

function metadataOf(schema: Node): Pick<ConfigOption, "description" | "examples" | "secret"> {
  let description = "";
  let examples: readonly unknown[] = [];
  let secret = false;
  const look = (node: Node) => {
    if (node.wrapped) look(node.wrapped);
    for (const part of node.pipe ?? []) {
      if (part.kind === "schema" && part !== node) {
        // A pipe's first part is the schema that it was made of, without the pipe.
        if (part.wrapped || part.pipe) look(part);
      } else if (part.type === "description") description = part.description ?? "";
      else if (part.type === "examples") examples = part.examples ?? [];
      else if (part.type === "metadata") secret ||= part.metadata?.secret === true;
    }
  };
  look(schema);
  return { description, examples, secret };
}

function defaultOf(node: Node): unknown {
  if (!wrappers.has(node.type)) return undefined;
  const value = typeof node.default === "function" ? node.default() : node.default;
  return value ?? (node.wrapped && defaultOf(node.wrapped));
}

/** What a value must be, in words: "a whole number, at least 1". */
export function wantedBy(schema: GenericSchema): string {
  let node = schema as unknown as Node;
  while (wrappers.has(node.type) && node.wrapped) node = node.wrapped;
  const limits = (node.pipe ?? []).map(limitOf).filter((text) => text !== "");
  return [kindOf(node), ...limits].join(", ");
}

function kindOf(node: Node): string {
  const whole = (node.pipe ?? []).some(({ type }) => type === "integer" || type === "safe_integer");
  if (node.type === "picklist") {
    return `one of ${node.options!.map((option) => JSON.stringify(option)).join(", ")}`;
  }
  if (node.type === "array") {
    return node.item ? `a list, each entry ${kindOf(node.item)}` : "a list";
  }
  if (node.type === "union" || node.type === "variant") {
    return (node.options as readonly Node[]).map(kindOf).join(" or ");
  }
  if (node.entries || node.type === "record") return "a table";
  const words: Record<string, string> = {
    string: "a text",
    number: whole ? "a whole number" : "a number",
    boolean: "true or false",
    literal: JSON.stringify((node as { literal?: unknown }).literal),
  };
  return words[node.type] ?? node.type;
}

function limitOf({ type, requirement }: Node): string {
  const words: Record<string, string> = {
    min_value: `at least ${requirement}`,
    max_value: `at most ${requirement}`,
    min_length: `at least ${requirement} long`,
    max_length: `at most ${requirement} long`,
    non_empty: "not empty",
    email: "an e-mail address",
    url: "an address with https:// or http://",
    ip: "an IP address",
  };
  return words[type] ?? "";
}

/** `key = value` as it stands in the file. */
export function asToml(key: string, value: unknown): string {
  return stringify({ [key]: value }).trimEnd();
}

/** What is wrong with the options that plugins declare: every one has a description and a default. */
export function schemaProblems(plugins: readonly Plugin[]): string[] {
  const problems: string[] = [];
  const variables = new Map<string, string>();
  for (const { id, config } of plugins) {
    if (!config) continue;
    if (!safeParse(config, {}).success) {
      problems.push(`Plugin "${id}" has options without a default, or with one that does not fit`);
    }
    for (const { path, description } of optionsOf(id, config)) {
      const name = path.join(".");
      if (description === "") problems.push(`Option "${name}" has no description`);
      const other = variables.get(variableOf(path));
      if (other) problems.push(`Options "${other}" and "${name}" share ${variableOf(path)}`);
      variables.set(variableOf(path), name);
    }
  }
  return problems;
}
