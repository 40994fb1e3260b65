// The other runtimes, as npm packages of exact versions: nothing has to be installed for them.

/** Versions that the project is built and tested with. */
export const versions = { bun: "1.4.4", node: "24.21.0" } as const;

/** The command line that runs `runtime`; arguments follow. */
export function programOf(runtime: keyof typeof versions): string[] {
  return ["npx", "-y", `${runtime}@${versions[runtime]}`];
}
