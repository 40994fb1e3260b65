// Documents that are well formed and mean nothing good: real ones, changed here and there.
import { el, Element, type Tag } from "../../plugins/eas/wbxml/mod.ts";
import { codeOf } from "../../plugins/eas/wbxml/tokens.ts";
import type { Known } from "./sensible.ts";
import type { Random } from "./target.ts";

const tags = [...codeOf.keys()] as Tag[];
const pick = <T>(random: Random, all: readonly T[]): T => all[Math.floor(random() * all.length)]!;

/** Values that somebody might send. */
function odd(random: Random, known: Known): string {
  return pick(random, [
    ...Object.values(known),
    "",
    "0",
    "1",
    "-1",
    "99999999999999999999",
    "1.5",
    "NaN",
    "true",
    " 1 ",
    "é€😀",
    "\ufffe\u0007",
    "x".repeat(10_000),
    "1:1",
    "1:99999999999999999999",
    "9:9",
    "0-99999999999",
    "5-1",
    "2026-13-45T99:99:99.999Z",
    "20260301T120000Z",
    "%00../../x",
    "' OR 1=1 --",
    '"; DROP TABLE core_account; --',
    "a:b AND (c OR",
    '"'.repeat(100),
    "(".repeat(1000),
    "Email",
    "Calendar",
    "SMS",
    "RI",
  ]);
}

/** A document with some of its elements changed. */
export function changed(random: Random, document: Element, known: Known): Element {
  let tree = document;
  for (let times = Math.floor(random() * 5); times >= 0; times--) {
    const at = Math.floor(random() * sizeOf(tree));
    tree = changedAt(random, tree, known, { left: at }) ?? tree;
  }
  return tree;
}

const sizeOf = (tree: Element): number =>
  1 + tree.children.reduce((sum, child) => sum + sizeOf(child), 0);

function changedAt(
  random: Random,
  tree: Element,
  known: Known,
  place: { left: number },
): Element | undefined {
  if (place.left-- === 0) return another(random, tree, known);
  if (tree.children.length === 0) return tree;
  const children = tree.children.flatMap((child) => {
    if (place.left < 0) return [child];
    const before = place.left;
    const made = changedAt(random, child, known, place);
    // Where it was changed, it may also stand twice or not at all.
    if (place.left >= 0 || before < 0) return made ? [made] : [];
    const roll = random();
    return roll < 0.1 ? [] : roll < 0.2 && made ? [made, made] : made ? [made] : [];
  });
  return new Element(tree.tag, children);
}

function another(random: Random, tree: Element, known: Known): Element {
  const roll = random();
  if (roll < 0.45) return valued(tree.tag, odd(random, known));
  if (roll < 0.55) return el(tree.tag);
  if (roll < 0.65) return new Element(tree.tag, [...tree.children].reverse());
  if (roll < 0.75) return new Element(tree.tag, [...tree.children, junk(random, known, 3)]);
  if (roll < 0.85) return new Element(pick(random, tags), tree.children);
  if (roll < 0.9) return deep(tree.tag, 60);
  if (roll < 0.95) {
    return new Element(tree.tag, Array.from({ length: 400 }, () => tree.children).flat());
  }
  return junk(random, known, 4);
}

function valued(tag: Tag, value: string): Element {
  return codeOf.get(tag)?.opaque ? el(tag, new TextEncoder().encode(value)) : el(tag, value);
}

/** Any elements at all. */
export function junk(random: Random, known: Known, depth: number): Element {
  const tag = pick(random, tags);
  if (depth === 0 || random() < 0.3) return valued(tag, odd(random, known));
  const count = Math.floor(random() * 4);
  return new Element(tag, Array.from({ length: count }, () => junk(random, known, depth - 1)));
}

function deep(tag: Tag, depth: number): Element {
  return depth === 0 ? el(tag, "x") : new Element(tag, [deep(tag, depth - 1)]);
}
