// The reference backend keeps what the port promises.
import { mailboxConformance } from "../../../../tests/conformance/mailbox.ts";
import { fakeClock } from "../../../../tests/kit.ts";
import { memoryBackend } from "./mod.ts";

mailboxConformance("memory", () => {
  const clock = fakeClock();
  const backend = memoryBackend({ clock });
  return Promise.resolve({ backend, clock, close: () => Promise.resolve() });
});
