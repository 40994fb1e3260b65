// What a row of a code page says.

/** A token of a code page. */
export interface Token {
  /** 0x05 to 0x3f. */
  readonly token: number;
  /** First and last protocol version that has it; absent: all of 2.5 to 16.1. */
  readonly versions?: string;
  /** The content is a byte array and must be sent as OPAQUE. */
  readonly opaque?: true;
}

export interface CodePage<N extends string = string, K extends string = string> {
  readonly number: number;
  readonly name: N;
  readonly tags: Readonly<Record<K, Token>>;
}

/** Declares a code page; keeps its names as types. */
export function page<N extends string, K extends string>(
  number: number,
  name: N,
  tags: Record<K, Token>,
): CodePage<N, K> {
  return { number, name, tags };
}
