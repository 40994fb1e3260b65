// navette config sample | check
import { sampleConfig } from "../config_sample.ts";
import type { CoreCommand } from "./parts.ts";

export const configCommand: CoreCommand = (parts) => (program, { print }) => {
  const config = program.command("config").description("The configuration file");
  config.command("sample").description("Print a file with every option and its default")
    .action(() => print(sampleConfig(parts.setup.plugins).trimEnd()));
  config.command("check").description("Check the file, the environment and --set")
    .action(() => {
      const { file } = parts.config();
      print(`${file ?? "No file; environment and command line"}: no errors`);
    });
};
