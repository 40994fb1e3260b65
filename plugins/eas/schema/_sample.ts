// Items and mailboxes for the tests of this folder.
import type { Account } from "../../../core/mod.ts";
import { type Item, type Mail, type Mailbox, type Marks, noMarks } from "../../mailbox/api.ts";
import { Element, Leaf } from "../wbxml/element.ts";

export const ann: Account = {
  id: 1,
  address: "ann@example.org",
  name: "Ann Ames",
  aliases: ["info@example.org"],
  admin: false,
  disabled: false,
};

const plain: Mail = {
  subject: "Lunch",
  from: [{ name: "Ben Bell", address: "ben@example.com" }],
  sender: [],
  replyTo: [],
  to: [{ name: "Ann Ames", address: "ann@example.org" }],
  cc: [],
  bcc: [],
  sent: Date.UTC(2026, 2, 1, 11),
  messageId: "m1@example.com",
  inReplyTo: [],
  references: [],
  thread: "00112233445566778899aabbccddeeff",
  threadTopic: "Lunch",
  importance: "normal",
  contentType: "text/plain",
  contentTypeParameters: {},
  size: 400,
  preview: "At noon?",
  native: "text",
  text: { content: "At noon?\r\n", size: 10, truncated: false },
  html: undefined,
  attachments: [],
};

/** A plain mail with changes. */
export function sample(mail: Partial<Mail> = {}, marks: Partial<Marks> = {}): Item {
  return {
    id: "i1",
    folder: "inbox",
    state: {
      id: "i1",
      date: Date.UTC(2026, 2, 1, 12, 30),
      revision: "r1",
      marks: { ...noMarks, ...marks },
    },
    mail: { ...plain, ...mail },
    problem: undefined,
  };
}

/** An item whose content cannot be shown. */
export const broken: Item = {
  ...sample(),
  mail: undefined,
  problem: "The message ends in its header",
};

/** An HTML mail. */
export function htmlSample(html: string, mail: Partial<Mail> = {}): Item {
  const size = new TextEncoder().encode(html).length;
  const content = { content: html, size, truncated: false };
  return sample({ native: "html", text: undefined, html: content, ...mail });
}

/** A mailbox that only knows the bytes of whole messages. */
export function holding(bytes: string | Uint8Array, piece = 1000): Mailbox {
  const raw = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  async function* pieces() {
    for (let at = 0; at < raw.length; at += piece) yield raw.subarray(at, at + piece);
  }
  return {
    part: () =>
      Promise.resolve({
        type: "message/rfc822",
        name: "",
        size: raw.length,
        bytes: pieces(),
      }),
  } as unknown as Mailbox;
}

/** An element as a line of text, for comparing: `Body(Type=1 Data=At noon?)`. */
export function shown(element: Element): string {
  const name = element.tag.slice(element.tag.indexOf(":") + 1);
  if (element.value === undefined) return name;
  if (element.value instanceof Leaf) return `${name}=<stream>`;
  if (element.value instanceof Uint8Array) {
    return `${name}=#${[...element.value].map((b) => b.toString(16).padStart(2, "0")).join("")}`;
  }
  if (element.children.length === 0) return `${name}=${element.text}`;
  return `${name}(${element.children.map(shown).join(" ")})`;
}

/** All that a stream of text brings. */
export async function collect(pieces: AsyncIterable<string | Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of pieces) {
    text += typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
  }
  return text;
}
