// What the server must not do, whatever happened.

/** It did. */
export class Violation extends Error {
  override name = "Violation";
}
