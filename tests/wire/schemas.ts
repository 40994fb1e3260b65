// Checks answers against the published schemas, where they are at hand.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { atLeast, type Version } from "../../plugins/eas/versions.ts";
import { type Element, toXml } from "../../plugins/eas/wbxml/mod.ts";

const run = promisify(execFile);

/** The folder of the schemas: `NAVETTE_SCHEMAS`. They are not part of this repository. */
export const schemas = process.env["NAVETTE_SCHEMAS"];

/** Whether documents can be checked here. */
export async function canCheck(): Promise<boolean> {
  if (!schemas) return false;
  return await run("xmllint", ["--version"]).then(() => true, () => false);
}

/** An answer and the version that it was given in. */
export interface Answered {
  readonly version: Version;
  readonly document: Element;
}

/** What the schemas refuse although the specification wants it, and why. */
const known: readonly { until: Version; fault: RegExp; because: string }[] = [{
  until: "12.1",
  fault: /'\{GetItemEstimate\}Class': This element is not expected/,
  because: "12.1 repeats the class; the schemas are those of the newest version",
}, {
  until: "12.0",
  fault: /'\{AirSync\}Class': This element is not expected/,
  because: "12.0 says the class of a collection; the schemas are those of the newest version",
}, {
  until: "16.1",
  fault: /'\{AirSync\}ApplicationData': This element is not expected/,
  because:
    "MS-ASAIRS 2.2.2.14: the answer to a Change names new attachments; the schema forgets it",
}];

/** What is wrong with these documents by the schemas, one line each; nothing is right. */
export async function faults(answers: readonly Answered[]): Promise<string[]> {
  const dir = await mkdtemp(join(tmpdir(), "navette-xsd-"));
  try {
    const names = answers.map((_, index) => `${index}.xml`);
    await Promise.all(
      answers.map(({ document }, index) => writeFile(join(dir, names[index]!), toXml(document))),
    );
    const schema = join(resolve(schemas!), "all.xsd");
    const result = await run("xmllint", ["--noout", "--schema", schema, ...names], { cwd: dir })
      .catch((error: { stderr?: string; message: string }) => error);
    const lines = ("stderr" in result ? result.stderr ?? "" : String(result)).split("\n");
    const wrong = lines.filter((line) => /\berror\b/.test(line));
    return wrong.filter((line) => !isKnown(line, answers[parseInt(line)]?.version));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function isKnown(line: string, version: Version | undefined): boolean {
  return version !== undefined &&
    known.some(({ until, fault }) => atLeast(until, version) && fault.test(line));
}
