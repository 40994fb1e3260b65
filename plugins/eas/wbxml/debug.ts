// Trees as text: for logs and failing tests, and as XML that the published schemas can check.
import { type Element, Flow, Leaf, type Tag } from "./element.ts";
import { legal } from "./text.ts";

export interface ShowOptions {
  /** Show bodies, attachments and pictures instead of their size. Default: false. */
  readonly bodies?: boolean;
}

/** Content of people: not for logs, and long. */
const bodies: ReadonlySet<Tag> = new Set<Tag>([
  "AirSyncBase:Content",
  "AirSyncBase:Data",
  "AirSyncBase:Preview",
  "ComposeMail:Mime",
  "Contacts:Body",
  "Contacts:Picture",
  "Email:Body",
  "Email:MIMEData",
  "Gal:Data",
  "ItemOperations:Data",
  "ResolveRecipients:Data",
  "Settings:ReplyMessage",
]);

/** Never shown. */
const secrets: ReadonlySet<Tag> = new Set<Tag>([
  "ItemOperations:Password",
  "Search:Password",
  "Settings:Password",
]);

/**
 * A tree as indented text, one element a line. Bodies are shown by their size unless asked for,
 * passwords never. What comes piece by piece is `…`.
 */
export function show(element: Element, options: ShowOptions = {}): string {
  const lines: string[] = [];
  showInto(lines, element, "", options.bodies ?? false);
  return lines.join("\n");
}

function showInto(lines: string[], element: Element, indent: string, whole: boolean): void {
  const { tag, value, children } = element;
  if (value === undefined || Array.isArray(value) && children.length === 0) {
    lines.push(`${indent}<${tag}/>`);
    return;
  }
  if (children.length === 0) {
    lines.push(`${indent}<${tag}> ${shown(element, whole)}`);
    return;
  }
  lines.push(`${indent}<${tag}>`);
  for (const child of children) showInto(lines, child, `${indent}  `, whole);
}

function shown({ tag, value }: Element, whole: boolean): string {
  if (secrets.has(tag)) return "[secret]";
  if (typeof value === "string") {
    return bodies.has(tag) && !whole ? `[${value.length} characters]` : JSON.stringify(value);
  }
  if (value instanceof Uint8Array) {
    return bodies.has(tag) && !whole ? `[${value.length} bytes]` : `0x${hex(value)}`;
  }
  return "…";
}

/**
 * A finite tree as XML with a namespace for each code page, as the published schemas want it; bytes
 * as base64. Throws TypeError for a tree with a `Flow` or a `Leaf`.
 */
export function toXml(root: Element): string {
  return `<?xml version="1.0" encoding="utf-8"?>\n${xml(root, "")}\n`;
}

function xml(element: Element, around: string): string {
  const { tag, value, children } = element;
  const [page = "", name] = tag.split(":");
  if (value instanceof Flow || value instanceof Leaf) {
    throw new TypeError(`Cannot write ${tag} as XML: it comes piece by piece`);
  }
  const start = page === around ? name : `${name} xmlns="${namespace(page)}"`;
  const content = children.length > 0
    ? children.map((child) => xml(child, page)).join("")
    : leafXml(value);
  return content === "" ? `<${start}/>` : `<${start}>${content}</${name}>`;
}

function leafXml(value: Element["value"]): string {
  if (typeof value === "string") return escape(legal(value));
  return value instanceof Uint8Array ? base64(value) : "";
}

/** The schema of code page 16 is the only one that spells its name in another way. */
function namespace(page: string): string {
  return page === "Gal" ? "GAL" : page;
}

function escape(text: string): string {
  return text.toWellFormed().replace(/[&<>\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function base64(bytes: Uint8Array): string {
  const characters = Array.from(bytes, (byte) => String.fromCharCode(byte));
  return btoa(characters.join(""));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
