// What the sections of this plugin share: kinds of options, and where in a section something is wrong.
import * as v from "valibot";

/** A text. */
export const text = (description: string, initial = "") =>
  v.optional(v.pipe(v.string("a text"), v.description(description)), initial);

/** A whole number, also of seconds. */
export const count = (least: number, initial: number, description: string) =>
  v.optional(
    v.pipe(
      v.number("a number"),
      v.integer("a whole number"),
      v.minValue(least, `at least ${least}`),
      v.description(description),
    ),
    initial,
  );

type IssuePath = [v.IssuePathItem, ...v.IssuePathItem[]];

/** The path of an issue in `value`, as valibot wants it, from the keys that lead there; at least one. */
export function issuePath(value: unknown, keys: readonly string[]): IssuePath {
  let input = value as Record<string, unknown>;
  return keys.map((key) => {
    const below = input[key] as Record<string, unknown>;
    const item: v.IssuePathItem = { type: "object", origin: "value", input, key, value: below };
    input = below;
    return item;
  }) as IssuePath;
}
