// Cuts the bytes of an IMAP connection, in either direction, where its lines and literals end.

/** A piece of the stream; all pieces one after the other are the stream. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Where the piece ends a line: the line without its end, and does it begin a command or answer? */
  readonly line?: { readonly text: string; readonly first: boolean };
}

/** Remembers where in a line or literal the stream is. */
export class Lines {
  #held: Uint8Array[] = [];
  /** Bytes of the literal that are still to come. */
  #literal = 0;
  #first = true;

  /** The pieces that are complete with `chunk`. Bytes of a line that has not ended are held back. */
  feed(chunk: Uint8Array): Piece[] {
    const pieces: Piece[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#literal > 0) {
        const end = Math.min(chunk.length, at + this.#literal);
        this.#literal -= end - at;
        pieces.push({ bytes: chunk.subarray(at, end) });
        at = end;
        continue;
      }
      const end = chunk.indexOf(10, at) + 1;
      this.#held.push(chunk.subarray(at, end || chunk.length));
      if (end === 0) break;
      pieces.push(this.#endLine());
      at = end;
    }
    return pieces;
  }

  /** What was held back; after this the stream is over or no longer IMAP. */
  rest(): Uint8Array {
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    return bytes;
  }

  #endLine(): Piece {
    const bytes = this.rest();
    const text = Buffer.from(bytes).toString("latin1").replace(/\r?\n$/, "");
    const first = this.#first;
    const literal = /\{(\d+)\+?\}$/.exec(text);
    this.#literal = literal ? Number(literal[1]) : 0;
    this.#first = !literal;
    return { bytes, line: { text, first } };
  }
}
