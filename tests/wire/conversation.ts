// A golden conversation as text: what is said, what is answered, read and written.
import { el, Element, type Tag } from "../../plugins/eas/wbxml/mod.ts";
import { type Version, versions } from "../../plugins/eas/versions.ts";

/** One request with its answers. */
export interface Step {
  /** The request block as it stands in the file, comments and actions included. */
  readonly lines: readonly string[];
  /** Only on the way to what is shown: its answer is not kept. */
  readonly silent: boolean;
  /** `OPTIONS`, the value of Cmd, or a whole query (`?jAAJ…`). */
  readonly command: string;
  /** More of the query: `&SaveInSent=T`. */
  readonly more: string;
  /** The versions that it is said in. */
  readonly versions: readonly Version[];
  readonly headers: readonly (readonly [string, string])[];
  /** A document, bytes (`0x…`), text (`"…"`), or nothing. */
  readonly body: Element | Uint8Array | undefined;
  /** What happens before the request is sent. */
  readonly before: readonly string[];
  /** What happens while the request waits. */
  readonly meanwhile: readonly string[];
}

export interface Conversation {
  /** Everything before the first request. */
  readonly head: readonly string[];
  readonly versions: readonly Version[];
  /** `eas.strict = true` … */
  readonly config: readonly string[];
  /** Whose conversation it is; undefined: nobody's in particular. */
  readonly client: Client | undefined;
  readonly steps: readonly Step[];
}

/** What requests say of the device. */
export interface Client {
  readonly deviceType: string;
  readonly deviceId: string;
  readonly userAgent: string;
}

/** Reads a file. Answers are left out: they are compared as text. Throws SyntaxError. */
export function parse(text: string): Conversation {
  const blocks = blocksOf(text.replace(/\n+$/, "").split("\n"));
  const [head = [], ...rest] = blocks;
  const setting = (name: string) =>
    head.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
  const spoken = setting("versions")[0];
  const all = spoken === undefined ? versions : rangeOf(spoken);
  return {
    head,
    versions: all,
    config: setting("config"),
    client: clientOf(setting("client")[0]),
    steps: rest.map((lines) => stepOf(lines, all)),
  };
}

/** `DeviceType DeviceId User-Agent…` */
function clientOf(text: string | undefined): Client | undefined {
  if (text === undefined) return undefined;
  const [, deviceType, deviceId, userAgent] = /^(\S+) (\S+) (\S.*)$/.exec(text) ?? [];
  if (!deviceType || !deviceId || !userAgent) {
    throw new SyntaxError(`Cannot read the client "${text}"`);
  }
  return { deviceType, deviceId, userAgent };
}

/** The head, then each request block with the comments and actions above it; answers are dropped. */
function blocksOf(lines: readonly string[]): string[][] {
  const blocks: string[][] = [[]];
  let answering = false;
  for (const line of lines) {
    if (/^[>~#*] /.test(line)) {
      const asked = blocks.at(-1)!.some((other) => /^[>~] /.test(other));
      if (asked || (blocks.length === 1 && !line.startsWith("# "))) blocks.push([]);
      answering = false;
    }
    if (line.startsWith("< ")) answering = true;
    if (!answering) blocks.at(-1)!.push(line);
  }
  return blocks.map(trimmed);
}

function trimmed(lines: readonly string[]): string[] {
  const text = lines.join("\n").replace(/^\n+|\n+$/g, "");
  return text === "" ? [] : text.split("\n");
}

function rangeOf(text: string): Version[] {
  const [first = "", last = first] = text.trim().split("-");
  const from = versions.indexOf(first as Version);
  const to = versions.indexOf(last as Version);
  if (from === -1 || to === -1) throw new SyntaxError(`Cannot read versions: "${text}"`);
  return versions.slice(from, to + 1);
}

function stepOf(lines: readonly string[], all: readonly Version[]): Step {
  const content = lines.filter((line) => line !== "" && !line.startsWith("# "));
  const start = content.findIndex((line) => /^[>~] /.test(line));
  const [first = "", ...rest] = content.slice(Math.max(start, 0));
  const match = /^([>~]) (\w+|\?[\w+/=]+)(&(?:[^\s{}]|\{[^{}]*\})+)?(?: \(([\d.]+(?:-[\d.]+)?)\))?$/
    .exec(first);
  if (!match) throw new SyntaxError(`Cannot read a request: "${first}"`);
  const [, kind, command = "", more = "", range] = match;
  const isHeader = (line: string) => /^[A-Za-z][\w-]*: /.test(line);
  const body = rest.filter((line) => !isHeader(line) && !line.startsWith("! "));
  return {
    lines,
    silent: kind === "~",
    command,
    more,
    versions: range === undefined ? all : rangeOf(range),
    headers: rest.filter(isHeader).map((line) => {
      const at = line.indexOf(": ");
      return [line.slice(0, at), line.slice(at + 2)] as const;
    }),
    body: bodyOf(body),
    before: marked(content.slice(0, Math.max(start, 0)), "* "),
    meanwhile: marked(rest, "! "),
  };
}

function marked(lines: readonly string[], mark: string): string[] {
  return lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length));
}

