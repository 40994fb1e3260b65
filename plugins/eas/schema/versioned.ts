// Which elements a protocol version knows, from the rows of the code pages.
import { type Version, versions } from "../versions.ts";
import { Element, type Tag } from "../wbxml/element.ts";
import { pages } from "../wbxml/pages/mod.ts";

/** Whether a protocol version has this element. */
export function knows(version: Version, tag: Tag): boolean {
  const range = ranges.get(tag);
  return range === undefined || range.has(version);
}

/** Leaves out of a tree what a protocol version does not know; mostly that is nothing. */
export function only(version: Version, elements: readonly Element[]): readonly Element[] {
  if (elements.every((element) => isKnown(version, element))) return elements;
  return elements.filter(({ tag }) => knows(version, tag)).map((element) =>
    element.children.length === 0
      ? element
      : new Element(element.tag, only(version, element.children))
  );
}

/** Whether a version knows all of a tree. */
function isKnown(version: Version, { tag, children }: Element): boolean {
  return knows(version, tag) && children.every((child) => isKnown(version, child));
}

/** For each tag that not every version has: those that have it. */
const ranges = new Map<Tag, ReadonlySet<Version>>(rows());

function* rows(): Iterable<[Tag, ReadonlySet<Version>]> {
  for (const { name, tags } of pages) {
    for (const [key, { versions: range }] of Object.entries(tags)) {
      const set = new Set(versions.filter((version) => within(version, range)));
      if (set.size < versions.length) yield [`${name}:${key}` as Tag, set];
    }
  }
}

// Versions read as decimal numbers are in order.
function within(version: Version, range: string | undefined): boolean {
  if (range === undefined) return true;
  if (range === "legacy") return false;
  const [first, last = first] = range.split("-").map(Number);
  return Number(version) >= first! && Number(version) <= last!;
}
