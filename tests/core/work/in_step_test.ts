import { assertEquals } from "@std/assert";
import { inStep } from "../../../core/work/in_step.ts";

interface Item {
  at: number;
}

Deno.test("two sorted lists are read in step, and both end with the reader", async () => {
  const ended: string[] = [];
  const list = async function* (name: string, places: number[]): AsyncGenerator<Item> {
    try {
      for (const at of places) yield await Promise.resolve({ at });
    } finally {
      ended.push(name);
    }
  };
  const pairs = async (left: number[], right: number[], most = Infinity) => {
    const found: (number | undefined)[][] = [];
    const compare = (a: Item, b: Item) => a.at - b.at;
    for await (const [a, b] of inStep(list("left", left), list("right", right), compare)) {
      if (found.push([a?.at, b?.at]) === most) break;
    }
    return found;
  };
  assertEquals(await pairs([1, 3, 4], [2, 3, 5]), [
    [1, undefined],
    [undefined, 2],
    [3, 3],
    [4, undefined],
    [undefined, 5],
  ]);
  assertEquals(await pairs([], [1]), [[undefined, 1]]);
  assertEquals(await pairs([], []), []);
  assertEquals(ended.length, 6);
  assertEquals(await pairs([1, 2], [1, 2], 1), [[1, 1]]);
  assertEquals(ended.slice(6), ["left", "right"]);
});
