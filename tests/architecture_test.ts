// Who may import whom, and the proofs that core stands alone.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";
import ts from "typescript";
import { plugins as manifest } from "../plugins/manifest.ts";
import { testApp } from "./kit_app.ts";
import { needs as needsOf } from "./needs.ts";
import { importsOf, root, type Source, sources, walk } from "./sources.ts";

const all = await sources();
const needs = new Map(manifest.map(({ id, needs }) => [id, needs ?? []]));
const packages: Record<string, string> = JSON.parse(
  await readFile(join(root, "deno.json"), "utf8"),
).imports;

/** Files that no product code is made of; they may import anything. A `_kit.ts` (or `_x_kit.ts`) serves a folder's tests. */
const apart = /^(?:tests|examples|scripts)\/|_test\.ts$|\/_(\w+_)?kit\.ts$/;

/** Packages that core is built on; any other belongs into a plugin. */
const corePackages = [
  "@hono/node-server",
  "commander",
  "hono",
  "lru-cache",
  "pino",
  "prom-client",
  "rate-limiter-flexible",
  "smol-toml",
  "valibot",
];

/** The import table: the first row that fits a file says what it may import from the project. */
const table: readonly {
  readonly files: RegExp;
  readonly mayImport: (to: string, files: RegExpExecArray) => boolean;
  /** Packages besides `node:`; absent: any of deno.json. */
  readonly packages?: readonly string[];
}[] = [
  { files: /^main\.ts$/, mayImport: (to) => /^(core|storage)\/|^plugins\/manifest\.ts$/.test(to) },
  { files: /^core\//, mayImport: (to) => to.startsWith("core/"), packages: corePackages },
  {
    files: /^storage\//,
    mayImport: (to) => /^core\/(database|clock|error|mod)\.ts$|^storage\//.test(to),
  },
  {
    files: /^plugins\/manifest\.ts$/,
    mayImport: (to) => /^plugins\/[^/]+\/plugin\.ts$|^core\/mod\.ts$/.test(to),
  },
  {
    files: /^plugins\/eas\/wbxml\//,
    mayImport: (to) => to.startsWith("plugins/eas/wbxml/"),
    packages: [],
  },
  {
    files: /^plugins\/mailbox\/backends\/([^/]+)\//,
    mayImport: (to, [, backend]) =>
      to === "core/mod.ts" ||
      /^plugins\/mailbox\/([^/]+\.ts$|(mime|search)\/|outbox\/(relay|smtp)\.ts$)/.test(to) ||
      to.startsWith(`plugins/mailbox/backends/${backend}/`),
  },
  {
    files: /^plugins\/([^/]+)\//,
    mayImport: (to, [, plugin]) =>
      to === "core/mod.ts" || to.startsWith(`plugins/${plugin}/`) ||
      needs.get(plugin!)?.some((other) => to === `plugins/${other}/api.ts`) === true,
  },
];

const isPackage = (to: string) => !/\.(ts|json|txt)$/.test(to);
const packageOf = (to: string) => to.split("/").slice(0, to.startsWith("@") ? 2 : 1).join("/");

test("every file imports only what the table allows", () => {
  const wrong: string[] = [];
  for (const source of all.filter(({ path }) => !apart.test(path))) {
    const row = table.find(({ files }) => files.test(source.path));
    assert.ok(row, `${source.path} has no row in the table`);
    const files = row.files.exec(source.path)!;
    for (const { to } of importsOf(source)) {
      if (to.startsWith("node:")) {
        if (row.packages?.length === 0) wrong.push(`${source.path} imports ${to}`);
        continue;
      }
      const fine = isPackage(to)
        ? row.packages?.includes(packageOf(to)) ?? true
        : row.mayImport(to, files);
      if (!fine) wrong.push(`${source.path} imports ${to}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("nothing imports a plugin.ts but the manifest, nor tests, examples and scripts", () => {
  const wrong: string[] = [];
  for (const source of all.filter(({ path }) => !apart.test(path))) {
    for (const { to } of importsOf(source)) {
      const plugin = /^plugins\/[^/]+\/plugin\.ts$/.test(to) &&
        source.path !== "plugins/manifest.ts";
      if (plugin || (!isPackage(to) && apart.test(to))) wrong.push(`${source.path} imports ${to}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("packages are those of deno.json, each with an exact version", () => {
  for (const source of all) {
    for (const { to } of importsOf(source)) {
      if (to.startsWith("node:") || to.startsWith("bun:") || !isPackage(to)) continue;
      assert.ok(packageOf(to) in packages, `${source.path} imports ${to}, not in deno.json`);
    }
  }
  for (const [name, specifier] of Object.entries(packages)) {
    assert.match(specifier, /^npm:(@[^@]+|[^@]+)@\d+\.\d+\.\d+(-[\w.]+)?$/, name);
  }
});

test("every plugin folder is in the manifest under its own name", async () => {
  const entries = await readdir(join(root, "plugins"), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  assert.deepEqual(manifest.map(({ id }) => id).sort(), folders.sort());
});

/** Names a file uses that it neither imports nor declares, out of `names`. */
function globalsOf(source: Source, names: ReadonlySet<string>): string[] {
  const found: string[] = [];
  const imported = new Set<string>();
  walk(source.tree, (node) => {
    if (ts.isImportClause(node) && node.name) imported.add(node.name.text);
    if (ts.isImportSpecifier(node)) imported.add(node.name.text);
    if (!ts.isIdentifier(node) || !names.has(node.text) || imported.has(node.text)) return;
    const { parent } = node;
    const isMember = (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
      (ts.isPropertyAssignment(parent) && parent.name === node) ||
      ts.isPropertySignature(parent);
    if (!isMember) found.push(`${source.path}: ${node.text}`);
  });
  return found;
}

test("only serve/ and the SQLite adapter name a runtime", () => {
  const allowed = /^core\/serve\/|^storage\/sqlite\//;
  const names = new Set(["Deno", "Bun", "process"]);
  const product = all.filter(({ path }) => !apart.test(path) && !allowed.test(path));
  assert.deepEqual(product.flatMap((source) => globalsOf(source, names)), []);
});

test("product code takes the time from a Clock", () => {
  // Below the Clock there is the machine: sockets that close, a busy disk, a server that is away.
  const below = /^core\/(clock\.ts$|serve\/)|^storage\//;
  const names = new Set(["setTimeout", "setInterval"]);
  const wrong: string[] = [];
  for (const source of all.filter(({ path }) => !apart.test(path) && !below.test(path))) {
    wrong.push(...globalsOf(source, names));
    if (importsOf(source).some(({ to }) => /^node:timers/.test(to))) {
      wrong.push(`${source.path}: node:timers`);
    }
    walk(source.tree, (node) => {
      const now = ts.isCallExpression(node) && node.expression.getText() === "Date.now";
      const date = ts.isNewExpression(node) && node.expression.getText() === "Date" &&
        !node.arguments?.length;
      if (now || date) wrong.push(`${source.path}: ${node.getText()}`);
    });
  }
  assert.deepEqual(wrong, []);
});

const checker = needsOf("Deno, for its type checker", "Deno" in globalThis);

test("core type-checks where there is no plugin", checker, async () => {
  const dir = await mkdtemp(join(tmpdir(), "navette-core-"));
  try {
    await cp(join(root, "core"), join(dir, "core"), { recursive: true });
    for (const name of ["deno.json", "deno.lock"]) await cp(join(root, name), join(dir, name));
    await symlink(join(root, "node_modules"), join(dir, "node_modules"));
    await promisify(execFile)(process.execPath, ["check", "core/mod.ts", "core/program.ts"], {
      cwd: dir,
      env: { ...process.env, NO_COLOR: "1" },
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test("an app without plugins starts and knows no address of theirs", async () => {
  const app = await testApp({ plugins: [] });
  try {
    assert.equal((await app.fetch("/Microsoft-Server-ActiveSync")).status, 404);
    assert.equal((await app.fetch("/healthz")).status, 200);
  } finally {
    await app.stop();
  }
});
