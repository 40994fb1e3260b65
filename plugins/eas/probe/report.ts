// What the probe found, as data and as text for people.
import type { Version } from "../versions.ts";

/** A mail as a phone lists it. */
export interface ProbeMessage {
  readonly from: string;
  readonly subject: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly read: boolean;
}

/** A mail folder as a phone holds it after all its answers. */
export interface ProbeFolder {
  readonly id: string;
  readonly name: string;
  readonly type: number;
  readonly messages: number;
  readonly unread: number;
  /** Requests until it was complete. */
  readonly requests: number;
  /** The newest first, at most ten. */
  readonly newest: readonly ProbeMessage[];
}

/** One thing a phone does, and how that went. */
export interface ProbeStep {
  readonly name: string;
  /** `warning`: a phone gets along. `failed`: it does not. `skipped`: it could not be tried. */
  readonly outcome: "ok" | "warning" | "failed" | "skipped";
  /** Milliseconds. */
  readonly ms: number;
  /** One line for people. */
  readonly detail: string;
  /** What to do about it. */
  readonly fix?: string;
  readonly folder?: ProbeFolder;
}

/** A phone's visit in one protocol version. */
export interface ProbeVisit {
  readonly version: Version;
  readonly steps: readonly ProbeStep[];
}

export interface ProbeReport {
  /** No step failed. */
  readonly ok: boolean;
  readonly endpoint: string;
  readonly user: string;
  /** What the server calls itself. */
  readonly server: string | undefined;
  /** What it offers. */
  readonly versions: readonly string[];
  readonly commands: readonly string[];
  /** How the server was reached. */
  readonly connect: ProbeStep;
  readonly visits: readonly ProbeVisit[];
}

/** The whole report for people. */
export function formatReport(report: ProbeReport): string {
  return [
    formatHead(report),
    formatStep(report.connect),
    ...report.visits.flatMap((
      { version, steps },
    ) => [formatVersion(version), ...steps.map(formatStep)]),
    formatEnd(report),
  ].join("\n");
}

export function formatHead({ endpoint, user }: Pick<ProbeReport, "endpoint" | "user">): string {
  return `A phone of ${printable(user)} visits ${endpoint}\n`;
}

export function formatVersion(version: Version): string {
  return `\nIn protocol version ${version}:`;
}

const marks = { ok: "✓", warning: "!", failed: "✗", skipped: "-" } as const;
const shownMessages = 5;

/** One step: a line, and below it the newest mail of the inbox, and what to do. */
export function formatStep(step: ProbeStep): string {
  const time = `${Math.round(step.ms)} ms`;
  const lines = [
    `  ${marks[step.outcome]} ${step.name.padEnd(22)} ${time.padStart(8)}  ${
      printable(step.detail)
    }`,
  ];
  if (step.folder?.type === 2) {
    lines.push(...step.folder.newest.slice(0, shownMessages).map(formatMessage));
  }
  if (step.fix) lines.push(`      Fix: ${printable(step.fix)}`);
  return lines.join("\n");
}

function formatMessage({ from, subject, date, read }: ProbeMessage): string {
  const when = date.slice(0, 16).replace("T", " ");
  const mark = read ? " " : "•";
  return `      ${mark} ${when.padEnd(16)}  ${fitted(from, 24)}  ${fitted(subject, 48)}`.trimEnd();
}

export function formatEnd(report: ProbeReport): string {
  const steps = [report.connect, ...report.visits.flatMap((visit) => visit.steps)];
  const failed = steps.filter(({ outcome }) => outcome === "failed").length;
  if (failed === 0) return "\nA phone would work with this server.";
  return `\nA phone would not work with this server: ${failed} of ${steps.length} steps failed.`;
}

/** Cut or filled up to so many columns of a terminal. */
function fitted(text: string, width: number): string {
  let line = "";
  let columns = 0;
  for (const character of printable(text)) {
    columns += columnsOf(character);
    line += character;
  }
  if (columns <= width) return line + " ".repeat(width - columns);
  const characters = [...line];
  while (columns > width - 1) columns -= columnsOf(characters.pop() ?? "");
  return `${characters.join("")}…${" ".repeat(width - 1 - columns)}`;
}

const wide =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

/** Terminals show characters of East Asia and emoji in two columns, combining marks in none. */
function columnsOf(character: string): number {
  if (/\p{M}/u.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

/** Without control characters: a subject must not move the cursor of a terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}
