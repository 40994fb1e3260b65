// The kinds of options that the sections of this plugin share.
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
