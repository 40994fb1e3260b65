// Answers in several parts: a document and raw bytes. MS-ASCMD 2.2.1.10.1.1

/**
 * The parts of a body of type application/vnd.ms-sync.multipart, as views into it. Throws
 * SyntaxError where the table does not fit the body.
 */
export function splitMultipart(body: Uint8Array): Uint8Array[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length < 4) throw wrong("the table is cut off");
  const count = view.getUint32(0, true);
  if (4 + 8 * count > body.length) throw wrong("the table is cut off");
  return Array.from({ length: count }, (_, index) => {
    const start = view.getUint32(4 + 8 * index, true);
    const length = view.getUint32(8 + 8 * index, true);
    if (start < 4 + 8 * count || start + length > body.length) {
      throw wrong(`part ${index} lies outside of the body`);
    }
    return body.subarray(start, start + length);
  });
}

function wrong(problem: string): SyntaxError {
  return new SyntaxError(`Cannot read the multipart answer: ${problem}`);
}
