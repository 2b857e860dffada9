import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { completeRun } from "../../../operators/surface/run_ref.ts";

Deno.test("pipelines are completed, and then their runs", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["night:run", "noon:run", "noon:other"]) {
    for (const version of ["1.0.0", "2.0.0"]) await registry.save(name, 1, { version });
  }
  const cases: [typed: string, words: string][] = [
    ["n", "night noon"],
    ["noo", "noon noon@"],
    ["noon@", "noon@2 noon@1"],
    ["noon@1", "noon@1"],
  ];
  for (const [typed, words] of cases) {
    assertEquals((await completeRun(registry, typed)).join(" "), words, typed);
  }
});
