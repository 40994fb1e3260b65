// Where in a configuration something is wrong, as valibot wants it said.
import type { IssuePathItem } from "valibot";

type Path = [IssuePathItem, ...IssuePathItem[]];

/** The path of an issue in `value`, from the keys that lead there; at least one. */
export function issuePath(value: unknown, keys: readonly string[]): Path {
  let input = value as Record<string, unknown>;
  return keys.map((key) => {
    const below = input[key] as Record<string, unknown>;
    const item: IssuePathItem = { type: "object", origin: "value", input, key, value: below };
    input = below;
    return item;
  }) as Path;
}
