// Picks pages and errors for a reader who has not seen the code: `deno run -RE SCRIPT SEED`.
import ts from "npm:typescript@~5.9";
import { seededRandom } from "../support/scripted_system.ts";
import { EXPLORER_FOLDER, PRODUCT_FOLDERS, sourceFiles } from "../support/source_files.ts";

const PAGES = 6;
const ERRORS = 200;

/** Returns the errors of a source: `Cannot ACTION SUBJECT: STATE`, and the hint. */
function errorsOf(source: string): string[] {
  const errors: string[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    const [action, subject, state, hint] = ts.isObjectLiteralExpression(node)
      ? ["action", "subject", "state", "hint"].map((name) => member(node, name))
      : ts.isCallExpression(node) && /^(invalid|failed)$/.test(node.expression.getText())
      ? node.arguments.length > 2
        ? [node.arguments[0], undefined, node.arguments[1], node.arguments[2]]
        : [undefined, undefined, ...node.arguments]
      : [];
    if (state === undefined || !/^[^‹].* /.test(textOf(state))) return;
    const what = [action, subject].flatMap((part) => part === undefined ? [] : textOf(part));
    errors.push(
      `Cannot ${what.join(" ") || "…"}: ${textOf(state)}\n  hint: ${hint ? textOf(hint) : "…"}`,
    );
  };
  visit(ts.createSourceFile("a.ts", source, ts.ScriptTarget.Latest, true));
  return errors;
}

/** Returns the value of a property, unless it is that of a type. */
function member(node: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  const found = node.properties.find((property) => property.name?.getText() === name);
  if (found === undefined) return undefined;
  return ts.isPropertyAssignment(found)
    ? found.initializer
    : ts.isShorthandPropertyAssignment(found)
    ? found.name
    : undefined;
}

/** Returns the text of an expression, with `‹…›` for what the program fills in. */
function textOf(node: ts.Expression): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    const rest = node.templateSpans.map(({ expression, literal }) =>
      textOf(expression) + literal.text
    );
    return node.head.text + rest.join("");
  }
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right);
  if (ts.isParenthesizedExpression(node)) return textOf(node.expression);
  if (ts.isConditionalExpression(node)) {
    return `${textOf(node.whenTrue)} | ${textOf(node.whenFalse)}`;
  }
  const known = ts.isIdentifier(node) ? valueOf(node) : undefined;
  return known ?? `‹${node.getText().replace(/\s+/g, " ").slice(0, 40)}›`;
}

/** Returns the text of a constant of the same block or one around it. */
function valueOf(name: ts.Identifier): string | undefined {
  for (let at: ts.Node = name; at !== undefined; at = at.parent) {
    if (!ts.isBlock(at) && !ts.isSourceFile(at)) continue;
    for (const statement of at.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name: own, initializer } of statement.declarationList.declarations) {
        if (own.getText() === name.text && initializer && initializer !== name) {
          return textOf(initializer);
        }
      }
    }
  }
  return undefined;
}

function pick<T>(from: readonly T[], count: number, random: () => number): T[] {
  const left = [...from];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(Math.floor(random() * left.length), 1)[0],
  );
}

if (import.meta.main) {
  const random = seededRandom(Number(Deno.args[0] ?? 1));
  const pages = (await Array.fromAsync(Deno.readDir("docs"), ({ name }) => name))
    .filter((name) => name.endsWith(".md")).sort();
  console.log(
    `# Pages\nREADME.md\n${pick(pages, PAGES, random).map((name) => `docs/${name}`).join("\n")}`,
  );
  const errors: string[] = [];
  for (const path of await sourceFiles([...PRODUCT_FOLDERS, EXPLORER_FOLDER])) {
    errors.push(...errorsOf(await Deno.readTextFile(path)));
  }
  console.log(`\n# Errors and hints, ${ERRORS} of ${errors.length}`);
  for (const text of pick(errors, ERRORS, random)) console.log(`- ${text}`);
}