function bodyOf(lines: readonly string[]): Element | Uint8Array | undefined {
  const [first] = lines;
  if (first === undefined) return undefined;
  if (first.startsWith("0x")) return unhex(lines.join("").slice(2));
  if (first.startsWith('"')) {
    return new TextEncoder().encode(lines.map((line) => JSON.parse(line)).join(""));
  }
  return parseDocument(lines);
}

/** Reads a document in the form that `show` writes: indented, one element a line. */
export function parseDocument(lines: readonly string[]): Element {
  const [root, end] = elementAt(lines, 0, 0);
  if (end < lines.length) throw new SyntaxError(`Cannot read a document: "${lines[end]}"`);
  return root;
}

function elementAt(lines: readonly string[], at: number, depth: number): [Element, number] {
  const line = lines[at] ?? "";
  const match = /^( *)<([\w]+:[\w]+)(\/)?>(?: (.+))?$/.exec(line);
  if (!match || match[1]!.length !== depth * 2) {
    throw new SyntaxError(`Cannot read a document: "${line}"`);
  }
  const [, , name, empty, value] = match;
  const tag = name as Tag;
  if (value !== undefined) return [new Element(tag, valueOf(value)), at + 1];
  if (empty) return [el(tag), at + 1];
  const children: Element[] = [];
  let next = at + 1;
  while (next < lines.length && /^ */.exec(lines[next]!)![0].length > depth * 2) {
    const [child, end] = elementAt(lines, next, depth + 1);
    children.push(child);
    next = end;
  }
  return [new Element(tag, children), next];
}

// `bytes "…"` stands for the bytes of a text, which nobody could read as hex.
function valueOf(text: string): string | Uint8Array {
  if (text.startsWith("bytes ")) return new TextEncoder().encode(JSON.parse(text.slice(6)));
  return text.startsWith("0x") ? unhex(text.slice(2)) : JSON.parse(text) as string;
}

function unhex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/[0-9a-f]{2}/gi) ?? [], (pair) => parseInt(pair, 16));
}

/** Writes a conversation; `answers` has each step's answer by version, undefined: not played. */
export function render(
  { head, versions: all, steps }: Conversation,
  answers: readonly ReadonlyMap<Version, string>[],
): string {
  const blocks = steps.map((step, index) => {
    const groups = step.silent ? [] : grouped(answers[index]!);
    const same = groups.length === 1 && groups[0]!.versions.length === step.versions.length;
    return [
      step.lines.join("\n"),
      ...groups.map((group) => `< ${same ? "" : `${group.versions.join(" ")}: `}${group.answer}`),
    ].join("\n\n");
  });
  if (all.length === 0) throw new SyntaxError("Cannot write a conversation without versions");
  return `${[head.join("\n"), ...blocks].join("\n\n")}\n`;
}

function grouped(answers: ReadonlyMap<Version, string>) {
  const groups: { versions: Version[]; answer: string }[] = [];
  for (const [version, answer] of answers) {
    const group = groups.find((other) => other.answer === answer);
    if (group) group.versions.push(version);
    else groups.push({ versions: [version], answer });
  }
  return groups;
}
