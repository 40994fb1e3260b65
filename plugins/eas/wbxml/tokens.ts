// The code pages as tables to look up by number and by name, and the global tokens.
import { pages, type Tag } from "./pages/mod.ts";

/** The only header that EAS uses: version 1.3, public id 1, UTF-8, empty string table. MS-ASWBXML 2.1.1 */
export const header: readonly number[] = [0x03, 0x01, 0x6a, 0x00];

// The global tokens that EAS uses. Tokens 0x05 to 0x3f are tags; two bits say what follows a tag.
export const SWITCH_PAGE = 0x00;
export const END = 0x01;
export const STR_I = 0x03;
export const OPAQUE = 0xc3;
export const CONTENT = 0x40;
export const ATTRIBUTES = 0x80;
/** Below it, with or without the two bits, lie global tokens. */
export const FIRST_TAG = 0x05;

/** How many code pages there are: a larger page number is unknown. */
export const pageCount = pages.length;

/** Tags by `page << 6 | token`; undefined where the page has no such token. */
export const tagOf: readonly (Tag | undefined)[] = tagsByCode();

/** What the encoder needs of a tag: `page << 6 | token`, and whether its content is OPAQUE. */
export interface Code {
  readonly page: number;
  readonly token: number;
  readonly opaque: boolean;
}

/** Codes by tag. */
export const codeOf: ReadonlyMap<string, Code> = codesByTag();

function* rows(): Generator<[tag: Tag, code: Code]> {
  for (const { number, name, tags } of pages) {
    for (const [local, { token, opaque }] of Object.entries(tags)) {
      yield [`${name}:${local}` as Tag, { page: number, token, opaque: opaque ?? false }];
    }
  }
}

function tagsByCode(): (Tag | undefined)[] {
  const table = new Array<Tag | undefined>(pages.length << 6).fill(undefined);
  for (const [tag, { page, token }] of rows()) table[(page << 6) | token] = tag;
  return table;
}

function codesByTag(): Map<string, Code> {
  return new Map(rows());
}

/** A document that cannot be read; `offset` is the byte where that was noticed. */
export class WbxmlError extends SyntaxError {
  override name = "WbxmlError";
  readonly offset: number;
  constructor(problem: string, offset: number) {
    super(`Cannot decode WBXML: ${problem} at byte ${offset}`);
    this.offset = offset;
  }
}
