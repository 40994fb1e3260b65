// `navette device`: the devices that have been here.
import { accounts, type CliCommand, CliError, type Host, tableOf } from "../../core/mod.ts";
import type { Device } from "./api.ts";
import { deviceRegistry } from "./devices.ts";
import { printable } from "./printable.ts";

interface Flags {
  readonly json?: true;
}

/** A device as it is listed; times are ISO 8601, UTC. */
export interface ListedDevice
  extends Omit<Device, "account" | "firstSeen" | "lastSeen" | "lastSync"> {
  readonly account: string;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly lastSync: string | null;
}

export const deviceCommand: CliCommand = (program, context) => {
  const device = program.command("device").description("The devices that have been here");
  device.command("list")
    .summary("list devices")
    .description("Lists the devices of an account, or of all accounts; last seen first.")
    .argument("[address]", "the account")
    .option("--json", "print JSON")
    .action(async (address: string | undefined, flags: Flags) => {
      const session = await context.open();
      try {
        const devices = await listed(session.host, address);
        if (flags.json) context.json(devices);
        else for (const line of table(devices)) context.print(line);
      } finally {
        await session.close();
      }
    });
};

async function listed(host: Host, address: string | undefined): Promise<ListedDevice[]> {
  const all = await host.one(accounts).list();
  const only = address === undefined ? undefined : await host.one(accounts).find(address);
  if (address !== undefined && !only) throw new CliError(`Cannot find the account ${address}`);
  const addresses = new Map(all.map(({ id, address }) => [id, address]));
  const devices = await deviceRegistry(host.db).list(only?.id);
  return devices.map((device) => ({
    ...device,
    account: addresses.get(device.account) ?? `#${device.account}`,
    firstSeen: iso(device.firstSeen),
    lastSeen: iso(device.lastSeen),
    lastSync: device.lastSync === undefined ? null : iso(device.lastSync),
  }));
}

const iso = (time: number) => new Date(time).toISOString();

function table(devices: readonly ListedDevice[]): string[] {
  if (devices.length === 0) return ["No device has been here yet"];
  const head = [
    "ACCOUNT",
    "DEVICE",
    "TYPE",
    "MODEL",
    "SYSTEM",
    "VERSION",
    "LAST SEEN",
    "LAST SYNC",
  ];
  const rows = devices.map((device) =>
    [
      device.account,
      device.id,
      device.type,
      device.model,
      device.os,
      device.version,
      minute(device.lastSeen),
      device.lastSync === null ? "never" : minute(device.lastSync),
    ].map(printable)
  );
  return tableOf(head, rows);
}

const minute = (time: string) => time.slice(0, 16).replace("T", " ");
