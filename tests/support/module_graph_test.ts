import { assert, assertEquals, assertRejects } from "@std/assert";
import { findCycle, type ModuleGraph, reachable, readModuleGraph } from "./module_graph.ts";

const LINE: ModuleGraph = new Map([["a", ["b", "c"]], ["b", ["c"]], ["c", ["npm:d"]]]);

Deno.test("findCycle() names the way around, and finds none where two ways lead to one module", () => {
  assertEquals(findCycle(LINE), undefined);
  assertEquals(findCycle(new Map([...LINE, ["c", ["b"]]])), ["b", "c", "b"]);
  assertEquals(findCycle(new Map([["a", ["a"]]])), ["a", "a"]);
});

Deno.test("reachable() follows imports to their end", () => {
  assertEquals([...reachable(LINE, "b")], ["b", "c", "npm:d"]);
});

Deno.test("readModuleGraph() counts type-only imports and names packages without their version", async () => {
  const graph = await readModuleGraph(["core/record/record.ts", "core/naming/versions.ts"]);
  assert(graph.get("core/naming/versions.ts")!.includes("dev/std/semver/mod.ts"));
  assertEquals(graph.get("dev/std/semver/mod.ts"), ["npm:std-semver"]);
  assert(
    graph.get("core/bytes/bytes.ts")!.includes("core/backend.ts"),
    "imported for its types alone",
  );
});

Deno.test("readModuleGraph() fails where an import leads nowhere", async () => {
  await assertRejects(() => readModuleGraph(["core/none.ts"]), Error, "Module not found");
});
