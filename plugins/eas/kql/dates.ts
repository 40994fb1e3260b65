// Times in what people search for: a date, a range of dates, `yesterday`, `"last month"`. All in UTC.
import type { TimeRange } from "../../mailbox/api.ts";
import { parseDate } from "../schema/dates.ts";

const day = 86_400_000;

/** A stretch of time as a date or a word names it. */
interface Span {
  readonly since: number;
  readonly until: number;
}

/**
 * What a property's value says of a time, by the sign between them; undefined where it is no time.
 * The device's time zone is unknown: days are those of UTC, weeks begin on Monday.
 */
export function timeRange(sign: string, value: string, now: number): TimeRange | undefined {
  const [first = "", last] = value.split("..").map((text) => text.trim());
  if (last !== undefined) {
    const from = first === "" ? undefined : spanOf(first, now);
    const to = last === "" ? undefined : spanOf(last, now);
    if ((first && !from) || (last && !to) || (!from && !to)) return undefined;
    return { ...(from && { since: from.since }), ...(to && { until: to.until }) };
  }
  const span = spanOf(first, now);
  if (!span) return undefined;
  switch (sign) {
    case ">":
      return { since: span.until };
    case ">=":
      return { since: span.since };
    case "<":
      return { until: span.since };
    case "<=":
      return { until: span.until };
    default:
      return span;
  }
}

function spanOf(text: string, now: number): Span | undefined {
  return named(text.toLowerCase().replace(/[\s_-]+/g, " "), now) ?? dated(text);
}

function dated(text: string): Span | undefined {
  // As in the United States with slashes, as in most of Europe with dots.
  const slashes = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text);
  const dots = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text);
  const [, year, month, date] = slashes
    ? ["", slashes[3], slashes[1], slashes[2]]
    : dots
    ? ["", dots[3], dots[2], dots[1]]
    : /^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2}))?$/.exec(text) ?? [];
  if (!year || !month) {
    const at = parseDate(text);
    if (at === undefined) return undefined;
    return { since: at, until: at + (text.includes("T") || text.includes("t") ? 1000 : day) };
  }
  const since = parseDate(`${year}-${month.padStart(2, "0")}-${(date ?? "1").padStart(2, "0")}`);
  if (since === undefined) return undefined;
  return date ? { since, until: since + day } : monthOf(since, 0);
}

/** The words of KQL, and their like. */
function named(text: string, now: number): Span | undefined {
  const today = Math.floor(now / day) * day;
  const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * day;
  switch (text) {
    case "today":
      return { since: today, until: today + day };
    case "yesterday":
      return { since: today - day, until: today };
    case "this week":
      return { since: monday, until: monday + 7 * day };
    case "last week":
      return { since: monday - 7 * day, until: monday };
    case "this month":
      return monthOf(now, 0);
    case "last month":
      return monthOf(now, -1);
    case "this year":
      return yearOf(now, 0);
    case "last year":
      return yearOf(now, -1);
  }
  return undefined;
}

function monthOf(at: number, offset: number): Span {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + offset];
  return { since: Date.UTC(year, month, 1), until: Date.UTC(year, month + 1, 1) };
}

function yearOf(at: number, offset: number): Span {
  const year = new Date(at).getUTCFullYear() + offset;
  return { since: Date.UTC(year, 0, 1), until: Date.UTC(year + 1, 0, 1) };
}
