// Runs the tests and says in a last line what could not be tested, by name. Not called test.ts, which
// the test runner would take for a test and run again, in itself, without end.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { absentFile } from "../tests/needs.ts";

const dir = await mkdtemp(join(tmpdir(), "navette-absent-"));
const file = join(dir, "absent");
const args = ["test", "-A", "--parallel", ...process.argv.slice(2)];
const child = spawn(process.execPath, args, {
  stdio: "inherit",
  env: { ...process.env, [absentFile]: file },
});
const code = await new Promise<number>((resolve) => {
  child.once("close", (code) => resolve(code ?? 1));
});
const absent = new Set((await readFile(file, "utf8").catch(() => "")).split("\n").filter(Boolean));
await rm(dir, { recursive: true, force: true });
console.log(
  absent.size === 0
    ? "Nothing was skipped"
    : `Skipped for want of: ${[...absent].sort().join(", ")}`,
);
process.exit(code);
