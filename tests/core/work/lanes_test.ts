import { assertEquals } from "@std/assert";
import { createLanes } from "../../../core/work/lanes.ts";

Deno.test("tasks of a lane run in order, also after a failure; lanes are independent", async () => {
  const lanes = createLanes();
  const seen: string[] = [];
  const held = Promise.withResolvers<void>();
  const task = (name: string, until?: Promise<void>) => async () => {
    await until;
    seen.push(name);
    if (name === "a1") throw new Error("first");
    return name;
  };
  const all = Promise.allSettled([
    lanes("a", task("a1", held.promise)),
    lanes("a", task("a2")),
    lanes("b", task("b1")).then((name) => (held.resolve(), name)),
  ]);
  const ends = (await all).map((end) => end.status === "fulfilled" ? end.value : "failed");
  assertEquals(ends, ["failed", "a2", "b1"]);
  assertEquals(seen, ["b1", "a1", "a2"]);
});
