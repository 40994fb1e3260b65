// What is known of a message by its header and structure, for searches: no byte of its text is asked for.
import { type MailFacts, type Part, readPart, readWanted } from "../../../mime/mod.ts";
import type { Told } from "../connections/fetch_answers.ts";
import { fieldsOf, peekFields } from "../reading/fetch.ts";
import { readEnvelope } from "../../../mime/envelope.ts";
import type { Needs } from "./judge.ts";
import { atom, type Word } from "../connections/raw.ts";
import { readStructure, shownFields } from "../reading/structure.ts";

const HEADER_LIMIT = 64 * 1024;

/** What to ask of messages that are judged. */
export function headerItems({ header, structure }: Needs): readonly Word[] {
  return [
    atom("UID"),
    atom("INTERNALDATE"),
    atom("FLAGS"),
    ...(structure ? [atom("BODYSTRUCTURE"), atom("RFC822.SIZE")] : []),
    ...(header ? [peekFields(shownFields, HEADER_LIMIT)] : []),
  ];
}

/** With attachments. */
export async function structureFacts(told: Told): Promise<MailFacts> {
  const size = told.size ?? 0;
  const root = told.structure
    ? readStructure(told.structure, fieldsOf(told), size)
    : readPart(fieldsOf(told), 0, "");
  return await factsOf(root, size);
}

async function factsOf(root: Part, size: number): Promise<MailFacts> {
  const none = () => Promise.resolve(new Uint8Array(0));
  return (await readWanted(root, size, { preview: false }, none)).facts;
}

/** Without attachments: nothing is known of them. */
export function headerFacts(told: Told): MailFacts {
  const part = readPart(fieldsOf(told), 0, "");
  return {
    ...readEnvelope(part.header),
    threadTopic: "",
    contentType: part.type,
    contentTypeParameters: {},
    size: 0,
    preview: "",
    native: "text",
    attachments: [],
  };
}
