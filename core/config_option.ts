// Reads valibot schemas: which options a section has, and what each of them wants.
import { stringify } from "smol-toml";
import { type GenericSchema, safeParse } from "valibot";
import { anyName } from "./config_record.ts";
import { sharesVariable, variableOf } from "./config_variable.ts";
import type { Plugin } from "./plugin.ts";

/** One option of a section, as its schema describes it. */
export interface ConfigOption {
  /** From the section down: `["server", "tls", "cert"]`; `*` where the operator chooses a name. */
  readonly path: readonly string[];
  /** As `path`, with an example in the place of each chosen name. */
  readonly shown: readonly string[];
  /** What the operator names there: the description of the name. Empty where there is none. */
  readonly named: string;
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
  readonly key?: GenericSchema;
  readonly value?: GenericSchema;
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
  return unwrapped(schema).entries;
}

/** The two schemas of a table whose keys the operator chooses; undefined for everything else. */
export function recordOf(
  schema: GenericSchema,
): { readonly key: GenericSchema; readonly value: GenericSchema } | undefined {
  const { type, key, value } = unwrapped(schema);
  return type === "record" && key && value ? { key, value } : undefined;
}

function unwrapped(schema: GenericSchema): Node {
  let node = schema as unknown as Node;
  while (wrappers.has(node.type) && node.wrapped) node = node.wrapped;
  return node;
}

type Place = Pick<ConfigOption, "path" | "shown" | "named">;

/** Every option below a section, in the order of the schema. */
export function optionsOf(section: string, schema: GenericSchema): ConfigOption[] {
  const walk = (place: Place, schema: GenericSchema): ConfigOption[] => {
    const below = (key: string, schema: GenericSchema, example = key, named = place.named) => {
      const { path, shown } = place;
      return walk({ path: [...path, key], shown: [...shown, example], named }, schema);
    };
    const entries = entriesOf(schema);
    if (entries) return Object.entries(entries).flatMap(([key, s]) => below(key, s));
    const record = recordOf(schema);
    if (record) {
      const { examples, description } = metadataOf(record.key as unknown as Node);
      return below(anyName, record.value, String(examples[0] ?? "name"), description);
    }
    const facts = metadataOf(schema as unknown as Node);
    return [{ ...place, schema, ...facts, default: defaultOf(schema as unknown as Node) }];
  };
  return walk({ path: [section], shown: [section], named: "" }, schema);
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
  const node = unwrapped(schema);
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
    const options = optionsOf(id, config);
    for (const { path, description } of options) {
      const name = path.join(".");
      if (description === "") problems.push(`Option "${name}" has no description`);
      const other = variables.get(variableOf(path)) ??
        options.find((option) => sharesVariable(path, option.path))?.path.join(".");
      if (other) problems.push(`Options "${other}" and "${name}" share ${variableOf(path)}`);
      variables.set(variableOf(path), name);
    }
  }
  return problems;
}
