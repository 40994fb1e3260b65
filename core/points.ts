// Every slot that core opens.
import type { Command } from "commander";
import type { Hono } from "hono";
import type { Registry } from "prom-client";
import type { Account, Accounts, Credentials, Login } from "./accounts.ts";
import type { Storage } from "./database.ts";
import type { Host } from "./plugin.ts";
import { defineEvent, definePoint } from "./point.ts";
import type { ServeEnv } from "./serve/listener.ts";

/** Adds routes to the application. */
export const route = definePoint<(app: Hono<ServeEnv>) => void>(
  "core.route",
  "many",
  "HTTP routes",
);

/**
 * Knows who somebody is, or says nothing (undefined: not mine, or wrong password). Throws
 * `Unavailable` where it cannot tell now: the caller then answers 503, never 401.
 */
export const authenticator = definePoint<Authenticator>(
  "core.authenticator",
  "many",
  "Checks of a user's password",
);
export interface Authenticator {
  (who: Credentials): Promise<Account | undefined>;
  /**
   * Whose logins are the business of this one alone: where it says yes, nobody else is asked whether
   * the password is right. Where it throws, nobody is let in.
   */
  readonly claims?: (who: Credentials) => boolean | Promise<boolean>;
}

/**
 * Knows of accounts whose passwords are kept elsewhere, for those who administer accounts here. The
 * logins themselves are an authenticator's.
 */
export interface PasswordKeeper {
  /** Where the password of an address is kept, in words ("at …"); undefined: this one has it not. */
  keeps(address: string): string | undefined;
  /** Whose accounts are made by their first login here: addresses and domains; absent: nobody's. */
  readonly welcome?: readonly string[];
  /**
   * Called before an app password is made for such an account; `ask` asks for the account's password
   * there. Resolves to what is called with the app password that was made. Throws `CliError` where
   * there cannot be one.
   */
  readyAppPassword(
    account: Account,
    ask: () => Promise<string>,
  ): Promise<(made: { readonly id: number; readonly password: string }) => Promise<void>>;
}
export const passwordKeeper = definePoint<PasswordKeeper>(
  "core.passwordKeeper",
  "many",
  "Passwords that are kept elsewhere",
);

/** The accounts of this server. */
export const accounts = definePoint<Accounts>("core.accounts", "one", "The accounts");

/** Password check with rate limit; what every protocol calls. */
export const login = definePoint<Login>("core.login", "one", "Login with rate limit");

/** A page of the administration, shown below `/admin/<id>` to accounts with the admin mark. */
export interface AdminPage {
  readonly id: string;
  readonly title: string;
  /** Routes relative to the page's own address; `GET /` is the page. */
  readonly routes: (app: Hono<ServeEnv>) => void;
}
export const adminPage = definePoint<AdminPage>(
  "core.adminPage",
  "many",
  "Administration pages",
  (page) => page.id,
);

/** What a CLI command is given besides its own arguments. */
export interface CliContext {
  /** Opens the application (database, migrations, plugins) without serving; closed by the caller. */
  open(): Promise<CliSession>;
  /** Writes a line for people to standard output. */
  print(line: string): void;
  /** Writes one JSON value to standard output. */
  json(value: unknown): void;
  /** Standard input as text, for `--password-stdin`; without the final line end. */
  stdin(): Promise<string>;
}
export interface CliSession {
  readonly host: Host;
  readonly storage: Storage;
  close(): Promise<void>;
}
/** Adds commands to the program (`commander`). Failing: throw `CliError`. */
export type CliCommand = (program: Command, context: CliContext) => void;
export const cliCommand = definePoint<CliCommand>("core.cliCommand", "many", "CLI commands");

/** Background work. It runs while the server does and ends when `signal` aborts. */
export interface Task {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}
export const task = definePoint<Task>(
  "core.task",
  "many",
  "Background work",
  (task) => task.name,
);

/** A part's state for `/healthz` and `doctor`. */
export interface Health {
  readonly name: string;
  readonly ok: boolean;
  /** What is wrong and what to do; one sentence. */
  readonly detail?: string;
}
export const health = definePoint<() => Promise<Health>>("core.health", "many", "Health checks");

/** A finding of `doctor`: what was looked at, how it is, and how to mend it. */
export interface Finding {
  readonly check: string;
  readonly level: "ok" | "warning" | "error";
  readonly detail: string;
  readonly fix?: string;
}
/** Somebody who may log in: for checks of what only users can do. */
export interface Tester {
  readonly user: string;
  readonly password: string;
}
/** Looks at something; `tester` only where the person gave one. */
export type Diagnosis = (
  url: string | undefined,
  tester?: Tester,
) => Promise<readonly Finding[]>;
export const diagnosis = definePoint<Diagnosis>("core.diagnosis", "many", "Checks of `doctor`");

/** Registers metrics of a plugin; called once at start. */
export const metric = definePoint<(registry: Registry) => void>(
  "core.metric",
  "many",
  "Prometheus metrics",
);

/** The server listens. On the first start of all, `first` tells the account that was made. */
export interface Started {
  readonly url: string;
  readonly first?: { readonly account: Account; readonly password: string };
  /** Prints a line for the person at the terminal. */
  readonly print: (line: string) => void;
}
export const started = defineEvent<Started>("core.started", "The server listens");

/** Nothing was configured and there was no account: one was just made. Before `started`. */
export interface FirstStart {
  readonly account: Account;
}
export const firstStart = defineEvent<FirstStart>("core.firstStart", "The very first start");

/** The server stops: held requests must be answered now. */
export const stopping = defineEvent<{ readonly reason: string }>(
  "core.stopping",
  "The server is about to stop",
);

/** The program ends, after serving or after a command: connections to others are closed. */
export const closing = defineEvent<Record<string, never>>("core.closing", "The program ends");

/** An account is about to be deleted: plugins remove what they keep for it. */
export const accountDeleted = defineEvent<{ readonly account: Account }>(
  "core.accountDeleted",
  "An account is deleted",
);

/** An app password was taken back: plugins remove what they keep for it. */
export const appPasswordRevoked = defineEvent<
  { readonly account: number; readonly appPassword: number }
>("core.appPasswordRevoked", "An app password is taken back");
