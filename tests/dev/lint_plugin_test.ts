import { assertEquals } from "@std/assert";
import plugin from "../../dev/lint_plugin.ts";

/** The rules that a source breaks, in the order of the text. */
function broken(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map(({ id }) => id.replace("holdfast/", ""));
}

const READS_THE_WORLD = [
  "Date.now()",
  "new Date()",
  "performance.now()",
  "Math.random()",
  "crypto.randomUUID()",
  "globalThis.crypto.getRandomValues(bytes)",
  "process.env.HOME",
  'Deno.env.get("HOME")',
  "setTimeout(done, 10)",
  "setInterval(done, 10)",
];
const LEFT_BY_STRIPPING = [
  "{ using file = open(); }",
  "{ await using file = open(); }",
  "for (using file of files) read(file);",
  "enum Kind { A }",
  "class A { constructor(private readonly b: string) {} }",
  "class A { constructor(a = {}, private readonly b: string) {} }",
  "@sealed class A {}",
  "export @sealed class A {}",
  "namespace A { export const b = 1; }",
];
const fails = (message: string) => `new RegistryError({ code: "Invalid", ${message} });`;

/** Sources that break a rule where they are in these files, and are fine in the others. */
const CASES: [rule: string, sources: string[], bad: string[], good: string[]][] = [
  [
    "injected-world",
    READS_THE_WORLD.map((expression) => `const x = ${expression};`),
    [
      "registry/operations/save.ts",
      "extensions/neighbors/mindtrace/mindtrace.ts",
      "tests/registry/save_test.ts",
    ],
    [
      "core/system.ts",
      "explorer/src/app.ts",
      "dev/npm.ts",
      "tests/bench/mod.ts",
      "examples/demo.ts",
    ],
  ],
  ["injected-world", ['import { setTimeout } from "node:timers/promises";'], ["core/retry.ts"], []],
  ["injected-world", ["const timer = setInterval(draw, 1);"], ["core/a.ts"], ["apps/progress.ts"]],
  ["injected-world", ["const at = Date.now();"], ["apps/progress.ts"], []],
  [
    "injected-world",
    ["const at = new Date(record.createdAt).getTime() + system.now();"],
    [],
    ["registry/operations/save.ts"],
  ],
  [
    "no-default-export",
    [
      "export default function names() {}",
      "export { names as default };",
      "export {\n  ids,\n  names as default,\n};",
    ],
    ["core/naming/names.ts"],
    [],
  ],
  ["no-default-export", ["export function names() {}"], [], ["core/naming/names.ts"]],
  [
    "registry-errors",
    ['throw new Error("no");', 'reject(new TypeError("no"));', "throw new DOMException();"],
    [
      "core/naming/names.ts",
      "backends/local.ts",
      "extensions/neighbors/mindtrace/mindtrace.ts",
      "mod.ts",
    ],
    ["tests/core/naming/names_test.ts"],
  ],
  ["registry-errors", ["throw error;"], [], ["core/naming/names.ts"]],
  [
    "error-message",
    [
      fails('message: "version exists"'),
      fails('message: "Cannot save, version exists"'),
      fails('message: "cannot save: version exists"'),
      fails('message: "Cannot save: version exists."'),
      fails("message: `Cannot save ${name}`"),
      'fault({ action: "Save", state: "version exists" });',
      'fault({ action: "save", state: "version exists." });',
    ],
    ["core/naming/names.ts"],
    [],
  ],
  [
    "error-message",
    [
      fails('message: "Cannot save: version exists"'),
      fails("message: `Cannot save ${shown(name)}: version exists`"),
      fails("message: words"),
      'fault({ action: "save", state: "version exists" });',
    ],
    [],
    ["core/naming/names.ts"],
  ],
  [
    "portable-syntax",
    LEFT_BY_STRIPPING,
    ["backends/local.ts", "tests/backends/local_test.ts"],
    ["apps/cli.ts"],
  ],
  ["portable-syntax", ["class A { readonly #b: string = ''; }"], [], ["core/naming/names.ts"]],
  [
    "early-runtimes",
    [
      "const stack = new AsyncDisposableStack();",
      "const pattern = new RegExp(RegExp.escape(text));",
      "const text = bytes.toBase64();",
      "const made = Promise.try(make);",
    ],
    ["apps/a.ts", "operators/a.ts", "extensions/signatures/a.ts", "core/a.ts"],
    ["dev/a.ts", "tests/core/a_test.ts", "explorer/src/a.ts"],
  ],
  [
    "early-runtimes",
    ["const has = bytes.toBase64 !== undefined;", "const name = toHex(bytes);"],
    [],
    ["core/a.ts"],
  ],
  ["no-unfinished", ["// TODO later\n", "/* FIXME */"], ["core/naming/names.ts"], []],
  ["no-unfinished", ['const text = "TODO";'], [], ["core/naming/names.ts"]],
  [
    "plain-english",
    [
      "// What a save returns.\n",
      "/** Who may read. */",
      'const hint = "Mend it.";',
      "`a ${door} door`;",
      'const hint = "No space.\\nMend it.";',
    ],
    ["core/a.ts", "tests/core/a_test.ts", "dev/a.ts", "examples/a.ts"],
    [],
  ],
  ["plain-english", ['Deno.test("what is saved is kept", () => {});'], ["tests/a_test.ts"], [
    "core/a.ts",
  ]],
  [
    "plain-english",
    [
      "// Returns what a save has stored.\n",
      'const state = "there is no name";',
    ],
    [],
    ["core/a.ts", "tests/core/a_test.ts"],
  ],
];

Deno.test("each rule refuses what it is for, where it is for that, and nothing else", () => {
  for (const [rule, sources, bad, good] of CASES) {
    for (const source of sources) {
      for (const path of bad) assertEquals(broken(path, source), [rule], `${path}: ${source}`);
      for (const path of good) assertEquals(broken(path, source), [], `${path}: ${source}`);
    }
  }
});
