// Core's own commands, each with its name.
import { appPasswordCommand } from "./app_password.ts";
import { configCommand } from "./config.ts";
import { doctorCommand } from "./doctor.ts";
import type { CoreCommand } from "./parts.ts";
import { pluginsCommand } from "./plugins.ts";
import { serveCommand } from "./serve.ts";
import { storageCommands } from "./storage.ts";
import { userCommand } from "./user.ts";
import { versionCommand } from "./version.ts";

export const coreCommands: Readonly<Record<string, CoreCommand>> = {
  serve: serveCommand,
  user: userCommand,
  "app-password": appPasswordCommand,
  plugins: pluginsCommand,
  config: configCommand,
  "backup, restore": storageCommands,
  doctor: doctorCommand,
  version: versionCommand,
};
