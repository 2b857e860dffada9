import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { readLog, type StoredRegistry } from "../../../mod.ts";
import { createDays, meanings } from "./days.ts";

/** Returns the log without sizes and commits, which deletion removes. */
async function told(registry: StoredRegistry): Promise<unknown> {
  return (await Array.fromAsync(readLog(registry, "model"))).map((
    { event, version, alias, at },
  ) => [event, version, alias, at]);
}

async function checkPast(mutable: boolean): Promise<void> {
  const { at, on, open } = createDays();
  const registry = await open({ mutable });
  for (const day of [1, 3]) {
    on(day);
    await registry.save("model", `of day ${day}`);
  }
  on(4);
  await registry.setAlias("model", "production", "2");
  on(5);
  await registry.delete("model@2", { force: true });
  const days = [0, 1, 2, 3, 4, 5, 6].map(at);
  const before = await told(registry);
  for (let day = 6; day < 12; day++) {
    on(day);
    assertEquals(await meanings(registry, "model", days), [
      ...["none", "1.0.0", "1.0.0", "gone", "gone", "1.0.0", "1.0.0"],
    ]);
    assertEquals((await meanings(registry, "model@production", days)).slice(3), [
      "none",
      "gone",
      "gone",
      "gone",
    ]);
    assertEquals(await told(registry), before);
    await collectGarbage(registry);
  }
}

Deno.test("the past of an immutable registry survives garbage collection", () => checkPast(false));

Deno.test("the past of a mutable registry survives garbage collection", () => checkPast(true));

Deno.test("an overwritten version counts from its first save", async () => {
  const { at, on, open } = createDays();
  const registry = await open({ mutable: true });
  on(1);
  await registry.save("model", "low", { version: "1" });
  for (const day of [3, 5, 7]) {
    on(day);
    await registry.save("model", `of day ${day}`, { version: "2", onConflict: "overwrite" });
  }
  const days = [0, 2, 4, 6, 8, 10].map(at);
  for (let day = 8; day < 10; day++) {
    on(day);
    assertEquals(await meanings(registry, "model", days), [
      "none",
      "1.0.0",
      "gone",
      "gone",
      "2.0.0",
      "2.0.0",
    ]);
    await collectGarbage(registry);
  }
  await registry.delete("model@2");
  for (let day = 10; day < 13; day++) {
    on(day);
    assertEquals(await meanings(registry, "model", days), [
      "none",
      "1.0.0",
      "gone",
      "gone",
      "gone",
      "1.0.0",
    ]);
    await collectGarbage(registry);
  }
  on(13);
  await registry.save("model", "again", { version: "2", onConflict: "overwrite" });
  assertEquals(await meanings(registry, "model", [2, 8, 13].map(at)), ["1.0.0", "gone", "2.0.0"]);
});

Deno.test("a version exists from the end of its save, even after deletion", async () => {
  const { at, on, open } = createDays();
  const registry = await open();
  on(1);
  await registry.save("model", "low");
  const upload = async function* () {
    yield new Uint8Array(100_000);
    on(2.005); // seven minutes after it began
    yield await Promise.resolve(new Uint8Array(1));
  };
  on(2);
  const content = ReadableStream.from(upload());

  await registry.save("model", content);
  on(3);
  const between = [at(2.003)];
  assertEquals(await meanings(registry, "model", between), ["1.0.0"]);
  await registry.delete("model@2");
  assertEquals(await meanings(registry, "model", between), ["1.0.0"]);
});
