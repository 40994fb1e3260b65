// Dates on the wire: the extended and the compact form of MS-ASDTYPE, and a lenient reader of both.

/** The extended form, always with milliseconds: `2010-04-08T18:16:00.000Z`. */
// MS-ASDTYPE 2.3
export function extended(time: number): string {
  return new Date(time).toISOString();
}

/** The compact form, whole seconds: `20100408T181600Z`. */
// MS-ASDTYPE 2.7.2
export function compact(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
}

const form =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * Reads either form, with or without seconds, milliseconds or zone (none is UTC), and a bare date.
 * Milliseconds since the epoch; undefined where the text is no such date.
 */
export function parseDate(text: string): number | undefined {
  const parts = form.exec(text.trim());
  if (!parts) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0", zone] = parts;
  const date = [year, month, day].map(Number) as [number, number, number];
  const time = [hour, minute, second].map(Number) as [number, number, number];
  if (time[0] > 24 || time[1] > 59 || time[2] > 60) return undefined;
  const millis = Math.floor(Number(`0.${fraction}`) * 1000);
  const midnight = Date.UTC(date[0], date[1] - 1, date[2]);
  // Date.UTC rolls over what does not exist: 30 February would come back as 2 March.
  const real = new Date(midnight);
  if (real.getUTCDate() !== date[2] || real.getUTCMonth() !== date[1] - 1) return undefined;
  return midnight + ((time[0] * 60 + time[1]) * 60 + time[2]) * 1000 + millis - offset(zone);
}

function offset(zone: string | undefined): number {
  if (!zone || zone.toUpperCase() === "Z") return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone[0] === "-" ? -minutes : minutes) * 60_000;
}
