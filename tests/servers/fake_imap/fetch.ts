// What FETCH answers about one message.
import type { FakeMessage } from "./mailbox.ts";
import { bodyStructure, envelope, readPart, section } from "./structure.ts";
import { written } from "./words.ts";

const macros: Readonly<Record<string, readonly string[]>> = {
  FAST: ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
  ALL: ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"],
  FULL: ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"],
};

/** The items of an answer, with the UID and the MODSEQ where they are due. */
export function fetchItems(
  message: FakeMessage,
  asked: readonly string[],
  uid: boolean,
  modseq: boolean,
): string {
  const items = asked.flatMap((item) => macros[item.toUpperCase()] ?? [item]);
  const named = new Set(items.map((item) => item.toUpperCase()));
  if (uid && !named.has("UID")) items.unshift("UID");
  if (modseq && !named.has("MODSEQ")) items.push("MODSEQ");
  return items.map((item) => told(message, item)).join(" ");
}

function told(message: FakeMessage, item: string): string {
  const { raw } = message;
  const name = item.toUpperCase();
  switch (name) {
    case "UID":
      return `UID ${message.uid}`;
    case "FLAGS":
      return `FLAGS (${[...message.flags].join(" ")})`;
    case "INTERNALDATE":
      return `INTERNALDATE "${internalDate(message.date)}"`;
    case "RFC822.SIZE":
      return `RFC822.SIZE ${raw.length}`;
    case "MODSEQ":
      return `MODSEQ (${message.modseq})`;
    case "ENVELOPE":
      return `ENVELOPE ${envelope(readPart(raw).header)}`;
    case "BODY":
    case "BODYSTRUCTURE":
      return `${name} ${bodyStructure(readPart(raw), name !== "BODY")}`;
    case "RFC822":
      return `RFC822 ${literal(raw)}`;
    case "RFC822.HEADER":
      return `RFC822.HEADER ${literal(section(readPart(raw), "HEADER"))}`;
    case "RFC822.TEXT":
      return `RFC822.TEXT ${literal(section(readPart(raw), "TEXT"))}`;
    default:
      return body(raw, item);
  }
}

function body(raw: string, item: string): string {
  const [, what, from, count] = /^BODY(?:\.PEEK)?\[([^\]]*)\](?:<(\d+)\.(\d+)>)?$/i.exec(item) ??
    [];
  if (what === undefined) throw new Error(`Cannot fetch ${item}`);
  const text = section(readPart(raw), what);
  if (from === undefined) return `BODY[${what}] ${literal(text)}`;
  const part = text?.slice(Number(from), Number(from) + Number(count));
  return `BODY[${what}]<${from}> ${literal(part)}`;
}

const literal = (text: string | undefined): string =>
  text === undefined ? written(undefined) : `{${text.length}}\r\n${text}`;

/** `17-Jul-1996 02:44:25 +0000` */
function internalDate(date: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date.toUTCString())!;
  return `${day}-${month}-${year} ${time} +0000`;
}
