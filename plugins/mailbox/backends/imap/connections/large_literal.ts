// Commands that end in a literal too large to be handed over at once: a message that is stored.
import type { Writable } from "node:stream";
import type { ImapFlow } from "imapflow";
import { type Answer, inside, type Token } from "./raw.ts";

/** Bytes that end a command, larger than one would like to hand over at once. */
export interface LargeLiteral {
  readonly size: number;
  readonly pieces: readonly Uint8Array[];
  /** What NUL bytes have to be sent in (RFC 3516). */
  readonly isLiteral8: boolean;
}

/**
 * As {@link command}, with a literal at its end that is sent as fast as the server takes it. The
 * library would hand all of it to the socket, and count it as sent then.
 */
export async function commandWithLiteral(
  client: ImapFlow,
  name: string,
  words: readonly Token[],
  { size, pieces, isLiteral8 }: LargeLiteral,
): Promise<Answer> {
  const announced = { type: "TEXT", value: `${isLiteral8 ? "~" : ""}{${size}}` };
  let asked = false;
  const onPlusTag = async () => {
    if (asked) return;
    asked = true;
    // Half a literal: what follows would be taken for the rest of it.
    await sendPieces(client, pieces).catch(() => client.close());
  };
  const { response, next } = await inside(client).exec(name, [...words, announced], {
    untagged: {},
    onPlusTag,
  });
  next();
  return response;
}

/** Bytes of one write: what is held in memory twice. */
const pieceAtOnce = 1 << 16;

async function sendPieces(client: ImapFlow, pieces: readonly Uint8Array[]): Promise<void> {
  const line = inside(client);
  const { writeSocket: socket } = line;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += pieceAtOnce) {
      const part = piece.subarray(at, at + pieceAtOnce);
      const room = socket.write(part);
      line.writeBytesCounter += part.length;
      if (!room) await drained(socket);
    }
  }
  socket.write("\r\n");
}

async function drained(socket: Writable): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const closed = () => reject(new Error("Cannot send: the connection is closed"));
  socket.once("drain", resolve).once("close", closed);
  try {
    if (socket.destroyed) closed();
    await promise;
  } finally {
    socket.off("drain", resolve).off("close", closed);
  }
}
