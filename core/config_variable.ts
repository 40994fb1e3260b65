// Which option a variable of the environment names.
import { anyName, fits } from "./config_record.ts";

/** Variables that are not options: `--config` and `--data` in the environment. */
export const reservedVariables = ["NAVETTE_CONFIG", "NAVETTE_DATA"] as const;

/** The environment variable of an option: `NAVETTE_<SECTION>_<KEY>`. */
export function variableOf(path: readonly string[]): string {
  const words = path.map((key) => key.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2"));
  return ["navette", ...words].join("_").replaceAll(/[^A-Za-z0-9]/g, "_").toUpperCase();
}

/** The words of `path` in a variable, without the chosen name. */
function wordsOf(path: readonly string[]): { readonly before: string; readonly after: string } {
  const at = path.indexOf(anyName);
  const after = path.slice(at + 1).flatMap((key) => variableOf([key]).split("_").slice(1));
  return { before: variableOf(path.slice(0, at)), after: after.map((word) => `_${word}`).join("") };
}

/** Reads variables of the environment; where two options fit, the one with more words is meant. */
export function variableReader(
  options: readonly (readonly string[])[],
): (variable: string) => readonly string[] | undefined {
  const plain = new Map<string, readonly string[]>();
  const named: { readonly path: readonly string[]; readonly pattern: RegExp; words: number }[] = [];
  for (const path of options) {
    if (!path.includes(anyName)) plain.set(variableOf(path), path);
    else {
      const { before, after } = wordsOf(path);
      const pattern = new RegExp(`^${before}_([A-Z0-9]+(?:_[A-Z0-9]+)*)${after}$`);
      named.push({ path, pattern, words: after.split("_").length });
    }
  }
  named.sort((a, b) => b.words - a.words);
  return (variable) => {
    const known = plain.get(variable);
    if (known) return known;
    for (const { path, pattern } of named) {
      const name = pattern.exec(variable)?.[1];
      if (name) return path.map((key) => key === anyName ? nameIn(name) : key);
    }
    return undefined;
  };
}

function nameIn(words: string): string {
  return words.toLowerCase().replaceAll("_", "-");
}

/** Variables that an unknown one may have meant: whatever it has where names stand is the name. */
export function variablesLike(
  variable: string,
  options: readonly (readonly string[])[],
): string[] {
  return options.flatMap((path) => {
    if (!path.includes(anyName)) return [variableOf(path)];
    const { before, after } = wordsOf(path);
    if (!variable.startsWith(`${before}_`)) return [];
    const words = variable.slice(before.length + 1).split("_");
    return words.map((_, at) => `${before}_${words.slice(0, at + 1).join("_")}${after}`);
  });
}

/**
 * Endings that a name must not have: `WHEEL_OLD_AXLE_SIZE` could be `size` of `old-axle`, and it
 * could be `axle.size` of `old`, where a table has both options. It is read as the latter.
 */
export function refusedEndings(
  table: readonly string[],
  options: readonly (readonly string[])[],
): string[] {
  const below = options
    .filter((path) => path.length > table.length + 1 && fits(path.slice(0, table.length), table))
    .filter((path) => path[table.length] === anyName)
    .map((path) => wordsOf(path).after);
  const endings = below.flatMap((long) =>
    below.filter((short) => short !== long && long.endsWith(short))
      .map((short) => long.slice(0, -short.length).toLowerCase().replaceAll("_", "-"))
  );
  return [...new Set(endings)].sort();
}

/** Whether a variable could be read as that of an option with a chosen name. */
export function sharesVariable(
  plain: readonly string[],
  named: readonly string[],
): boolean {
  return named.includes(anyName) && !plain.includes(anyName) &&
    variableReader([named])(variableOf(plain)) !== undefined;
}
