// Short scripts that failed once, and must not again.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { play } from "./play.ts";
import type { DeviceSetup, Op } from "./scenario.ts";

const phone = (setup: Partial<DeviceSetup>): DeviceSetup => ({
  account: 0,
  version: "14.1",
  window: 10,
  days: 0,
  conflict: 1,
  deletesAsMoves: true,
  truncation: 100,
  ...setup,
});

interface Script {
  readonly devices: readonly DeviceSetup[];
  readonly ops: readonly Op[];
}

const all: Record<string, Script> = {
  "two requests with other wishes come late, after the answer that the device goes on with": {
    devices: [phone({ days: 3 })],
    ops: [
      { op: "folders", device: 0 },
      { op: "sync", device: 0, folders: 3, how: "all" },
      { op: "sync", device: 0, folders: 3, how: "all", fault: { twin: "later" } },
      { op: "filter", device: 0, days: 30, window: 10 },
      { op: "sync", device: 0, folders: 3, how: "all", fault: { twin: "later" } },
      { op: "arrive", account: 0, folder: 0.2, age: 0, lines: 1 },
      { op: "sync", device: 0, folders: 2, how: "all" },
      { op: "rest" },
    ],
  },
  // The sixth statement is one of the inbox's priming; the other folders are primed.
  "an empty request comes where a folder was primed after others": {
    devices: [phone({ window: 1 })],
    ops: [
      { op: "folders", device: 0 },
      { op: "arrive", account: 0, folder: 0, age: 0, lines: 1 },
      { op: "sync", device: 0, folders: 3, how: "all", fault: { trouble: 6 } },
      { op: "sync", device: 0, folders: 3, how: "all" },
      { op: "sync", device: 0, folders: 1, how: "all" },
      { op: "sync", device: 0, folders: 1, how: "repeat" },
      { op: "rest" },
    ],
  },
  // By the 14th statement the folder is made, and the device's new key is not.
  "the power goes while a folder is made, and somebody removes it before the device asks again": {
    devices: [phone({})],
    ops: [
      { op: "folders", device: 0 },
      {
        op: "edit",
        device: 0,
        how: "create",
        folder: 0,
        fault: { power: { after: 14, written: false } },
      },
      { op: "tree", account: 0, how: "remove", folder: 0 },
      { op: "folders", device: 0 },
      { op: "rest" },
    ],
  },
  "a draft, which comes read, is moved away before its mark arrives": {
    devices: [phone({ version: "16.1" })],
    ops: [
      { op: "folders", device: 0 },
      { op: "sync", device: 0, folders: 2, how: "all" },
      { op: "sync", device: 0, folders: 2, how: "all" },
      { op: "draft", device: 0, how: "write", item: 0, to: 0 },
      { op: "sync", device: 0, folders: 3, how: "all" },
      { op: "elsewhere", account: 0, item: 0, what: "move", word: 0, to: 0.8 },
      { op: "user", device: 0, folder: 0.24, item: 0, what: "unread", word: 0 },
      { op: "rest" },
    ],
  },
};

describe("devices agree in the end where", () => {
  for (const [name, script] of Object.entries(all)) {
    it(name, async () => {
      const failure = await play({ accounts: 1, ...script });
      assert.equal(failure?.message, undefined);
    });
  }
});
