// Which bytes of a message are needed for what is wanted of it, and the bytes that have come.
import {
  asHtmlBytes,
  type BodyPlaces,
  leaves,
  meetingPart,
  type Part,
  type Plan,
  previewSteps,
  type ReadBytes,
  sparing,
} from "../../../mime/mod.ts";
import type { Want } from "../../../model.ts";
import type { Stretch } from "./fetch.ts";
import { sectionOf } from "./structure.ts";

/** RFC 3501: a number has 32 bits. Asked for more than it can count, Dovecot brings nothing. */
const LARGEST = 2 ** 30;

/**
 * What is needed at first, one stretch for each part, from its beginning. A text that turns out to
 * need more bytes asks for them when it is read: see {@link Bytes}.
 */
export function firstStretches(root: Part, want: Want, { bodies, limits }: Plan): Stretch[] {
  const needed = new Map<number, number>();
  for (const [form, limit] of limits) need(bodies, form, limit, needed);
  if (want.preview !== false) {
    const form = bodies.some(({ text }) => text.length > 0) ? "text" : "html";
    need(bodies, form, previewSteps[form][0], needed);
  }
  const meeting = meetingPart(root);
  if (meeting) needed.set(meeting.start, meeting.end - meeting.start);
  return leaves(root).flatMap((part) => {
    const wanted = needed.get(part.start);
    if (wanted === undefined || part.end === part.start) return [];
    return [{ section: sectionOf(root, part), from: 0, to: wanted }];
  });
}

/** The texts follow each other until there is enough. */
function need(
  bodies: readonly BodyPlaces[],
  form: "text" | "html",
  limit: number,
  needed: Map<number, number>,
): void {
  const most = sparing({ kind: form, start: 0, end: 0, encoding: "base64" }, limit);
  let room = limit;
  for (const body of bodies) {
    const own = body[form].length > 0;
    for (const place of own ? body[form] : body[form === "text" ? "html" : "text"]) {
      const length = place.end - place.start;
      const bytes = own || form === "html" ? room : asHtmlBytes(room);
      // Short parts are asked for alike, whatever their encoding: one command brings them all.
      const wanted = Math.min(length <= most ? most : sparing(place, bytes), LARGEST);
      needed.set(place.start, Math.max(wanted, needed.get(place.start) ?? 0));
      room = Math.max(0, room - length);
    }
  }
}

/** Bytes that are needed and have not come. */
export class Missing extends Error {
  override name = "Missing";
  readonly stretch: Stretch;
  constructor(stretch: Stretch) {
    super(`Cannot read on: ${stretch.section} up to ${stretch.to} is not there`);
    this.stretch = stretch;
  }
}

/** As much of a part as has come. */
interface Beginning {
  readonly bytes: Uint8Array;
  /** It has no more bytes, whatever the server says elsewhere. */
  readonly whole: boolean;
}

const nothing = new Uint8Array(0);
const unread: Beginning = { bytes: nothing, whole: false };

/** The beginnings of a message's parts, as far as they have come. */
export class Bytes {
  readonly #parts = new Map<string, Beginning>();

  /** Takes what came for a stretch; nothing: the server has no such part. */
  add({ section, from, to }: Stretch, more: Uint8Array = nothing): void {
    const { bytes } = this.#parts.get(section) ?? unread;
    if (from !== bytes.length) return;
    const whole = more.length < to - from;
    this.#parts.set(section, { bytes: from > 0 ? Buffer.concat([bytes, more]) : more, whole });
  }

  /** What `mime` reads with; throws {@link Missing} for what has not come. */
  reader(root: Part): ReadBytes {
    const parts = leaves(root);
    return async (start, end) => {
      const part = parts.find((one) => one.start === start && one.end > start);
      if (!part || end <= start) return nothing;
      const section = sectionOf(root, part);
      const { bytes, whole } = this.#parts.get(section) ?? unread;
      if (bytes.length < end - start && !whole) {
        throw new Missing({ section, from: bytes.length, to: end - start });
      }
      return bytes.subarray(0, end - start);
    };
  }
}
