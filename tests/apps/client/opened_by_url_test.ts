import { assertEquals } from "@std/assert";
import { openHttpRegistry } from "../../../apps/client.ts";
import {
  asMap,
  deleteMany,
  loadMany,
  openRegistry,
  publishRelease,
  type Registry,
  saveMany,
} from "../../../mod.ts";
import { createMaterializers } from "../../../materializers/mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { startService } from "./service.ts";

/** The ways to open a service, which give the same registry. */
const WAYS: Record<string, (url: string) => Promise<Registry>> = {
  "openRegistry(url)": (url) => openRegistry(url),
  "openHttpRegistry(url)": (url) => openHttpRegistry(url, { materializers: createMaterializers() }),
};

for (const [way, open] of Object.entries(WAYS)) {
  Deno.test(`${way}: functions for many values, maps and batches work`, async () => {
    await using root = await tempRoot();
    await using running = await startPort();
    await using registry = await open(running.url);
    const saved = await saveMany(registry, [{ name: "a", value: 1 }, { name: "b", value: 2 }]);
    assertEquals(saved.succeeded, [0, 1]);
    const loaded = await loadMany(registry, ["a", "b", "c"]);
    assertEquals([loaded.succeeded, loaded.errors.get(2)?.code], [[0, 1], "NotFound"]);
    const map = asMap(registry);
    await map.update({ c: 3, d: 4 });
    assertEquals([await map.size(), await map.pop("d")], [4, 4]);
    await publishRelease(registry, "release", { a: "a", b: "b" });
    {
      await using batch = createBatch(registry);
      assertEquals((await batch.saveMany([{ name: "e", value: "five" }])).succeeded, [0]);
      assertEquals((await batch.loadMany(["a", "e"])).succeeded, [0, 1]);
      assertEquals((await batch.verifyMany([{ ref: "a" }])).succeeded, [0]);
      const to = root.join("e.txt");
      assertEquals((await batch.downloadMany([{ ref: "e", to }])).succeeded, [0]);
      assertEquals(await Deno.readTextFile(to), "five");
      assertEquals(batch.running, 0); // on this thread
    }
    assertEquals((await deleteMany(registry, ["e@1"])).succeeded, [0]);
    await map.clear({ allVersions: true, prefix: "c" });
    assertEquals(await Array.fromAsync(registry.names()), ["a", "b", "release"]);
  });
}

Deno.test("a registry behind a service has no store and nothing to clear", async () => {
  await using running = await startPort();
  await using registry = await openRegistry(running.url);
  assertEquals([registry.backend, "backend" in registry], [undefined, false]);
  if (registry.backend !== undefined) throw new Error("it has a store");
  assertEquals(typeof registry.service.log, "function"); // the type of one behind a service
  assertEquals(await registry.clearCache(), { files: 0, bytes: 0 });
  for (const name of Object.keys(registry)) void registry[name as keyof typeof registry];
});

async function startPort(): Promise<{ url: string } & AsyncDisposable> {
  const service = await startService();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, service.handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      await service.close();
      await server.shutdown();
    },
  };
}
