import { assertEquals } from "@std/assert";
import { borderNames, reachedFiles } from "./graph_rows.ts";
import { restated } from "./limits.ts";
import { graphOf, longestChain, measures, ringsOf, ringsOfFolders } from "./measures.ts";
import { parseSource, type SourceFile } from "./source.ts";

function product(texts: Record<string, string>): Map<string, SourceFile> {
  const present = new Set(Object.keys(texts));
  return new Map(
    Object.entries(texts).map(([path, text]) => [path, parseSource(path, text, present)]),
  );
}

Deno.test("directories of a room that lead to each other are a ring, by types too", () => {
  const files = product({
    "core/disk/a.ts": `import { b } from "../text/b.ts";\n`,
    "core/disk/other.ts": "",
    "core/text/b.ts": `import type { Other } from "../disk/other.ts";\n`,
    "core/errors.ts": "",
    "registry/operations/save.ts": `import { fault } from "../core/errors.ts";\n`,
  });
  assertEquals(ringsOfFolders(files), [["core/disk/", "core/text/"]]);
});

Deno.test("children of a folder at any depth that lead to each other are a ring, by values", () => {
  const files = product({
    "apps/cli/program/run.ts": `import { save } from "../commands/save/save.ts";\n`,
    "apps/cli/commands/save/save.ts": `import { hint } from "../../program/hints.ts";\n`,
    "apps/cli/commands/load.ts": `import type { Save } from "./save/options.ts";\n`,
    "apps/cli/commands/save/options.ts": `import { load } from "../load.ts";\n`,
    "apps/cli/program/hints.ts": "",
    "apps/cli/values/a.ts": `import { b } from "./b.ts";\n`,
    "apps/cli/values/b.ts": `import { a } from "./a.ts";\n`,
  });
  assertEquals(ringsOfFolders(files), [
    ["apps/cli/commands/", "apps/cli/program/"],
    ["apps/cli/values/a.ts", "apps/cli/values/b.ts"],
  ]);
});

Deno.test("nodes outside of a ring are not told with it", () => {
  const graph = new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]], ["d", []]]);
  assertEquals(ringsOf(graph), [["b", "c"]]);
});

Deno.test("the longest chain counts values, and types only if asked", () => {
  const files = product({
    "core/a.ts": `import { b } from "./b.ts";\n`,
    "core/b.ts": `import type { C } from "./c.ts";\n`,
    "core/c.ts": "",
  });
  assertEquals(longestChain(graphOf(files, { types: false })), ["core/a.ts", "core/b.ts"]);
  assertEquals(longestChain(graphOf(files, { types: true })).length, 3);
});

Deno.test("branches of inner functions are theirs", () => {
  const { functions } = parseSource(
    "a.ts",
    "function outer(x?: number) {\n  if (x) return;\n  return [1].map((y) => y > 1 && y < 3 ? x ?? 1 : 2);\n}\n",
    new Set(),
  );
  assertEquals(functions.map(({ lines, branches }) => ({ lines, branches })), [
    { lines: 4, branches: 2 },
    { lines: 1, branches: 4 },
  ]);
});

Deno.test("files of registry/ that others import past its entry points are counted once", () => {
  const files = product({
    "registry/mod.ts": "",
    "registry/a.ts": "export const a = 1;\n",
    "apps/one.ts": `import { a } from "../registry/a.ts";\nimport "../registry/mod.ts";\n`,
    "apps/two.ts": `import { a } from "../registry/a.ts";\nfunction two() {}\n`,
  });
  const found = measures(files, ["registry/mod.ts"]).find(({ name }) =>
    name.includes("past entry")
  );
  assertEquals(found?.where, "registry/a.ts");
});

Deno.test("assertions that a value is present, and literals spread into a literal, are counted", () => {
  const text = "// a!\nconst a = { ...{ b, c }, d: e! };\n";
  const { assertions, spreads, code } = parseSource("a.ts", text, new Set());
  assertEquals({ assertions, spreads, code }, { assertions: 1, spreads: 1, code: 1 });
});

Deno.test("limits are restated where a goal is missed, with 2 % of slack", () => {
  const measured = [
    { name: "rings", value: 0, goal: 0 },
    { name: "files", value: 100, goal: 15 },
    { name: "rate", value: 7.25, goal: 5 },
  ];
  assertEquals(restated(measured), { files: 102, rate: 7.4 });
});

Deno.test("an extension is measured by what imports it, and by what it imports past the borders", () => {
  const files = product({
    "core/kernel.ts": "",
    "core/text/a.ts": "",
    "apps/extensions.ts": `import { dav } from "../extensions/gateways/dav/extension.ts";\n`,
    "apps/server/app.ts": `import { dav } from "../../extensions/gateways/dav/extension.ts";\n`,
    "extensions/gateways/dav/extension.ts":
      `import "../../../core/kernel.ts";\nimport "../../../core/text/a.ts";\nexport function dav() {}\n`,
  });
  const values = measures(files, []).filter(({ where }) => where === "extensions/gateways/dav/");
  assertEquals(values.map(({ name, value }) => [name, value]), [
    ["files that import an extension", 2],
    ["files past the borders that an extension imports", 1],
  ]);
});

Deno.test("the graph of the kernel follows values, calls if asked, and nothing that may be absent", () => {
  const files = product({
    "registry/open.ts":
      `import { a } from "../core/a.ts";\nimport type { T } from "../core/t.ts";\nawait import("./later.ts");\nimport "../extensions/x/x.ts";\n`,
    "registry/later.ts": "",
    "core/a.ts": "export const a = 1;\n",
    "core/t.ts": "export type T = 1;\n",
    "extensions/x/x.ts": "",
  });
  const isAbsent = (path: string) => path.startsWith("extensions/");
  const of = (lazy: boolean) => [
    ...reachedFiles(files, ["registry/open.ts"], { lazy, types: false, isAbsent }),
  ];
  assertEquals(of(false), ["registry/open.ts", "core/a.ts"]);
  assertEquals(of(true), ["registry/open.ts", "core/a.ts", "registry/later.ts"]);
});

Deno.test("names of borders are those that they export, and past them those that extensions take", () => {
  const files = product({
    "core/kernel.ts": `export { a, type B } from "./a.ts";\n`,
    "core/a.ts": "export const a = 1;\nexport type B = 1;\nexport function c() {}\n",
    "extensions/x/x.ts":
      `import { a } from "../../core/kernel.ts";\nimport { c } from "../../core/a.ts";\nimport type { B } from "../../core/a.ts";\n`,
    "apps/y.ts": `import { a } from "../core/a.ts";\n`,
  });
  const { borders, past } = borderNames(files, (path) => path.startsWith("extensions/"));
  assertEquals([...borders], [["core/kernel.ts", 2]]);
  assertEquals([...past], [["core/a.ts", 2]]);
});
