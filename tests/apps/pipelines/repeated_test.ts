import { assertEquals } from "@std/assert";
import { createRepeated } from "../../../apps/pipelines/repeated.ts";

Deno.test("what is said again and again is said ever more seldom, until something else happens", () => {
  const repeated = createRepeated();
  const said = Array.from({ length: 100 }, () => repeated.count("refused")).filter((times) =>
    times !== undefined
  );
  assertEquals(said, [1, 2, 4, 8, 16, 32, 64]);
  assertEquals([repeated.count("timed out"), repeated.count("refused")], [1, 1]);
  repeated.reset();
  assertEquals([repeated.count("refused"), repeated.count("refused"), repeated.count("refused")], [
    1,
    2,
    undefined,
  ]);
});
