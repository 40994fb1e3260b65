// Waits for a server to greet, or to answer no more.
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { patience } from "../kit.ts";
import type { Group } from "./processes.ts";

/** Resolves once whoever listens on `port` has said its first line; rejects where `group` ends. */
export async function greeted(port: number, group: Group, why: () => string): Promise<void> {
  for (const end = performance.now() + patience; performance.now() < end; await wait(10)) {
    if (group.alive().length === 0) throw new Error(`Cannot start the server: ${why()}`);
    if (await firstByte(port)) return;
  }
  throw new Error(`Cannot start the server: it does not answer: ${why()}`);
}

function firstByte(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const done = (found: boolean) => {
      socket.destroy();
      resolve(found);
    };
    socket.once("data", () => done(true));
    socket.once("error", () => done(false));
    socket.once("close", () => done(false));
  });
}
