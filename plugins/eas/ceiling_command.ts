// `navette eas ceiling`: the newest protocol version that an account's devices are offered.
import { accounts, type CliCommand, CliError } from "../../core/mod.ts";
import { accountCeilings } from "./ceiling.ts";
import { parseVersion, versions } from "./versions.ts";

export const ceilingCommand: CliCommand = (eas, context) => {
  eas.command("ceiling")
    .summary("limit the protocol version of an account")
    .description(
      "Shows or sets the newest protocol version that the devices of an account are offered. " +
        "They go on as they are, hear of it with their next request, and negotiate again.",
    )
    .argument("<address>", "the account")
    .argument("[version]", `one of ${versions.join(", ")}, or none`)
    .action(async (address: string, wanted: string | undefined) => {
      const version = wanted === undefined ? undefined : parseVersion(wanted);
      if (wanted !== undefined && wanted !== "none" && !version) {
        const known = versions.join(", ");
        throw new CliError(`Cannot set the ceiling ${wanted}: there are ${known}, and none`);
      }
      const session = await context.open();
      try {
        const { host } = session;
        const account = await host.one(accounts).find(address);
        if (!account) throw new CliError(`Cannot find the account ${address}`);
        const ceilings = accountCeilings(host.db, host.clock);
        if (wanted !== undefined) await ceilings.set(account.id, version);
        const now = await ceilings.of(account.id);
        context.print(
          now === undefined
            ? `${account.address} has no ceiling of its own`
            : `${account.address} is offered versions up to ${now}`,
        );
      } finally {
        await session.close();
      }
    });
};
