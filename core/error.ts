// The errors that core's callers tell apart; everything else is a built-in class.

/** One thing wrong in the configuration. */
export interface ConfigFinding {
  /** The file, `environment` or `command line`. */
  readonly source: string;
  readonly section: string;
  readonly key: string;
  readonly value: unknown;
  /** What is wanted. */
  readonly wanted: string;
  /** What to write instead. */
  readonly fix: string;
}

/** Everything that is wrong in a configuration, at once. The CLI exits with 2. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly findings: readonly ConfigFinding[];
  constructor(findings: readonly ConfigFinding[]) {
    super(findings.map(line).join("\n"));
    this.findings = findings;
  }
}

function line(finding: ConfigFinding): string {
  const place = [finding.section, finding.key].filter(Boolean).join(".");
  const shown = finding.value === undefined ? "" : ` = ${JSON.stringify(finding.value)}`;
  const what = place === "" ? "" : `${place}${shown}: `;
  return `${finding.source}: ${what}wanted ${finding.wanted}. Fix: ${finding.fix}`;
}

/** Something that this server depends on cannot answer now. Callers answer 503, never 401. */
export class Unavailable extends Error {
  override name = "Unavailable";
  /** When to come back, in seconds. */
  readonly retryAfter: number;
  constructor(message: string, retryAfter = 30, options?: ErrorOptions) {
    super(message, options);
    this.retryAfter = retryAfter;
  }
}

/** A command cannot go on; the message is for the person at the terminal. */
export class CliError extends Error {
  override name = "CliError";
  /** 1: it failed. 2: the words or the configuration are wrong. */
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Everything that is wrong with the plugins of this program, at once. The CLI exits with 2. */
export class ManifestError extends Error {
  override name = "ManifestError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}
