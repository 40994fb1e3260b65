// Settings/Oof: what is told to those who write while the user is away. The mailbox acts on it.
import {
  type Audience,
  type AutoReply,
  type AutoReplyChange,
  type Mailbox,
  Refused,
  type Replies,
  type ReplyText,
} from "../../../mailbox/api.ts";
import { type EasCall, el, type Element, type Tag } from "../../api.ts";
import { toHtml, toText } from "../../schema/convert.ts";
import { extended, parseDate } from "../../schema/dates.ts";
import { clean, cleanLines } from "../../schema/text.ts";

// MS-ASCMD 2.2.3.177.15
const ok = 1, protocolError = 2, accessDenied = 3, invalidArguments = 5, conflicting = 6;

type Format = ReplyText["format"];

/** What a request asks for; `wrong`: its status without any work. */
export type OofRequest =
  | { readonly get: Format }
  | { readonly set: AutoReplyChange; readonly keepsTimes: boolean }
  | { readonly wrong: number };

/** What is answered: a status, and what Get found. */
export interface OofAnswer {
  readonly status: number;
  readonly found?: { readonly settings: AutoReply; readonly format: Format };
}

const audiences: readonly (readonly [Audience, Tag])[] = [
  ["internal", "Settings:AppliesToInternal"],
  ["known", "Settings:AppliesToExternalKnown"],
  ["unknown", "Settings:AppliesToExternalUnknown"],
];
const states = ["off", "on", "timed"] as const;

/** Something in the request that ends it with a status. */
class Wrong extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`Cannot read Oof: status ${status}`);
    this.status = status;
  }
}

/** Reads the element. `strict`: the letter of the specification where phones are careless. */
// MS-ASCMD 2.2.3.122
export function readOof(oof: Element, strict: boolean): OofRequest {
  const get = oof.child("Settings:Get");
  const set = oof.child("Settings:Set");
  try {
    if (get && !set) return { get: formatOf(get, strict) };
    if (!set || get) return { wrong: protocolError };
    const state = readState(set);
    const replies = readReplies(set, strict);
    const keepsTimes = state?.state === "timed" && state.start === undefined;
    return { set: { ...(state && { state }), ...(replies && { replies }) }, keepsTimes };
  } catch (error) {
    if (error instanceof Wrong) return { wrong: error.status };
    throw error;
  }
}

// MS-ASCMD 2.2.3.17
function formatOf(element: Element, strict: boolean): Format {
  const text = element.textOf("Settings:BodyType")?.trim().toLowerCase();
  if (text === undefined && !strict) return "text";
  if (text !== "text" && text !== "html") throw new Wrong(protocolError);
  return text;
}

/** The times count in the timed state alone. MS-ASCMD 2.2.3.124, 2.2.3.176.2 */
function readState(set: Element): AutoReplyChange["state"] {
  const [start, end] = (["Settings:StartTime", "Settings:EndTime"] as const).map((tag) => {
    const text = set.textOf(tag);
    const time = text === undefined ? undefined : parseDate(text);
    if (text !== undefined && time === undefined) throw new Wrong(protocolError);
    return time;
  });
  if ((start === undefined) !== (end === undefined)) throw new Wrong(protocolError);
  const text = set.textOf("Settings:OofState")?.trim();
  if (text === undefined) return undefined;
  const state = /^[012]$/.test(text) ? states[Number(text)]! : undefined;
  if (!state) throw new Wrong(protocolError);
  if (state !== "timed") return { state, start: undefined, end: undefined };
  if (start !== undefined && end !== undefined && end <= start) throw new Wrong(invalidArguments);
  return { state, start, end };
}

/** One message for each audience at most. MS-ASCMD 2.2.3.123 */
function readReplies(set: Element, strict: boolean): AutoReplyChange["replies"] {
  const messages = set.all("Settings:OofMessage");
  if (messages.length === 0) return undefined;
  const replies: Partial<Record<Audience, Partial<ReplyText>>> = {};
  for (const message of messages) {
    const [audience, another] = audiences.filter(([, tag]) => message.child(tag));
    if (!audience) throw new Wrong(protocolError);
    if (another || replies[audience[0]]) throw new Wrong(conflicting);
    replies[audience[0]] = readMessage(message, strict);
  }
  return replies;
}

function readMessage(message: Element, strict: boolean): Partial<ReplyText> {
  const enabled = message.textOf("Settings:Enabled")?.trim();
  if (enabled !== undefined && !/^[01]?$/.test(enabled)) throw new Wrong(protocolError);
  const content = message.textOf("Settings:ReplyMessage");
  return {
    // An empty boolean is true. MS-ASDTYPE 2.1
    ...(enabled !== undefined && { enabled: enabled !== "0" }),
    ...(content !== undefined && { content: clean(content), format: formatOf(message, strict) }),
  };
}

/** Does what is asked. Throws what the mailbox throws, except for refusals. */
export async function runOof(request: OofRequest, call: EasCall): Promise<OofAnswer> {
  if ("wrong" in request) return { status: request.wrong };
  const mailbox: Mailbox & Partial<Replies> = call.mailbox;
  if (!mailbox.autoReply || !mailbox.setAutoReply) return { status: accessDenied };
  if ("get" in request) {
    return { status: ok, found: { settings: await mailbox.autoReply(), format: request.get } };
  }
  const change = await withTimes(request, mailbox as Mailbox & Replies);
  if (!change) return { status: invalidArguments };
  try {
    await mailbox.setAutoReply(change);
    return { status: ok };
  } catch (error) {
    if (error instanceof Refused) return { status: invalidArguments };
    throw error;
  }
}

/** The timed state switched on without times means those of before; undefined: there are none. */
async function withTimes(
  { set, keepsTimes }: Extract<OofRequest, { set: unknown }>,
  mailbox: Replies,
): Promise<AutoReplyChange | undefined> {
  if (!keepsTimes) return set;
  const { start, end } = await mailbox.autoReply();
  return start === undefined ? undefined : { ...set, state: { state: "timed", start, end } };
}

/** The answer's parts: one message for each audience, also for one that is told nothing. */
export function writeOof({ status, found }: OofAnswer): Element {
  const code = el("Settings:Status", status);
  if (!found) return el("Settings:Oof", code);
  const { settings, format } = found;
  const { state, start, end, replies } = settings;
  const timed = state === "timed" && start !== undefined && end !== undefined;
  return el(
    "Settings:Oof",
    code,
    el(
      "Settings:Get",
      el("Settings:OofState", states.indexOf(state)),
      timed && el("Settings:StartTime", extended(start)),
      timed && el("Settings:EndTime", extended(end)),
      ...audiences.map(([audience, tag]) => writeMessage(tag, replies[audience], format)),
    ),
  );
}

function writeMessage(audience: Tag, reply: ReplyText, format: Format): Element {
  const content = inFormat(reply, format);
  return el(
    "Settings:OofMessage",
    el(audience),
    el("Settings:Enabled", reply.enabled),
    ...(content === ""
      ? []
      : [el("Settings:ReplyMessage", content), el("Settings:BodyType", names[format])]),
  );
}

const names: Readonly<Record<Format, string>> = { text: "Text", html: "HTML" };

function inFormat({ content, format }: ReplyText, wanted: Format): string {
  if (content === "" || format === wanted) return cleanLines(content);
  return cleanLines(wanted === "text" ? toText(content) : toHtml(cleanLines(content)));
}
