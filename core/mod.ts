// All that a plugin may import from core.
export type { Contribution, Event, Point } from "./point.ts";
export { defineEvent, definePoint } from "./point.ts";
export type { Host, Migration, Plugin } from "./plugin.ts";
export { definePlugin } from "./plugin.ts";
export type {
  Account,
  Accounts,
  AppPassword,
  Credentials,
  Login,
  LoginResult,
  NewAccount,
} from "./accounts.ts";
export type { Database, Presence, Row, Storage, TransactionOptions, Value } from "./database.ts";
export { ConstraintError, maxValueBytes, StorageError } from "./database.ts";
export type { Clock } from "./clock.ts";
export { pause, systemClock } from "./clock.ts";
export type { Log } from "./log.ts";
export { plainAppPassword } from "./password.ts";
export type { ConfigFinding } from "./error.ts";
export { CliError, ConfigError, Unavailable } from "./error.ts";
export { tableOf } from "./table.ts";
export type { ServeEnv } from "./serve/listener.ts";
export { isLoopback } from "./remote.ts";
export type { ListenAddress } from "./listen_address.ts";
export { formatListen, parseListen } from "./listen_address.ts";
export type {
  AdminPage,
  Authenticator,
  CliCommand,
  CliContext,
  CliSession,
  Finding,
  FirstStart,
  Health,
  PasswordKeeper,
  Started,
  Task,
  Tester,
} from "./points.ts";
export {
  accountDeleted,
  accounts,
  adminPage,
  appPasswordRevoked,
  authenticator,
  cliCommand,
  closing,
  diagnosis,
  firstStart,
  health,
  login,
  metric,
  passwordKeeper,
  route,
  started,
  stopping,
  task,
} from "./points.ts";
export type { PluginFile, PluginKit } from "./plugin_file.ts";
export type { Language, Markup, Texts } from "./page.ts";
export { languageFor, page } from "./page.ts";
