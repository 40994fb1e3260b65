// Tables whose names are the operator's to choose: `[mill.wheel.NAME]`.

/** Stands for the chosen name in the path of an option. */
export const anyName = "*";

/** What is wanted of a chosen name: so that a variable of the environment can carry it too. */
export const nameWanted = "a name of a-z and 0-9, its words joined by -";

/** Whether a table may be called so. */
export function isName(text: string): boolean {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text);
}

/** Whether `path` is the option with that path, whatever the chosen names in it are. */
export function fits(option: readonly string[], path: readonly string[]): boolean {
  return option.length === path.length &&
    option.every((key, at) => key === path[at] || (key === anyName && isName(path[at]!)));
}
