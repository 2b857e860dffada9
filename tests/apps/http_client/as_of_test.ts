import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
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
    deepStrictEqual(await Promise.all(["a", "a@1", "a@production"].map((ref) => registry.has(ref, { asOf: before }))), [
      false,
      false,
      false,
    ]);
    strictEqual(await registry.has("a", { asOf: set }), true);
  } finally {
    await service.close();
  }
});
