// The very first start without a configuration: an account to try it with.
import type { Account } from "./accounts.ts";
import { generatePassword } from "./password.ts";
import type { Host } from "./plugin.ts";
import { accounts, firstStart } from "./points.ts";

const address = "demo@navette.test";

export interface First {
  readonly account: Account;
  readonly password: string;
}

/** Makes the account where nothing is configured and there is none yet; then plugins may fill it. */
export async function makeFirst(host: Host, configured: boolean): Promise<First | undefined> {
  if (configured || (await host.one(accounts).list()).length > 0) return undefined;
  const password = generatePassword(3);
  const account = await host.one(accounts).add({
    address,
    name: "Demo",
    password,
    admin: true,
  });
  await host.emit(firstStart, { account });
  return { account, password };
}
