// The product's files, and what each is made of: imports, functions, interfaces.
import { readFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import ts from "npm:typescript@~5.9";
import { EXPLORER_FOLDER, PRODUCT_FOLDERS, sourceFiles } from "../support/source_files.ts";
import { REPOSITORY } from "../support/run_deno.ts";

export interface SourceFile {
  path: string;
  lines: number;
  /** Lines that are neither empty nor only a comment. */
  code: number;
  /** Non-null assertions: `value!`. */
  assertions: number;
  /** Literals that are spread into a literal: `{ ...{ a, b }, c }`. */
  spreads: number;
  /** Files of the product that this one imports, and whether a value is among what it takes. */
  imports: Map<string, ImportedNames>;
  /** Files of the product that it imports by calls. */
  lazy: Set<string>;
  /** Names that it exports. */
  exports: Set<string>;
  /** Packages and builtins that it imports. */
  outside: number;
  functions: FunctionShape[];
  interfaces: Map<string, InterfaceShape>;
}

export interface ImportedNames {
  value: boolean;
  /** The names, as the file exports them; `*` for all. */
  names: Set<string>;
}

export interface InterfaceShape {
  members: number;
  /** The interfaces that it extends. */
  bases: string[];
}

export interface FunctionShape {
  /** `registry/operations/save.ts:31 save` */
  at: string;
  lines: number;
  /** One, and one for each `if`, loop, `case`, `catch`, `?:`, `&&`, `||` and `??`; inner functions have their own. */
  branches: number;
}

/** Parses the whole product. */
export async function readProduct(): Promise<Map<string, SourceFile>> {
  const paths = [...await sourceFiles([...PRODUCT_FOLDERS, EXPLORER_FOLDER]), "mod.ts"];
  const present = new Set(paths);
  const files = await Promise.all(paths.map(async (path) => {
    return parseSource(path, await readFile(join(REPOSITORY, path), "utf8"), present);
  }));
  return new Map(files.map((file) => [file.path, file]));
}

/** Counts the lines that are neither empty nor only a comment. */
export function codeLines(text: string): number {
  return text.split("\n").filter((row) => /\S/.test(row) && !/^\s*(\/\/|\/?\*)/.test(row)).length;
}

/** @param present The files of the product: only imports of these count as its own. */
export function parseSource(
  path: string,
  text: string,
  present: ReadonlySet<string>,
): SourceFile {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const rows = text.split("\n").slice(0, -1);
  const file: SourceFile = {
    path,
    lines: rows.length,
    code: codeLines(text),
    assertions: 0,
    spreads: 0,
    imports: new Map(),
    lazy: new Set(),
    exports: new Set(),
    outside: 0,
    functions: [],
    interfaces: new Map(),
  };
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) {
      addImport(
        file,
        specifier,
        { typeOnly: isTypeOnly(node), names: importedNames(node) },
        present,
      );
    }
    const called = calledSpecifier(node);
    if (called !== undefined) {
      const target = join(dirname(path), called);
      if (present.has(target)) file.lazy.add(target);
    }
    for (const name of exportedNames(node)) file.exports.add(name);
    if (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) {
      file.functions.push(shapeOf(node as ts.FunctionLikeDeclaration, source));
    }
    if (ts.isNonNullExpression(node)) file.assertions++;
    if (ts.isSpreadAssignment(node) && ts.isObjectLiteralExpression(node.expression)) {
      file.spreads++;
    }
    if (ts.isInterfaceDeclaration(node)) {
      const bases = node.heritageClauses?.flatMap(({ types }) =>
        types.map(({ expression }) =>
          expression.getText(source)
        )
      ) ?? [];
      file.interfaces.set(node.name.text, { members: node.members.length, bases });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return file;
}

function specifierOf(node: ts.Node): string | undefined {
  const specifier = ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
    ? node.moduleSpecifier
    : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
    ? node.argument.literal
    : undefined;
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined;
}

/** Returns the specifier of an import that is a call. */
function calledSpecifier(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return;
  const [specifier] = node.arguments;
  return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined;
}

function importedNames(node: ts.Node): string[] {
  const named = ts.isExportDeclaration(node)
    ? node.exportClause && ts.isNamedExports(node.exportClause) && node.exportClause
    : ts.isImportDeclaration(node)
    ? node.importClause?.namedBindings && ts.isNamedImports(node.importClause.namedBindings) &&
      node.importClause.namedBindings
    : undefined;
  if (!named) return ["*"];
  return named.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

/** Returns the names that a statement exports; `*` and its file for all of another file. */
function exportedNames(node: ts.Node): string[] {
  if (ts.isExportDeclaration(node)) {
    const { exportClause, moduleSpecifier } = node;
    if (exportClause === undefined) return [`* ${moduleSpecifier?.getText()}`];
    return ts.isNamedExports(exportClause)
      ? exportClause.elements.map(({ name }) => name.text)
      : [exportClause.name.text];
  }
  const isExported = ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
  if (!isExported) return [];
  if (ts.isVariableStatement(node)) {
    return node.declarationList.declarations.map(({ name }) => name.getText());
  }
  const { name } = node as { name?: ts.Node };
  return name === undefined ? [] : [name.getText()];
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isExportDeclaration(node)) {
    const names = node.exportClause && ts.isNamedExports(node.exportClause)
      ? node.exportClause.elements
      : undefined;
    return node.isTypeOnly || (names?.every((name) => name.isTypeOnly) ?? false);
  }
  if (!ts.isImportDeclaration(node)) return true;
  const clause = node.importClause;
  if (clause === undefined) return false;
  const names = clause.namedBindings && ts.isNamedImports(clause.namedBindings)
    ? clause.namedBindings.elements
    : undefined;
  return clause.isTypeOnly ||
    (clause.name === undefined && (names?.every((name) => name.isTypeOnly) ?? false));
}

function addImport(
  file: SourceFile,
  specifier: string,
  { typeOnly, names }: { typeOnly: boolean; names: readonly string[] },
  present: ReadonlySet<string>,
): void {
  if (!specifier.startsWith(".")) {
    file.outside++;
    return;
  }
  const target = join(dirname(file.path), specifier);
  if (!present.has(target)) return;
  const known = file.imports.get(target);
  file.imports.set(target, {
    value: !typeOnly || (known?.value ?? false),
    names: new Set([...known?.names ?? [], ...names]),
  });
}

const BRANCHES = new Set<ts.SyntaxKind>([
  ts.SyntaxKind.IfStatement,
  ts.SyntaxKind.ConditionalExpression,
  ts.SyntaxKind.ForStatement,
  ts.SyntaxKind.ForOfStatement,
  ts.SyntaxKind.ForInStatement,
  ts.SyntaxKind.WhileStatement,
  ts.SyntaxKind.DoStatement,
  ts.SyntaxKind.CaseClause,
  ts.SyntaxKind.CatchClause,
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
]);

function shapeOf(node: ts.FunctionLikeDeclaration, source: ts.SourceFile): FunctionShape {
  let branches = 1;
  const count = (inner: ts.Node): void => {
    if (ts.isFunctionLike(inner)) return;
    if (BRANCHES.has(inner.kind)) branches++;
    ts.forEachChild(inner, count);
  };
  count(node.body!);
  const line = (position: number) => source.getLineAndCharacterOfPosition(position).line + 1;
  const first = line(node.getStart(source));
  const name = node.name?.getText(source) ?? "";
  return {
    at: `${source.fileName}:${first} ${name}`.trimEnd(),
    lines: line(node.end) - first + 1,
    branches,
  };
}
