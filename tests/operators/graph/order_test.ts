import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../mod.ts";
import { findCycle, levelsOf } from "../../../operators/graph/order.ts";

Deno.test("levels keep the order of the pipeline", () => {
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

Deno.test("findCycle() returns a cycle in execution order", () => {
  const steps = [
    { id: "before", upstream: [] },
    { id: "a", upstream: ["before", "c"] },
    { id: "b", upstream: ["a"] },
    { id: "c", upstream: ["b"] },
  ];
  const cycle = findCycle(steps)!;
  assertEquals([cycle.length, cycle[0]], [4, cycle[3]]);
  for (const [index, id] of cycle.slice(0, 3).entries()) {
    assertEquals(
      steps.find((step) => step.id === cycle[index + 1])!.upstream.includes(id),
      true,
      cycle.join(" "),
    );
  }
});
