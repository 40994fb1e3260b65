// The same smoke suite for every packaging, and how soon the executable listens.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { run } from "../child.ts";
import { builds, packagings } from "./packagings.ts";
import { smoke } from "./smoke.ts";

const built = builds();

describe("packagings", () => {
  after(() => built.remove());

  for (const [name, prepare] of Object.entries(packagings(built))) smoke(name, prepare);

  test("the executable listens within 200 ms of its first start", async () => {
    const file = await built.executable();
    const took = await quickest(15, 200, () => startOf(file));
    assert.ok(took <= 200, `${took} ms`);
  });
});

/**
 * Milliseconds from the start of `file` in an empty folder until it listens: of its own processor time
 * where the system tells it (other tests run at the same time), else of the clock on the wall.
 */
async function startOf(file: string): Promise<number> {
  const cwd = await mkdtemp(join(tmpdir(), "navette-start-"));
  try {
    const begun = performance.now();
    const child = run(file, ["serve", "--listen", "127.0.0.1:0"], { cwd });
    await child.saw(/listens on/);
    const took = performance.now() - begun;
    const worked = await processorTimeOf(child.process.pid!);
    child.kill("SIGKILL");
    await child.ended;
    return worked ?? took;
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/** By Linux's /proc (proc(5): fields 14 and 15, in hundredths of a second); undefined elsewhere. */
async function processorTimeOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields && (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The best of several, until one is good enough: others may use the machine meanwhile. */
async function quickest(
  times: number,
  enough: number,
  measure: () => Promise<number>,
): Promise<number> {
  let best = Infinity;
  for (let time = 0; time < times && best > enough; time++) best = Math.min(best, await measure());
  return Math.round(best);
}
