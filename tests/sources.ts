// The project's own sources, read and parsed: what the house tests look at.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The project's folder, absolute. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export interface Source {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

/** What a file imports: a path of the project, `node:…`, or the specifier of a package. */
export interface Import {
  readonly to: string;
  /** Types only: nothing is left of it at run time. */
  readonly types: boolean;
}

export interface FunctionSize {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
  /** It is a list of tests, not a function that somebody follows. */
  readonly holdsTests: boolean;
}

const folders = ["core", "plugins", "storage", "tests", "examples", "scripts"];

/** All TypeScript files of the project, sorted. */
export async function sources(): Promise<Source[]> {
  const top = (await readdir(root)).filter((name) => name.endsWith(".ts"));
  const found = await Promise.all(folders.map(async (folder) => await filesIn(join(root, folder))));
  const paths = [...top.map((name) => join(root, name)), ...found.flat()]
    .filter((path) => path.endsWith(".ts")).sort();
  return await Promise.all(paths.map(parsed));
}

/** All files below a folder; none where it does not exist. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) =>
    join(parentPath, name)
  );
}

async function parsed(path: string): Promise<Source> {
  const text = await readFile(path, "utf8");
  return {
    path: relative(root, path).split(sep).join("/"),
    text,
    tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true),
  };
}

/** Everything that a file imports, statically or not. */
export function importsOf({ path, tree }: Source): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, types: boolean) => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const { text } = specifier;
    const to = text.startsWith(".") ? posix.join(posix.dirname(path), text) : text;
    found.push({ to, types });
  };
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.isTypeOnly ?? false);
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
  });
  return found;
}

/** The functions of a file with their length in lines; those that only hold others too. */
export function functionsOf({ tree }: Source): FunctionSize[] {
  const found: FunctionSize[] = [];
  walk(tree, (node) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || !node.body) return;
    const first = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line;
    const last = tree.getLineAndCharacterOfPosition(node.end).line;
    found.push({
      name: nameOf(node),
      line: first + 1,
      lines: last - first + 1,
      holdsTests: /\b(test|it)\(\s*["`]/.test(node.body.getText()),
    });
  });
  return found;
}

function nameOf(node: ts.Node): string {
  if ("name" in node && node.name) return (node.name as ts.Node).getText();
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) {
    return parent.name.getText();
  }
  if (ts.isCallExpression(parent)) return `in ${parent.expression.getText().slice(0, 40)}()`;
  return "(anonymous)";
}

/** Calls `visit` with every node below `tree`. */
export function walk(tree: ts.Node, visit: (node: ts.Node) => void): void {
  ts.forEachChild(tree, (node) => {
    visit(node);
    walk(node, visit);
  });
}

/** The middle value; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
