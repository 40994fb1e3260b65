// Core's own plugin: it owns core's points and fills those that every program needs.
import type { Account } from "./accounts.ts";
import { accountMigrations, accountStore } from "./account_store.ts";
import type { Config } from "./config.ts";
import { holdContributions, holdMigrations } from "./doctor/hold.ts";
import { createLogin } from "./login.ts";
import type { Metrics } from "./metrics.ts";
import { ownPasswords } from "./own_passwords.ts";
import { type PasswordCost, passwordHashing } from "./password.ts";
import { definePlugin, type Plugin } from "./plugin.ts";
import type { Contribution, Point } from "./point.ts";
import * as points from "./points.ts";

export interface CorePluginOptions {
  readonly config: Config;
  readonly metrics: Metrics;
  /** Commands, tasks and checks of the program that this core is part of. */
  readonly contributions: readonly Contribution[];
  readonly passwordCost?: PasswordCost | undefined;
}

/** The plugin `core`. */
export function corePlugin(options: CorePluginOptions): Plugin {
  return definePlugin({
    id: "core",
    summary: "Accounts, login, pages, commands",
    owns: Object.values(points) as Point<unknown>[],
    migrations: [...accountMigrations, ...holdMigrations],
    contributes(host) {
      const passwords = passwordHashing(options.passwordCost);
      const listeners = {
        removing: (account: Account) => host.emit(points.accountDeleted, { account }),
        revoked: (account: number, appPassword: number) =>
          host.emit(points.appPasswordRevoked, { account, appPassword }),
      };
      const { accountFailures, addressFailures, window } = options.config.login;
      return [
        points.accounts.of(accountStore(host.db, host.clock, passwords, listeners)),
        points.authenticator.of(ownPasswords(host.db, host.clock, passwords), "passwords"),
        points.login.of(createLogin({
          authenticators: () => host.all(points.authenticator),
          limits: {
            perPair: accountFailures,
            perAddress: addressFailures,
            window: window * 1000,
          },
          clock: host.clock,
          log: host.log,
          count: (outcome) => options.metrics.login(outcome),
        })),
        points.health.of(async () => {
          await host.db.all("SELECT 1");
          return { name: "storage", ok: true };
        }, "storage"),
        ...holdContributions(host),
        ...options.contributions,
      ];
    },
  });
}
