// The server in a process of its own, to be killed: `server_process.ts <database> <now> [<TOML>]`.
//
// It obeys `jump <ms>` on standard input and answers each line with one: the clock is the play's.
import process from "node:process";
import { createInterface } from "node:readline";
import { task } from "../../core/mod.ts";
import { silentLog } from "../../core/log.ts";
import { listen } from "../../core/serve/mod.ts";
import { runTasks } from "../../core/tasks.ts";
import { openSqlite } from "../../storage/sqlite/mod.ts";
import { jumpingClock } from "./clock.ts";
import { pluginsOf, programOn } from "./machine.ts";

const [file, now, text = ""] = process.argv.slice(2);
const clock = jumpingClock(Number(now));
// Where others hold the mail, they let people in.
const plugins = pluginsOf({ doors: text === "" });
const config = { smartsync: true, text };
const program = await programOn(await openSqlite(file!), clock, plugins, config);
const fetch = program.app();
runTasks(program.host.all(task), { clock, log: silentLog });
const { port } = await listen({ hostname: "127.0.0.1", port: 0, fetch });
console.log(`port ${port}`);
let jumps = 0;
for await (const line of createInterface({ input: process.stdin })) {
  await clock.jump(Number(line.split(" ")[1]));
  console.log(`jumped ${++jumps}`);
}
