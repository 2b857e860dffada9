// The lint rules of this house, for `deno lint`. Each says in `hint` what to do instead.
import { dirname, fromFileUrl, relative } from "@std/path";
import config from "../deno.json" with { type: "json" };

const ROOT = dirname(dirname(fromFileUrl(import.meta.url)));

/** The folders of the product: those that are published and have code. */
const FOLDERS = config.publish.include.filter((path) =>
  !/^(decisions|docs|python|tests\/.*|[A-Z]+)$|\./.test(path)
);
const PRODUCT = new RegExp(`^(mod\\.ts$|(${FOLDERS.join("|")})/)`);
/** Surfaces and their extensions, which may use timers and pass errors on. */
const SURFACES = /^(apps|extensions\/(gateways|sign_in|processes))\//;
/** Code that also runs on Node with its types stripped, and the tests that show it. */
const PORTABLE =
  /^(mod\.ts$|(core|disk|registry|backends|formats|materializers|extensions\/((runs|maintenance)(?!\/(commands|surface))|mirrors|transfers|verification))\/|tests\/(conformance|simulate|support|core|disk|registry|backends|formats|materializers|extensions\/((runs|maintenance)(?!\/(commands|surface|service))|mirrors|transfers|verification))\/)/;
/** Programs that measure real time, pages and tools: they read the world themselves. */
const WORLDLY = /^(core\/system\.ts$|explorer\/(src\/|build\.ts)|dev\/|examples\/|tests\/bench\/)/;

const WORLD = new Set([
  "Date.now",
  "performance.now",
  "Math.random",
  "crypto.randomUUID",
  "crypto.getRandomValues",
  "process.env",
  "Deno.env",
]);
const TIMERS = new Set(["setTimeout", "setInterval"]);
/** Globals that Node 22 does not have. */
const LATER_CLASSES = new Set([
  "AsyncDisposableStack",
  "DisposableStack",
  "SuppressedError",
  "URLPattern",
]);
const LATER_FUNCTIONS = new Set([
  "Error.isError",
  "Iterator.concat",
  "Math.f16round",
  "Math.sumPrecise",
  "Promise.try",
  "RegExp.escape",
  "Uint8Array.fromBase64",
  "Uint8Array.fromHex",
]);
const LATER_METHODS = /^(toBase64|toHex|setFromBase64|setFromHex|getOrInsert(Computed)?)$/;
const MESSAGE = /^[A-Z].*[^\s:]: \S(.*[^.\s])?$/s;

