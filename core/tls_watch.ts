// Notices renewed certificates.
import { stat } from "node:fs/promises";
import { type Clock, pause } from "./clock.ts";
import type { Log } from "./log.ts";
import type { Task } from "./points.ts";
import type { Listener, TlsFiles } from "./serve/listener.ts";

/** How often the files are looked at. By time, not by watching: links and mounts give no events. */
const every = 60_000;

/** Reloads the certificate when a file has changed; tries again while the two do not fit. */
export function watchTls(
  listener: Pick<Listener, "reloadTls">,
  files: TlsFiles,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Task {
  return {
    name: "certificate",
    async run(signal) {
      let used = await stamp(files);
      for (;;) {
        await pause(clock, every, signal);
        if (signal.aborted) return;
        const now = await stamp(files);
        if (now === used) continue;
        try {
          await listener.reloadTls();
          used = now;
          log.info({ cert: files.cert }, "The renewed certificate is in use");
        } catch (error) {
          log.warn({ err: error }, "The certificate was changed and cannot be used yet");
        }
      }
    },
  };
}

async function stamp({ cert, key }: TlsFiles): Promise<string> {
  const stats = await Promise.all([cert, key].map((file) => stat(file).catch(() => undefined)));
  return stats.map((found) => found ? `${found.mtimeMs}/${found.size}/${found.ino}` : "-").join(
    " ",
  );
}
