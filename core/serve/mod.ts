// Listens by the module of the runtime that this is.
import type { Listen } from "./listener.ts";

/** Starts a server. Rejects with the runtime's error where the address is taken or forbidden. */
export const listen: Listen = async (options) => {
  // Bun and Deno first: both also have Node's globals.
  if ("Bun" in globalThis) return (await import("./bun.ts")).listen(options);
  if ("Deno" in globalThis) return (await import("./deno.ts")).listen(options);
  return (await import("./node.ts")).listen(options);
};
