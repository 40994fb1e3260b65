// Gateways that are broken on purpose, each in one way, and a short script in which each is caught.
import type { Storage } from "../../core/database.ts";
import { statements } from "./broken.ts";
import type { Sabotage } from "./machine.ts";
import type { DeviceSetup, Fault, Op, Scenario } from "./scenario.ts";

/** A gateway, and what is enough to find out. */
export interface BrokenGateway {
  readonly sabotage: Sabotage;
  readonly script: Scenario;
}

/** Rows that are written otherwise; undefined: not at all. */
const writing = (change: (sql: string) => string | undefined): Sabotage => ({
  database: (inner: Storage) => statements(inner, change),
});

const without = (part: RegExp) => writing((sql) => sql.replace(part, ""));

const phone: DeviceSetup = {
  account: 0,
  version: "16.1",
  window: 10,
  days: 0,
  conflict: 1,
  deletesAsMoves: true,
  truncation: 512,
};

const script = (...ops: readonly Op[]): Scenario => ({
  accounts: 1,
  devices: [phone],
  ops: [
    { op: "arrive", account: 0, folder: 0, age: 0, lines: 1 },
    { op: "folders", device: 0 },
    sync(),
    sync(),
    ...ops,
    { op: "rest" },
  ],
});

const sync = (fault?: Fault): Op => ({
  op: "sync",
  device: 0,
  folders: 3,
  how: "all",
  ...(fault && { fault }),
});
const draft = (how: "write" | "change"): Op => ({ op: "draft", device: 0, how, item: 0, to: 0 });
const elsewhere = (what: "remove" | "flag" | "move", to = 0): Op => ({
  op: "elsewhere",
  account: 0,
  item: 0,
  what,
  word: 0,
  to,
});

/** By what is wrong with it. */
export const brokenGateways: Readonly<Record<string, BrokenGateway>> = {
  "does not note what it is about to do": {
    sabotage: writing((sql) => sql.includes("SET intention = ?") ? undefined : sql),
    script: script(
      draft("write"),
      sync({ upstream: { on: "APPEND", after: 0, fate: "cut answer" } }),
      sync(),
    ),
  },
  "does not tell of ends": {
    sabotage: without(/(?<=at = \?), seq = json_extract\(j\.value, '\$\[1\]'\)/),
    script: script(elsewhere("remove")),
  },
  "does not tell of flags that others set": {
    sabotage: without(/ seq = json_extract\(j\.value, '\$\[2\]'\),/),
    script: script(elsewhere("flag")),
  },
  "does not look for a copy that it has left behind": {
    sabotage: writing((sql) =>
      sql.includes("INDEXED BY mailbox_imap_item_leftover") ? undefined : sql
    ),
    script: script(draft("write"), sync(), sync(), draft("change"), sync()),
  },
  "keeps the UID of a draft that was replaced": {
    sabotage: without(/(?<=SET) uid = json_extract\(j\.value, '\$\[1\]'\),/),
    script: script(draft("write"), sync(), sync(), draft("change"), sync()),
  },
};
