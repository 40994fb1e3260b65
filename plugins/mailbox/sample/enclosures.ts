// What hangs on the sample messages: a picture, a document, an invitation.
import { Buffer } from "node:buffer";

/** A sunset over the sea: a PNG of 48 × 32 pixels. */
export const sunset: Buffer = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAADAAAAAgCAIAAADbtmxLAAABMElEQVR42s3Ov0tCcRQF8LNHFJGEERGEIEEEIkTw" +
    "oAgShIiHhcXrBw95REVJSIjQEIRDQw4uzs7Ozc3Ozs79G/WFu4g+7XHucuHD5UznHmS9hinIHdRNgXf0YgoKxZop" +
    "8E+eTUFQqpqC6PzRFFQvH0xBI7wzBe/RrSn4vI9MQeepYgq6tdAU9Oo3Gr99f5KmEF+vV7TYNYLuxPdbwJmxRnC1" +
    "6DcvCP+uEUQzBh9lQsJBRDOGrTNCwkFEM37aJULCQUQz1r2INuz4zrTAdWJtL+TI79mBgNXda457KXda4CCdD2jy" +
    "OzbQsJIr09xvuZOB7kRq51RDRsQGDpa3fQ33W+5YoGFp61hJRowGDSxmixoyYixoCrGQKejJGgnKKsxvHirJmtGg" +
    "gbmNfSU3Qq4EpT/dfK5YeGq1cwAAAABJRU5ErkJggg==",
  "base64",
);

/** A PDF of one page that says `text`. */
export function pdf(text: string): Buffer {
  const stream = `BT /F1 24 Tf 72 720 Td (${text.replace(/[()\\]/g, "\\$&")}) Tj ET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R" +
    " /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
  ];
  let file = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const at = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const start = file.length;
  const rows = offsets.map((at) => `${String(at).padStart(10, "0")} 00000 n \n`);
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows.join("")}`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(file, "latin1");
}

/** An invitation for an hour at `start` (milliseconds), from `organizer` to `attendee`. */
export function invitation(
  start: number,
  now: number,
  organizer: string,
  attendee: string,
): string {
  const stamp = (time: number) =>
    new Date(time).toISOString().replace(/[-:]/g, "").replace(/\.\d+/, "");
  return [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Navette//Sample//EN",
    "METHOD:REQUEST",
    "BEGIN:VEVENT",
    "UID:sample-meeting@navette.example",
    `DTSTAMP:${stamp(now)}`,
    `DTSTART:${stamp(start)}`,
    `DTEND:${stamp(start + 3_600_000)}`,
    "SUMMARY:Choir: first rehearsal",
    "LOCATION:Old mill\\, first floor",
    `ORGANIZER;CN=Ida Lindqvist:mailto:${organizer}`,
    `ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${attendee}`,
    "SEQUENCE:0",
    "STATUS:CONFIRMED",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ].join("\r\n");
}