/** Words that readers stumble over, and what to write instead. */
const OUT: [RegExp, string][] = [
  [/\bjanitors?\b/i, "garbage collector, gc"],
  [/\bmend(s|ed)?\b/i, "fix"],
  [/\bwhoever\b/i, "the one who acts, by name"],
  [/\b(is|are|was|were|be|been) told\b/i, "receives, reports, learns"],
  [/\bhears?\b/i, "receives, is notified"],
  [/\bof (its|one's|their) own accord\b/i, "by itself"],
  [/\ba names? of (its|their) own\b/i, "a unique name"],
  [/(?<!\bthere )\bis no (?!longer\b|more\b|other\b|such\b|wider\b)[a-z]/i, "is not a …; invalid"],
  [/\bwhat is no [a-z]/i, "an invalid …"],
  [/\bvoid records?\b/i, "expired record"],
  [/\bdoors?\b/i, "entry point, export"],
];
/** Beginnings of a comment, and of the name of a test. */
const BEGINNING = /^[*\s]*(Who|Whoever|What|Where|Whether)\b/;
const NAME_BEGINNING = /^(who|whoever|what|where|whether) /i;

/**
 * For each rule, a pattern that finds all that it reports, and more. To walk through the tree of a file is the most expensive
 * part of a rule, so a rule skips files without a match.
 */
const TRACES = {
  later: new RegExp(
    [...LATER_CLASSES, ...[...LATER_FUNCTIONS].map((name) => name.replace(".", "\\."))].join("|") +
      "|\\.(to|setFrom)(Base64|Hex)\\b|\\.getOrInsert",
  ),
  world: new RegExp(
    [...WORLD].map((name) => name.replace(".", "\\.")).join("|") +
      "|\\bDate\\b|setTimeout|setInterval|node:timers/promises",
  ),
  defaultExport: /\bexport\s+default\b|\bexport\s*(?:type\s*)?\{[^}]*\bdefault\b/,
  otherError: /\bnew\s+(?!RegistryError\b)\w*(?:Error|Exception)\b/,
  message: /\bnew\s+RegistryError\b|\bfault\s*\(/,
  syntax: new RegExp(
    [
      /\busing\s+\w+\s*(?:=|:|of\b)/,
      /\benum\s+\w+\s*\{/,
      /\b(?:namespace|module)\s+["'\w.]+\s*\{|\bglobal\s*\{/,
      /\bconstructor\s*\([^]*\b(?:public|private|protected|readonly|override)\b/,
      /(?:^|[;(,)]|\bexport|\bdefault)\s*@[\w(]|\{\s*@(?!link)[\w(]/, // a decorator
    ].map(({ source }) => source).join("|"),
    "m",
  ),
  comment: /(?:\/\*|\/\/)[*\s]*(?:Who|Whoever|What|Where|Whether)\b/,
  testName: /["'](?:who|whoever|what|where|whether) /i,
  unfinished: /\b(?:TODO|FIXME|XXX|HACK)\b/,
};

type Context = Deno.lint.RuleContext;
type Node = Deno.lint.Node;

/** The rules. */
const plugin: Deno.lint.Plugin = {
  name: "holdfast",
  rules: {
    "injected-world": rule((path, context) => {
      if (WORLDLY.test(path) || !TRACES.world.test(context.sourceCode.text)) return {};
      const report = (node: Node, what: string) =>
        context.report({
          node,
          message: `${what} outside core/system.ts`,
          hint: "Take a System as an option, so that tests decide what time it is.",
        });
      const timersAllowed = SURFACES.test(path);
      return {
        MemberExpression(node) {
          const name = context.sourceCode.getText(node).replace(/^globalThis\./, "");
          if (WORLD.has(name)) report(node, name);
        },
        NewExpression(node) {
          if (nameOf(node.callee) === "Date" && node.arguments.length === 0) {
            report(node, "new Date()");
          }
        },
        CallExpression(node) {
          const name = nameOf(node.callee);
          if (TIMERS.has(name) && !timersAllowed) report(node, name);
        },
        ImportDeclaration(node) {
          if (node.source.value === "node:timers/promises") report(node, node.source.value);
        },
      };
    }),

    "no-default-export": rule((path, context) => {
      if (path === "examples/worker/worker.ts") return {}; // workerd asks for it
      if (!TRACES.defaultExport.test(context.sourceCode.text)) return {};
      const report = (node: Node) =>
        context.report({
          node,
          message: "Default export",
          hint: "Export it by the name of the file.",
        });
      return {
        ExportDefaultDeclaration: report,
        ExportSpecifier(node) {
          if (nameOf(node.exported) === "default") report(node);
        },
      };
    }),

    "registry-errors": rule((path, context) => {
      if (!PRODUCT.test(path) || SURFACES.test(path)) return {};
      if (!TRACES.otherError.test(context.sourceCode.text)) return {};
      return {
        NewExpression(node) {
          const name = nameOf(node.callee);
          if (name !== "RegistryError" && /(Error|Exception)$/.test(name)) {
            context.report({
              node,
              message: `new ${name}`,
              hint: "Everything fails with a RegistryError and its code.",
            });
          }
        },
      };
    }),

    "error-message": rule((path, context) => {
      if (!PRODUCT.test(path) || !TRACES.message.test(context.sourceCode.text)) return {};
      return {
        NewExpression(node) {
          if (nameOf(node.callee) !== "RegistryError") return;
          const message = textOf(node.arguments[0], "message");
          if (message !== undefined && !MESSAGE.test(message)) {
            context.report({
              node,
              message: `Error message ${JSON.stringify(message)} is not "Action, colon, state"`,
              hint: 'As in: Cannot save "a@1.0.0": version exists. What to do goes into `hint`.',
            });
          }
        },
        CallExpression(node) {
          if (nameOf(node.callee) !== "fault") return;
          const report = (message: string, hint: string) => context.report({ node, message, hint });
          const action = textOf(node.arguments[0], "action");
          if (action !== undefined && !/^[a-z](.*[^\s:])?$/s.test(action)) {
            report(`Action ${JSON.stringify(action)} does not continue "Cannot"`, "As in: save");
          }
          const state = textOf(node.arguments[0], "state");
          if (state !== undefined && !/^\S(.*[^.\s])?$/s.test(state)) {
            report(`State ${JSON.stringify(state)} ends with a full stop`, "As in: version exists");
          }
        },
      };
    }),

    "portable-syntax": rule((path, context) => {
      if (!PORTABLE.test(path) || !TRACES.syntax.test(context.sourceCode.text)) return {};
      const report = (what: string, hint: string) => (node: Node) =>
        context.report({
          node,
          message: `${what} in code that runs on Node with its types stripped`,
          hint,
        });
      return {
        "VariableDeclaration[kind=/using/]": report(
          "using",
          "Write try and finally, with `await it[Symbol.asyncDispose]()` at the end.",
        ),
        TSEnumDeclaration: report("enum", "Write a union of strings, or a constant object."),
        TSModuleDeclaration: report("namespace", "Write a module of its own."),
        TSParameterProperty: report("Parameter property", "Declare the field, and assign it."),
        Decorator: report("Decorator", "Call the function on the class or the value."),
      };
    }),

    "early-runtimes": rule((path, context) => {
      if (!PRODUCT.test(path) || !TRACES.later.test(context.sourceCode.text)) return {};
      const report = (node: Node, what: string) =>
        context.report({
          node,
          message: `${what} is not in Node 22`,
          hint: "Write it without, or ask first whether the runtime has it.",
        });
      return {
        NewExpression(node) {
          const name = nameOf(node.callee);
          if (LATER_CLASSES.has(name)) report(node, name);
        },
        CallExpression(node) {
          if (node.callee.type !== "MemberExpression") return;
          const method = nameOf(node.callee.property);
          const name = `${nameOf(node.callee.object)}.${method}`;
          if (LATER_FUNCTIONS.has(name)) report(node, name);
          else if (LATER_METHODS.test(method)) report(node, `${method}()`);
        },
      };
    }),

    "plain-english": rule((path, context) => {
      if (path === "dev/lint_plugin.ts" || path === "tests/dev/lint_plugin_test.ts") return {};
      const begins = (range: [number, number], message: string) => {
        const hint = "Begin with a noun or a verb: Options for `save`. Returns the newest version.";
        context.report({ range, message, hint });
      };
      const check = (text: string, range: [number, number]) => {
        for (const [out, instead] of OUT) {
          const word = text.match(out)?.[0];
          if (word === undefined) continue;
          context.report({ range, message: `"${word}" in a text`, hint: `Write: ${instead}.` });
        }
      };
      const { text } = context.sourceCode;
      const unescaped = text.replace(/\\[nrt]/g, " ");
      const hasWord = OUT.some(([out]) => out.test(unescaped));
      const mayName = /_test\.ts$|^tests\/conformance\//.test(path) && TRACES.testName.test(text);
      if (!hasWord && !mayName && !TRACES.comment.test(text)) return {};
      return {
        Program() {
          for (const { value, range } of context.sourceCode.getAllComments()) {
            check(value, range);
            if (BEGINNING.test(value)) {
              begins(range, "A comment that begins with a relative clause");
            }
          }
        },
        CallExpression({ arguments: [name] }) {
          if (!mayName || name?.type !== "Literal" || typeof name.value !== "string") return;
          if (/ .* /.test(name.value) && NAME_BEGINNING.test(name.value)) {
            begins(name.range, "The name of a test that begins with a relative clause");
          }
        },
        TemplateElement: ({ cooked, range }) => check(cooked, range),
        Literal({ value, range }) {
          if (typeof value === "string") check(value, range);
        },
      };
    }),

    "no-unfinished": rule((_path, context) => {
      if (!TRACES.unfinished.test(context.sourceCode.text)) return {};
      return {
        Program() {
          for (const comment of context.sourceCode.getAllComments()) {
            if (TRACES.unfinished.test(comment.value)) {
              context.report({
                range: comment.range,
                message: "Unfinished work in a comment",
                hint: "Finish it.",
              });
            }
          }
        },
      };
    }),
  },
};

// deno-lint-ignore holdfast/no-default-export -- Deno asks for it of a plugin
export default plugin;

function rule(visitor: (path: string, context: Context) => Deno.lint.LintVisitor): Deno.lint.Rule {
  return { create: (context) => visitor(pathOf(context.filename), context) };
}

function pathOf(filename: string): string {
  return filename.startsWith(ROOT) ? relative(ROOT, filename).replaceAll("\\", "/") : filename;
}

function nameOf(node: Node): string {
  return node.type === "Identifier" ? node.name : "";
}

/** The text of a property that is a literal or a template, with `x` for each expression. */
function textOf(argument: Node | undefined, name: string): string | undefined {
  if (argument?.type !== "ObjectExpression") return undefined;
  for (const property of argument.properties) {
    if (property.type !== "Property" || nameOf(property.key) !== name) continue;
    const { value } = property;
    if (value.type === "Literal" && typeof value.value === "string") return value.value;
    if (value.type === "TemplateLiteral") return value.quasis.map((part) => part.cooked).join("x");
  }
  return undefined;
}
