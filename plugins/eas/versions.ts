// Protocol versions: names, order, comparison.

/** The versions that this server speaks, oldest first. */
export const versions = ["2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"] as const;

export type Version = (typeof versions)[number];

/** Whether `version` is `since` or newer. */
export function atLeast(version: Version, since: Version): boolean {
  return versions.indexOf(version) >= versions.indexOf(since);
}

/** The version that a header or a query names; undefined where this server does not speak it. */
export function parseVersion(text: string): Version | undefined {
  return versions.find((version) => version === text.trim());
}
