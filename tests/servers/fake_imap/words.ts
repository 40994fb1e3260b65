// The words of an IMAP command: atoms and strings, and lists of them (RFC 3501 section 9).

/** A word, or a list in parentheses. */
export type Word = string | Word[];

/**
 * Reads the words of a command whose literals were put in as quoted strings. Throws where the
 * syntax is wrong.
 */
export function readWords(text: string): Word[] {
  const stack: Word[][] = [[]];
  for (let at = 0; at < text.length;) {
    const character = text[at]!;
    if (character === " ") at++;
    else if (character === "(") {
      stack.push([]);
      at++;
    } else if (character === ")") {
      const list = stack.pop()!;
      if (stack.length === 0) throw new Error("Cannot read: a parenthesis too many");
      stack.at(-1)!.push(list);
      at++;
    } else {
      const [word, end] = character === '"' ? readQuoted(text, at) : readAtom(text, at);
      stack.at(-1)!.push(word);
      at = end;
    }
  }
  if (stack.length > 1) throw new Error("Cannot read: a parenthesis is open");
  return stack[0]!;
}

function readQuoted(text: string, start: number): [string, number] {
  let word = "";
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return [word, at + 1];
    if (text[at] === "\\") at++;
    word += text[at] ?? "";
  }
  throw new Error("Cannot read: a quoted string does not end");
}

/** An atom; what stands in brackets belongs to it, with its spaces: `BODY[HEADER.FIELDS (TO)]<0.9>` */
function readAtom(text: string, start: number): [string, number] {
  const [word] = /^(?:\[[^\]]*\]|[^\s()"[])+/.exec(text.slice(start)) ?? [];
  if (!word) throw new Error(`Cannot read: ${text.slice(start, start + 20)}`);
  return [word, start + word.length];
}

/** A string as the server writes it: quoted where it can be, else a literal; NIL for undefined. */
export function written(value: string | undefined): string {
  if (value === undefined) return "NIL";
  if (/^[\x20-\x7e]*$/.test(value)) return `"${value.replace(/["\\]/g, "\\$&")}"`;
  return `{${value.length}}\r\n${value}`;
}

/** The numbers of a set such as `1:3,7,9:*` that are in `all` (ascending). */
export function inSet(set: string, all: readonly number[]): number[] {
  const last = all.at(-1) ?? 0;
  const ranges = set.split(",").map((part) => {
    const ends = part.split(":").map((end) => end === "*" ? last : Number(end));
    if (!ends.every((end) => Number.isInteger(end))) throw new Error(`Cannot read: ${part}`);
    return [Math.min(...ends), Math.max(...ends)] as const;
  });
  return all.filter((number) => ranges.some(([from, to]) => number >= from && number <= to));
}
