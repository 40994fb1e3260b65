// 10,000 held Pings: memory against held requests of a bare Hono server, and the wake of one.
import { connect, type Socket } from "node:net";
import { el } from "../../plugins/eas/api.ts";
import { encode } from "../../plugins/eas/wbxml/mod.ts";
import { withTempDir } from "../kit.ts";
import type { BenchResult } from "./result.ts";
import { startServer } from "./server.ts";

const pings = 10_000;
const wakes = 100;
/** Wakes before those that count: the code that delivers has not run yet in this process. */
const warmUp = 20;

export async function benchHeldPings(): Promise<BenchResult[]> {
  return await withTempDir(async (dir) => {
    const bare = await holding("bare", `${dir}/none.db`);
    const navette = await holding("navette", `${dir}/navette.db`);
    const wake = navette.wakes.sort((a, b) => a - b);
    const p95 = wake[Math.ceil(wake.length * 0.95) - 1] ?? NaN;
    const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
    return [{
      name: "memory of a held Ping / of a held request of bare Hono",
      ratio: navette.perPing / bare.perPing,
      limit: 1.5,
      detail: `${kib(navette.perPing)} / ${kib(bare.perPing)}, ${pings} held`,
    }, {
      name: "delivery to the answer of one Ping among 10,000, p95",
      ratio: p95,
      limit: 50,
      unit: "ms",
      detail: `p50 ${
        (wake[Math.floor(wake.length / 2)] ?? NaN).toFixed(1)
      } ms, ${wake.length} wakes`,
    }];
  });
}

interface Held {
  readonly perPing: number;
  readonly wakes: number[];
}

async function holding(kind: "bare" | "navette", file: string): Promise<Held> {
  const server = await startServer(kind, file);
  try {
    const primed = await server.order<{ folders?: string[]; devicesOfOne?: number }>(
      `prime ${pings}`,
    );
    const each = primed.devicesOfOne ?? 1;
    const bytesOf = (n: number) =>
      pingBytes(
        `user${Math.floor(n / each)}@example.org`,
        `d${n % each}`,
        primed.folders?.[Math.floor(n / each)] ?? "1",
      );
    // Some first, so that what the server needs once is not counted as needed by each.
    const sockets = await hold(server.port, 0, 500, bytesOf);
    const before = (await server.order<{ rss: number }>("memory")).rss;
    sockets.push(...await hold(server.port, 500, pings, bytesOf));
    const after = (await server.order<{ rss: number }>("memory")).rss;
    const times: number[] = [];
    if (kind === "navette") {
      for (let n = 0; n < warmUp + wakes; n++) {
        const account = Math.floor((n * pings) / each / (warmUp + wakes));
        const answered = answerOf(sockets[account * each]!);
        const { begun } = await server.order<{ begun: number }>(`deliver ${account}`);
        const time = await answered - begun;
        if (n >= warmUp) times.push(time);
      }
    }
    for (const socket of sockets) socket.destroy();
    return { perPing: (after - before) / (pings - 500), wakes: times };
  } finally {
    await server.end();
  }
}

/** A Ping as it stands on the wire: one buffer a device, no client library in the way. */
function pingBytes(address: string, device: string, folder: string): Uint8Array {
  const body = encode(
    el(
      "Ping:Ping",
      el("Ping:HeartbeatInterval", 3000),
      el("Ping:Folders", el("Ping:Folder", el("Ping:Id", folder), el("Ping:Class", "Email"))),
    ),
  );
  const head = [
    `POST /Microsoft-Server-ActiveSync?Cmd=Ping&User=${address}&DeviceId=${device}&DeviceType=bench HTTP/1.1`,
    "Host: bench.invalid",
    `Authorization: Basic ${btoa(`${address}:password`)}`,
    "MS-ASProtocolVersion: 16.1",
    "Content-Type: application/vnd.ms-sync.wbxml",
    `Content-Length: ${body.length}`,
    "\r\n",
  ].join("\r\n");
  return Buffer.concat([Buffer.from(head), body]);
}

/** Opens connections and sends a request on each, some at a time: a listen queue is finite. */
async function hold(
  port: number,
  from: number,
  to: number,
  bytesOf: (n: number) => Uint8Array,
): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const atOnce = 100;
  for (let n = from; n < to; n += atOnce) {
    const some = Array.from(
      { length: Math.min(atOnce, to - n) },
      (_, i) => open(port, bytesOf(n + i)),
    );
    sockets.push(...await Promise.all(some));
  }
  return sockets;
}

function open(port: number, bytes: Uint8Array): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, () => resolve(socket)));
    socket.on("error", reject);
  });
}

/** When the first byte of the answer arrives. Rejects where the connection ends without one. */
function answerOf(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once("data", () => resolve(performance.timeOrigin + performance.now()));
    socket.once("close", () => reject(new Error("Cannot measure: the Ping was not answered")));
  });
}
