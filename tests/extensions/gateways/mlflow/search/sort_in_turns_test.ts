// Sorts that give turns.
import { assertEquals, assertRejects } from "@std/assert";
import { sortInTurns } from "../../../../../extensions/gateways/mlflow/search/sort_in_turns.ts";
import { seededRandom } from "../../../../support/scripted_system.ts";

Deno.test("a sort in turns is a stable sort", async () => {
  const random = seededRandom(3);
  for (const length of [0, 1, 255, 256, 257, 1000, 5000]) {
    const items = Array.from({ length }, (_, at) => ({ key: Math.floor(random() * 50), at }));
    const compare = (a: { key: number }, b: { key: number }) => a.key - b.key;
    assertEquals(await sortInTurns(items, compare), items.toSorted(compare), `${length}`);
  }
});

Deno.test("a sort in turns ends with its client", async () => {
  const left = new AbortController();
  const items = Array.from({ length: 10_000 }, (_, at) => at);
  let compared = 0;
  const sorting = sortInTurns(items, (a, b) => {
    if (++compared === 500) left.abort(new Error("left"));
    return b - a;
  }, left.signal);
  await assertRejects(() => sorting, Error, "left");
  assertEquals(compared < 20_000, true);
});
