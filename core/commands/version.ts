// navette version
import { version } from "../version.ts";
import type { CoreCommand } from "./parts.ts";

export const versionCommand: CoreCommand = () => (program, { print }) => {
  program.command("version").description("Print the version").action(() => print(version));
};
