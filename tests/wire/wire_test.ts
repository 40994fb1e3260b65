// Golden conversations: each file of this folder is played in every version that it names.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { Version } from "../../plugins/eas/versions.ts";
import { el } from "../../plugins/eas/wbxml/mod.ts";
import { needs } from "../needs.ts";
import { root } from "../sources.ts";
import { parse, render } from "./conversation.ts";
import { play } from "./play.ts";
import { type Answered, canCheck, faults, schemas } from "./schemas.ts";

const folder = join(root, "tests", "wire");
const updating = process.env["NAVETTE_UPDATE_GOLDEN"] === "1";
const documents: Answered[] = [];

for (const name of (await readdir(folder)).filter((name) => name.endsWith(".txt")).sort()) {
  test(`the conversation ${name.slice(0, -4)}`, async () => {
    const path = join(folder, name);
    const text = await readFile(path, "utf8");
    const conversation = parse(text);
    const answers = conversation.steps.map(() => new Map<Version, string>());
    for (const version of conversation.versions) {
      const played = await play(conversation, version);
      documents.push(...played.documents.map((document) => ({ version, document })));
      played.answers.forEach((answer, step) => {
        if (answer !== undefined) answers[step]!.set(version, answer);
      });
    }
    const now = render(conversation, answers);
    if (updating && now !== text) await writeFile(path, now);
    else assert.equal(now, text);
  });
}

const checks = schemas === undefined
  ? needs("the published schemas (NAVETTE_SCHEMAS)", false, { optional: true })
  : needs("xmllint", await canCheck());

test("every answer fits the published schemas", checks, async () => {
  assert.ok(documents.length > 0);
  assert.deepEqual(await faults(documents), []);
});

test("the schemas would find a fault", checks, async () => {
  const wrong = el("Ping:Ping", el("Ping:Status", "soon"), el("Ping:Folders", el("Ping:Id", 1)));
  const right = el("Ping:Ping", el("Ping:Status", 1));
  assert.ok((await faults([{ version: "14.1", document: wrong }])).length > 0);
  assert.deepEqual(await faults([{ version: "14.1", document: right }]), []);
});
