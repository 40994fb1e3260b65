// Structured logs. Secrets never reach them: see `redact`.
import { pino } from "pino";
import { type Clock, systemClock } from "./clock.ts";
import { redact, redactText } from "./redact.ts";

/** A structured log: an object of fields, then a sentence without a full stop. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log whose lines all carry `fields`. */
  child(fields: object): Log;
}

export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  /** `json`: one object a line. `text`: one line for people. */
  readonly format: "json" | "text";
  /** Takes one whole line, its line end included; must not wait. */
  readonly write: (line: string) => void;
  readonly clock?: Clock;
}

/** A log by pino, written at once: a line that was logged is out even if the process dies. */
export function createLog({ level, format, write, clock = systemClock }: LogOptions): Log {
  const destination = {
    write: format === "json" ? write : (line: string) => write(asText(line)),
  };
  const logger = pino({
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
    // Errors come as plain objects already; pino's own would look into them again.
    serializers: { err: (err) => err },
    formatters: { level: (label) => ({ level: label }) },
  }, destination);
  return wrap(logger);
}

/** A log that says nothing. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

function wrap(logger: pino.Logger): Log {
  return logOf(() => logger, (level) => logger.isLevelEnabled(level));
}

/** `logger` is asked for when there is a line: nearly all logs of single requests never have one. */
function logOf(logger: () => pino.Logger, writes: (level: pino.Level) => boolean): Log {
  const clean = (fields: object) => redact(fields) as object;
  // Looked at first: redacting costs more than a line that is not written.
  const line = (level: keyof Omit<Log, "child">) => (fields: object, message: string) => {
    if (writes(level)) logger()[level](clean(fields), redactText(message));
  };
  return {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    child(fields) {
      let own: pino.Logger | undefined;
      return logOf(() => own ??= logger().child(clean(fields)), writes);
    },
  };
}

/** `12:00:01 warn  [plugin] A sentence  key=value`, and an error's stack below it. */
function asText(line: string): string {
  const { time, level, msg, plugin, err, ...fields } = JSON.parse(line);
  const at = String(time).slice(11, 19);
  const from = plugin ? `[${plugin}] ` : "";
  const rest = Object.entries(fields).map(([key, value]) =>
    `  ${key}=${typeof value === "string" ? quoted(value) : JSON.stringify(value)}`
  ).join("");
  const trouble = err ? `\n${indented(stackOf(err))}` : "";
  return `${at} ${String(level).padEnd(5)} ${from}${msg}${rest}${trouble}\n`;
}

interface Told {
  readonly stack?: string;
  readonly message?: string;
  readonly cause?: Told;
}

function stackOf(err: Told): string {
  const own = err.stack ?? err.message ?? JSON.stringify(err);
  return err.cause ? `${own}\nCaused by: ${stackOf(err.cause)}` : own;
}

function quoted(text: string): string {
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function indented(text: string): string {
  return text.split("\n").map((line) => `    ${line}`).join("\n");
}
