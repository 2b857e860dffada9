import { assert, assertEquals } from "@std/assert";
import { reachable, readModuleGraph } from "./support/module_graph.ts";
import { runDeno } from "./support/run_deno.ts";
import { tempRoot } from "./support/temp_root.ts";

Deno.test("importing the root fetches nothing but the std copies", async () => {
  const graph = await readModuleGraph(["mod.ts"]);
  const foreign = [...reachable(graph, "mod.ts")].filter((module) => /^(npm|jsr|https?):/.test(module));
  assertEquals(foreign.filter((module) => !["npm:deno-std", "npm:std-semver"].includes(module)), []);
});

Deno.test("importing the root loads the registry, two backends and the default materializers, and no more", async () => {
  const graph = await readModuleGraph(["mod.ts"]);
  const folders = new Set(
    [...reachable(graph, "mod.ts")].filter((module) => !module.includes(":")).map((path) => path.split("/")[0]),
  );
  assertEquals([...folders].sort(), ["backends", "core", "dev", "materializers", "mod.ts", "registry"]);
});

Deno.test("importing the root needs no permission", async () => {
  await using root = await tempRoot();
  const program = root.join("program.ts");
  const door = new URL("../mod.ts", import.meta.url).href;
  await Deno.writeTextFile(program, `import * as holdfast from "${door}"; console.log(typeof holdfast.openRegistry);`);
  const { code, stdout, stderr } = await runDeno(program, []);
  assert(code === 0, stderr);
  assertEquals(stdout, "function\n");
});
