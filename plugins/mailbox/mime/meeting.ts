// What a message says of a meeting (RFC 6047): which of its parts, and what it is meant to do.
import ICAL from "ical.js";
import type { Meeting } from "../model.ts";
import { decodeText } from "./charset.ts";
import type { Part } from "./part.ts";
import { leaves } from "./structure.ts";
import type { ReadBytes } from "./text.ts";
import { decodeTransfer } from "./transfer.ts";

/** Encoded bytes; a longer part is left alone: no program writes such an invitation. */
const LIMIT = 512 * 1024;

const answers = { ACCEPTED: "accepted", DECLINED: "declined", TENTATIVE: "tentative" } as const;

/** Reads a part that is a scheduling message, see {@link meetingPart}; undefined: it is broken. */
export async function readMeeting(part: Part, read: ReadBytes): Promise<Meeting | undefined> {
  const bytes = decodeTransfer(part.encoding, await read(part.start, part.end));
  return meetingIn(decodeText(bytes, part.params["charset"] ?? "utf-8"), part.number);
}

/** The first part that is a scheduling message: it says what the mail is about. */
export function meetingPart(root: Part): Part | undefined {
  return leaves(root).find(({ type, params, start, end }) =>
    type === "text/calendar" && params["method"] && end - start <= LIMIT
  );
}

function meetingIn(text: string, part: string): Meeting | undefined {
  try {
    const calendar = new ICAL.Component(ICAL.parse(text));
    const method = String(calendar.getFirstPropertyValue("method") ?? "").toLowerCase();
    const meeting = calendar.getFirstSubcomponent("vevent");
    if (!meeting || !/^[a-z]{1,20}$/.test(method)) return undefined;
    // In an answer there is one attendee: who answers.
    const status = meeting.getFirstProperty("attendee")?.getFirstParameter("partstat");
    const answer = answers[status?.toUpperCase() as keyof typeof answers];
    return { part, method, ...(method === "reply" && answer && { answer }) };
  } catch {
    return undefined;
  }
}
