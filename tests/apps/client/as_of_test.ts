import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { readLog, realSystem } from "../../../mod.ts";
import { startService } from "./service.ts";

Deno.test("asOf through a service gives what a ref meant then", async () => {
  const service = await startService();
  try {
    const registry = await service.open();
    await registry.save("a", "one");
    const { createdAt: first } = await registry.info("a");
    await registry.setAlias("a", "production", "1");
    const [{ createdAt: set }] = await Array.fromAsync(registry.history("a", "production"));
    strictEqual(await registry.load("a", { asOf: first }), "one");
    strictEqual((await registry.info("a@production", { asOf: set })).version, "1.0.0");
    const before = new Date(first.getTime() - 1);
    await rejects(registry.load("a", { asOf: before }), { code: "NotFound" });
    deepStrictEqual(
      await Promise.all(
        ["a", "a@1", "a@production"].map((ref) => registry.has(ref, { asOf: before })),
      ),
      [false, false, false],
    );
    strictEqual(await registry.has("a", { asOf: set }), true);
  } finally {
    await service.close();
  }
});

Deno.test("a service lists the log of a name, with deletions and removed aliases", async () => {
  const service = await startService();
  try {
    const registry = await service.open();
    await registry.save("a", "one");
    await registry.setAlias("a", "production", "1");
    await registry.deleteAlias("a", "production");
    await registry.save("a", "two");
    await registry.delete("a@2.0.0");
    const entries = await Array.fromAsync(readLog(registry, "a"));
    deepStrictEqual(entries, await Array.fromAsync(readLog(service.behind, "a")));
    const events = entries.map(({ event }) => event).sort(); // much happens in one millisecond
    deepStrictEqual(events, ["aliased", "deleted", "saved", "saved", "unaliased"]);
    deepStrictEqual(
      await Array.fromAsync(readLog(registry, "a", { limit: 2 })),
      entries.slice(0, 2),
    );
    await rejects(Array.fromAsync(readLog(registry, "none")), { code: "NotFound" });
  } finally {
    await service.close();
  }
});

Deno.test("a service reports an overwritten version as there since its first save", async () => {
  let now = realSystem.now();
  const system = { ...realSystem, now: () => now };
  const backend = createMemoryBackend({ system }); // its clock bounds the times of the log
  const service = await startService({ backend, mutable: true, system });
  try {
    const registry = await service.open();
    const saved = async (
      version: string,
      value: number,
      onConflict: "fail" | "overwrite" = "fail",
    ) => {
      now += 1_000;
      await registry.save("a", value, { version, onConflict });
      return (await registry.info(`a@${version}`)).createdAt;
    };
    const low = await saved("1", 1);
    const high = await saved("2", 2);
    await saved("2", 3, "overwrite");
    strictEqual((await registry.info("a", { asOf: low })).version, "1.0.0");
    await rejects(registry.info("a", { asOf: high }), {
      code: "NotFound",
      message: /was overwritten since/,
    });
  } finally {
    await service.close();
  }
});

Deno.test("through a service too, no other version is given in the place of one that was deleted since", async () => {
  const service = await startService();
  try {
    const registry = await service.open();
    await registry.save("a", "one");
    await registry.save("a", "two");
    const { createdAt: then } = await registry.info("a");
    const ticked = async () => (await registry.save("tick", 1)).createdAt;
    while (await ticked() <= then); // what happens in the same millisecond counts
    await registry.delete("a@2.0.0");
    for (const ref of ["a", "a@>=1"]) {
      await rejects(registry.load(ref, { asOf: then }), {
        code: "NotFound",
        message: /version 2.0.0 was deleted since/,
      });
    }
    strictEqual(await registry.load("a@^1", { asOf: then }), "one");
    await rejects(registry.load("none", { asOf: then }), {
      code: "NotFound",
      message: /it had no version yet/,
    });
  } finally {
    await service.close();
  }
});
