// Points and contributions: the only extension mechanism of the host.

/** A value offered to a point: inert data until the host accepts it. */
export interface Contribution<T = unknown> {
  readonly point: Point<T>;
  readonly value: T;
  /** How `plugins list` calls it, unique in its point; undefined where it needs no name. */
  readonly name: string | undefined;
}

/** A typed, named slot that a plugin (or core) opens. */
export interface Point<T> {
  /** `<owner>.<noun>`, for example `core.route`. */
  readonly id: string;
  /** `one`: a service, exactly one value. `many`: a collection. */
  readonly take: "one" | "many";
  /** One line for `plugins list`. */
  readonly summary: string;
  // A method, not an arrow property: so a Point<Gate> fits in a Point<unknown>[].
  of(value: T, name?: string): Contribution<T>;
}

/** A point whose values are listeners. A listener's failure is logged and stops nobody. */
export type Event<E> = Point<(fact: E) => void | Promise<void>>;

/**
 * Opens a point; the plugin that calls this lists it in `owns`. Names of contributions are unique in
 * a point: with `nameOf` each value brings its own, so that two of the same name are refused at boot.
 */
export function definePoint<T>(
  id: string,
  take: "one" | "many",
  summary: string,
  nameOf?: (value: T) => string,
): Point<T> {
  const point: Point<T> = {
    id,
    take,
    summary,
    of: (value, name) => ({ point, value, name: name ?? nameOf?.(value) }),
  };
  return point;
}

/** Opens an event: its values are listeners, called with each fact that the owner emits. */
export function defineEvent<E>(id: string, summary: string): Event<E> {
  return definePoint(id, "many", summary);
}
