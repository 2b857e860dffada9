import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createRowKeys } from "../../../../apps/cli/batch/save_rows.ts";

Deno.test("a row has the same key wherever it stands, and another one in another run", () => {
  const rows = Array.from({ length: 5_000 }, (_, k) => ({ name: `n${k}`, value: k }));
  const keys = rows.map(createRowKeys("run"));
  assertEquals(new Set(keys).size, rows.length);
  const backwards = rows.toReversed().map(createRowKeys("run")).reverse();
  assertEquals(backwards, keys);
  assertNotEquals(createRowKeys("other")(rows[0]), keys[0]);
});

Deno.test("equal rows have keys by their number, whatever stands between them", () => {
  const [row, other] = [{ name: "a" }, { name: "b" }];
  const keyOf = createRowKeys("run");
  const [first, second, third] = [row, row, row].map(keyOf);
  assertEquals(new Set([first, second, third]).size, 3);
  const again = createRowKeys("run");
  again(other);
  assertEquals(again(row), first);
  again(other);
  assertEquals([again(row), again(row)], [second, third]);
});

Deno.test("keys can be idempotency keys", () => {
  assert(/^batch-[0-9a-f]{40}$/.test(createRowKeys("run")({ name: "a" })));
});
