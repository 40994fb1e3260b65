// `navette eas`: what an administrator sets and sees of Exchange ActiveSync.
import type { CliCommand } from "../../core/mod.ts";
import { ceilingCommand } from "./ceiling_command.ts";
import { problemsCommand } from "./problems_command.ts";

export const easCommand: CliCommand = (program, context) => {
  const eas = program.command("eas").description("Exchange ActiveSync");
  ceilingCommand(eas, context);
  problemsCommand(eas, context);
};
