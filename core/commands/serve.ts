// navette serve
import { serve } from "../serving.ts";
import type { CoreCommand } from "./parts.ts";

export const serveCommand: CoreCommand = (parts) => (program) => {
  program.command("serve").description("Serve until SIGINT or SIGTERM")
    // Read with the global options, because the configuration is checked with it.
    .option("--listen <address>", "host:port, in place of server.listen")
    .action(() => serve(parts));
};
