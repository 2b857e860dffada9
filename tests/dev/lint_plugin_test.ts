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

Deno.test("injected-world refuses clock, randomness, environment and timers in the sources and in their tests", () => {
  for (const expression of READS_THE_WORLD) {
    assertEquals(
      broken("registry/save.ts", `const x = ${expression};`),
      ["injected-world"],
      expression,
    );
    assertEquals(broken("tests/registry/save_test.ts", `const x = ${expression};`), [
      "injected-world",
    ], expression);
  }
  assertEquals(
    broken("core/retry.ts", 'import { setTimeout as wait } from "node:timers/promises";'),
    ["injected-world"],
  );
});

Deno.test("injected-world leaves core/system.ts, programs that measure, and values that only look alike", () => {
  for (const expression of READS_THE_WORLD) {
    for (
      const path of [
        "core/system.ts",
        "dev/import_time.ts",
        "tests/bench/mod.ts",
        "examples/demo.ts",
      ]
    ) {
      assertEquals(broken(path, `const x = ${expression};`), []);
    }
  }
  assertEquals(
    broken("registry/save.ts", "const at = new Date(record.createdAt).getTime() + system.now();"),
    [],
  );
});

Deno.test("injected-world lets apps draw by a timer, and nothing more", () => {
  assertEquals(broken("apps/progress.ts", "const timer = setInterval(draw, 100);"), []);
  assertEquals(broken("apps/progress.ts", "const at = Date.now();"), ["injected-world"]);
});

Deno.test("no-default-export refuses a default export", () => {
  assertEquals(broken("core/naming/names.ts", "export default function names() {}"), [
    "no-default-export",
  ]);
  assertEquals(broken("core/naming/names.ts", "export { names as default };"), [
    "no-default-export",
  ]);
  assertEquals(broken("core/naming/names.ts", "export function names() {}"), []);
});

Deno.test("registry-errors refuses every other error in the library", () => {
  assertEquals(broken("core/naming/names.ts", 'throw new Error("no");'), ["registry-errors"]);
  assertEquals(broken("backends/local.ts", 'reject(new TypeError("no"));'), ["registry-errors"]);
  assertEquals(broken("mod.ts", 'throw new DOMException("no", "AbortError");'), [
    "registry-errors",
  ]);
  assertEquals(broken("core/naming/names.ts", "throw error;"), []);
  assertEquals(broken("tests/core/naming/names_test.ts", 'throw new Error("no");'), []);
});

Deno.test("error-message wants action, colon, state", () => {
  const failing = (message: string) =>
    broken("core/naming/names.ts", `new RegistryError({ code: "Invalid", ${message} });`);
  assertEquals(failing('message: "Cannot save: version exists"'), []);
  assertEquals(failing("message: `Cannot save ${shown(name)}: version exists`"), []);
  assertEquals(failing("message: `Cannot ${action}: ${state}`"), []);
  assertEquals(failing("message: words"), []);
  assertEquals(failing('message: "version exists"'), ["error-message"]);
  assertEquals(failing('message: "Cannot save, version exists"'), ["error-message"]);
  assertEquals(failing('message: "cannot save: version exists"'), ["error-message"]);
  assertEquals(failing('message: "Cannot save: version exists."'), ["error-message"]);
  assertEquals(failing("message: `Cannot save ${name}`"), ["error-message"]);
});

Deno.test("portable-syntax refuses what type stripping leaves behind", () => {
  const refused = [
    "{ using file = open(); }",
    "{ await using file = open(); }",
    "enum Kind { A }",
    "class A { constructor(private readonly b: string) {} }",
    "@sealed class A {}",
    "namespace A { export const b = 1; }",
  ];
  for (const source of refused) {
    assertEquals(broken("backends/local.ts", source), ["portable-syntax"], source);
    assertEquals(broken("tests/backends/local_test.ts", source), ["portable-syntax"], source);
    assertEquals(broken("apps/cli.ts", source), [], source);
  }
  assertEquals(
    broken("core/naming/names.ts", "const a = 1; class A { readonly #b: string = ''; }"),
    [],
  );
});

Deno.test("no-unfinished refuses notes to oneself, in comments only", () => {
  assertEquals(broken("core/naming/names.ts", "// TODO later\n/* FIXME */"), [
    "no-unfinished",
    "no-unfinished",
  ]);
  assertEquals(broken("core/naming/names.ts", 'const text = "TODO";'), []);
});
