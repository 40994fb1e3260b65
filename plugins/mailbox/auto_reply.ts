// What a mailbox answers by itself: how it begins, how it is changed, when it holds. No I/O.
import { type AutoReply, type AutoReplyChange, Refused, type ReplyText } from "./api.ts";

/** The longest text, in characters: a note, not a newsletter. */
export const longestReply = 64 * 1024;

const silent: ReplyText = { enabled: false, content: "", format: "text" };

/** A mailbox whose owner never said anything. */
export const noAutoReply: AutoReply = {
  state: "off",
  start: undefined,
  end: undefined,
  replies: { internal: silent, known: silent, unknown: silent },
  revision: 0,
};

/** The settings after a change. Setting what is there already is no change. Throws {@link Refused}. */
export function changedReply(before: AutoReply, change: AutoReplyChange): AutoReply {
  const { internal, known, unknown } = before.replies;
  const after: AutoReply = {
    ...before,
    ...change.state,
    replies: {
      internal: { ...internal, ...change.replies?.internal },
      known: { ...known, ...change.replies?.known },
      unknown: { ...unknown, ...change.replies?.unknown },
    },
  };
  if (Object.values(after.replies).some(({ content }) => content.length > longestReply)) {
    throw new Refused("tooLarge", `Cannot keep the reply: more than ${longestReply} characters`);
  }
  const same = JSON.stringify(after) === JSON.stringify(before);
  return same ? before : { ...after, revision: before.revision + 1 };
}

/** Whether the owner is away at that moment. */
export function isAway({ state, start, end }: AutoReply, now: number): boolean {
  if (state !== "timed") return state === "on";
  return now >= (start ?? -Infinity) && now < (end ?? Infinity);
}
