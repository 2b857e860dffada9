import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../mod.ts";
import { findCycle, levelsOf } from "../../../operators/graph/mod.ts";

Deno.test("steps of a level are in the order of the pipeline, each after all that it waits for", () => {
  const steps = [
    { id: "last", upstream: ["b", "a"] },
    { id: "b", upstream: ["y"] },
    { id: "a", upstream: ["x"] },
    { id: "x", upstream: [] },
    { id: "y", upstream: ["elsewhere"] },
  ];
  assertEquals(levelsOf(steps), [["x", "y"], ["b", "a"], ["last"]]);
  assertEquals(findCycle(steps), undefined);
  const cycle = [...steps, { id: "c", upstream: ["d"] }, { id: "d", upstream: ["c"] }];
  assertEquals(new Set(findCycle(cycle)), new Set(["c", "d"]));
  assertThrows(() => levelsOf(cycle), RegistryError, "is a cycle");
});
