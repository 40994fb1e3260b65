// When a message arrived, as IMAP writes it: RFC 9051 section 9, date-time.
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const monthOf = new Map(months.map((name, month) => [name.toLowerCase(), month]));

/** Milliseconds of an INTERNALDATE; 0 where it is none. */
export function parseInternalDate(text: string): number {
  const found = /^ ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(
    text.trim(),
  );
  if (!found) return 0;
  const [, day, name, year, hour, minute, second, sign, hours, minutes] = found;
  const month = monthOf.get(name!.toLowerCase());
  if (month === undefined) return 0;
  const zone = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  const local = Date.UTC(
    Number(year),
    month,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return local - zone * 60_000;
}

/** A time (milliseconds) as an INTERNALDATE, in whole seconds of UTC. */
export function internalDate(time: number): string {
  const date = new Date(Math.max(0, time));
  const day = String(date.getUTCDate()).padStart(2, " ");
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `${day}-${months[date.getUTCMonth()]}-${year} ${date.toISOString().slice(11, 19)} +0000`;
}
