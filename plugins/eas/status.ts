// What a device hears when something is not as it should be.
import type { Version } from "./versions.ts";
import { atLeast } from "./versions.ts";

/** A common status code and the HTTP code that versions up to 12.1 get in its place. MS-ASCMD 2.2.2 */
export class Status extends Error {
  override name = "Status";
  /** 101 to 184, see `codes`. */
  readonly code: number;
  /** Sent instead of a status to devices that do not know common status codes. */
  readonly http: number;
  /** More response headers, for example Retry-After. */
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    code: number,
    message: string,
    options: ErrorOptions & { http?: number; headers?: Record<string, string> } = {},
  ) {
    super(message, options);
    this.code = code;
    this.http = options.http ?? httpOf[code] ?? 500;
    this.headers = options.headers ?? {};
  }
}

// MS-ASCMD 2.2.2: the HTTP codes that the specification prints; 400 for other malformed input, 403
// for bans.
const httpOf: Readonly<Record<number, number>> = {
  101: 400,
  102: 400,
  103: 400,
  104: 400,
  105: 400,
  106: 400,
  107: 400,
  108: 400,
  109: 400,
  110: 500,
  111: 503,
  112: 403,
  113: 507,
  123: 403,
  124: 403,
  125: 403,
  126: 403,
  127: 403,
  128: 403,
  129: 403,
  130: 403,
  131: 403,
  132: 403,
  137: 501,
  138: 400,
  139: 403,
  140: 449,
  141: 449,
  142: 449,
  143: 449,
  144: 449,
  145: 403,
  147: 400,
};

/** Whether a status is told in the answer's document (14.0 and later) or by the HTTP code. */
export function inDocument(version: Version): boolean {
  return atLeast(version, "14.0");
}

/** A refusal by a gate. */
export function refused(code: number, message = "refused"): Status {
  return new Status(code, message);
}
