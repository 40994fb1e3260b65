// Comparing and changing marks, alike in every backend.
import type { Marks } from "./model.ts";
import { noMarks } from "./model.ts";

/** `marks` with those of `given` set. Keywords lose repetition and blanks; an absent flag goes. */
export function withMarks(marks: Marks, given: Partial<Marks>): Marks {
  const { read, answered, forwarded, draft, flag, keywords, verb } = { ...marks, ...given };
  const words = new Set(keywords.map((word) => word.trim()).filter(Boolean));
  return { read, answered, forwarded, draft, flag, keywords: [...words], ...(verb && { verb }) };
}

/** The marks of a new item. */
export function firstMarks(given: Partial<Marks> | undefined): Marks {
  return withMarks(noMarks, given ?? {});
}

/** Are these the same marks? The order of keywords does not count. */
export function sameMarks(one: Marks, other: Marks): boolean {
  return one.read === other.read && one.answered === other.answered &&
    one.forwarded === other.forwarded && one.draft === other.draft &&
    canonical(one.flag) === canonical(other.flag) &&
    canonical(one.verb) === canonical(other.verb) &&
    canonical([...one.keywords].sort()) === canonical([...other.keywords].sort());
}

function canonical(value: object | undefined): string {
  if (!value) return "";
  if (Array.isArray(value)) return JSON.stringify(value);
  return JSON.stringify(Object.entries(value).filter(([, v]) => v !== undefined).sort());
}
