import { assertEquals } from "@std/assert";
import { tryEach } from "../../../../apps/cli/program/try_each.ts";
import { RegistryError } from "../../../../mod.ts";

const failure = (code: "NotFound" | "Unavailable", subject: string) =>
  new RegistryError({ code, action: "delete", subject, state: "no" });

/** Tries items that end in reverse order, as far as they run at once. */
async function tryItems(items: readonly (number | RegistryError)[], concurrency?: number) {
  const notes: string[] = [];
  const begun: unknown[] = [];
  let running = 0, most = 0;
  const act = async (item: number | RegistryError) => {
    begun.push(item);
    most = Math.max(most, ++running);
    for (let turns = 100 - 10 * begun.length; turns > 0; turns--) await Promise.resolve();
    running--;
    if (item instanceof RegistryError) throw item;
    return item * 10;
  };
  const context = { note: (text: string) => Promise.resolve(void notes.push(text)) };
  return { ...await tryEach(items, act, context, concurrency), notes, begun: begun.length, most };
}

Deno.test("items are tried one after the other, or so many at once, with results in order", async () => {
  const expected = { done: [10, 20, 30, 40, 50], failed: undefined, notes: [], begun: 5 };
  assertEquals(await tryItems([1, 2, 3, 4, 5]), { ...expected, most: 1 });
  assertEquals(await tryItems([1, 2, 3, 4, 5], 3), { ...expected, most: 3 });
});

Deno.test("a failure of one item stops no other: the first is thrown, the others are notes", async () => {
  const [a, b] = [failure("NotFound", "a"), failure("NotFound", "b")];
  for (const concurrency of [1, 4]) {
    const { done, failed, notes } = await tryItems([1, a, 2, b, 3], concurrency);
    assertEquals([done, failed, notes], [[10, 20, 30], { error: a }, [b.message]]);
  }
});

Deno.test("a failure of the store begins no other item, and shows what was done", async () => {
  const [one, store] = [failure("NotFound", "one"), failure("Unavailable", "store")];
  const inTurn = await tryItems([1, one, store, 2, 3]);
  assertEquals([inTurn.done, inTurn.failed, inTurn.notes], [[10], { error: store }, [one.message]]);
  assertEquals(inTurn.begun, 3);
  const atOnce = await tryItems([1, store, 2, 3, 4, 5], 2);
  assertEquals([atOnce.failed, atOnce.begun < 6], [{ error: store }, true]);
});
