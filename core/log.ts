// Structured logs. Secrets never reach them: see `redact`.

/** A structured log: an object of fields, then a sentence without a full stop. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log whose lines all carry `fields`. */
  child(fields: object): Log;
}
