// Held requests on purpose: so that `doctor` can see whether a proxy lets them live.
import { randomBytes } from "node:crypto";
import { type Clock, pause } from "../clock.ts";
import type { Database } from "../database.ts";
import type { Host, Migration } from "../plugin.ts";
import type { Contribution } from "../point.ts";
import { type Finding, route, stopping } from "../points.ts";

export const holdMigrations: readonly Migration[] = [{
  id: "20260301_hold",
  up: ["CREATE TABLE core_hold (token TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID"],
}];

const path = "/healthz/hold";
const longest = 3600;

/** The server's side. Only who can write into the database gets a token: nobody else holds us. */
export function holdContributions(host: Host): Contribution[] {
  const ended = new AbortController();
  return [
    stopping.of(() => ended.abort(), "hold"),
    route.of((app) => {
      app.get(path, async (c) => {
        if (!await isKnown(host, c.req.query("token") ?? "")) return c.text("Forbidden", 403);
        const ms = Math.min(Number(c.req.query("seconds")) || 0, longest) * 1000;
        const signal = AbortSignal.any([c.req.raw.signal, ended.signal]);
        if (c.req.query("how") === "stream") return c.body(streamFor(host.clock, ms, signal));
        await pause(host.clock, ms, signal);
        return c.text("held");
      });
    }, path),
  ];
}

async function isKnown({ db, clock }: Host, token: string): Promise<boolean> {
  const rows = await db.all("SELECT 1 FROM core_hold WHERE token = ? AND until > ?", [
    token,
    clock.now(),
  ]);
  return rows.length > 0;
}

/** A beginning at once, the end after a while. */
function streamFor(clock: Clock, ms: number, signal: AbortSignal): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(encoder.encode("begun\n"));
      await pause(clock, ms, signal);
      controller.enqueue(encoder.encode("ended\n"));
      controller.close();
    },
  });
}

export interface HoldCheck {
  readonly url: string;
  readonly db: Database;
  readonly clock: Clock;
  /** How long to hold; 0: not at all. */
  readonly seconds: number;
}

/** Asks through the public address for a held answer and for one that comes in two parts. */
export async function checkHold({ url, db, clock, seconds }: HoldCheck): Promise<Finding[]> {
  if (seconds === 0) return [];
  const token = randomBytes(16).toString("hex");
  const until = clock.now() + (seconds + 60) * 1000;
  await db.run("INSERT INTO core_hold (token, until) VALUES (?, ?)", [token, until]);
  try {
    const ask = (how: string, seconds: number) =>
      fetch(new URL(`${path}?token=${token}&seconds=${seconds}&how=${how}`, url), {
        redirect: "manual",
      });
    return await Promise.all([
      checkPatience(() => ask("silent", seconds), clock, seconds),
      checkFlow(() => ask("stream", Math.min(seconds, 3)), clock, Math.min(seconds, 3)),
    ]);
  } finally {
    await db.run("DELETE FROM core_hold WHERE token = ? OR until < ?", [token, clock.now()]);
  }
}

async function checkPatience(
  ask: () => Promise<Response>,
  clock: Clock,
  seconds: number,
): Promise<Finding> {
  const check = "held requests";
  const begin = clock.now();
  const status = await ask().then(
    async (answer) => (await answer.text()) === "held" ? "held" : `HTTP ${answer.status}`,
    () => "a closed connection",
  );
  const took = (clock.now() - begin) / 1000;
  if (status === "held") return { check, level: "ok", detail: `one lived for ${seconds} s` };
  if (status === "HTTP 403" || status === "HTTP 404") return elsewhere(check);
  return {
    check,
    level: "error",
    detail: `one of ${seconds} s ended after ${took.toFixed(1)} s with ${status}: ` +
      "devices will not be told of news",
    fix:
      "let the proxy wait longer than an hour: nginx proxy_read_timeout 3700s; HAProxy timeout server 3700s",
  };
}

async function checkFlow(
  ask: () => Promise<Response>,
  clock: Clock,
  seconds: number,
): Promise<Finding> {
  const check = "streamed answers";
  const begin = clock.now();
  try {
    const answer = await ask();
    if (answer.status !== 200) {
      await answer.body?.cancel();
      return elsewhere(check);
    }
    const reader = answer.body!.getReader();
    await reader.read();
    const took = (clock.now() - begin) / 1000;
    await reader.cancel();
    if (took < seconds / 2) return { check, level: "ok", detail: "they arrive as they are made" };
    return {
      check,
      level: "warning",
      detail:
        "the proxy keeps them back until they are whole: large ones are slow, and fill its disk",
      fix: "switch that off: nginx proxy_buffering off",
    };
  } catch (error) {
    return { check, level: "error", detail: `none came: ${(error as Error).message}` };
  }
}

function elsewhere(check: string): Finding {
  return {
    check,
    level: "warning",
    detail: "not checked: the server at this address does not use this database",
    fix: "run doctor where the server runs, with its --config and --data",
  };
}
