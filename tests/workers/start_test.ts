// When a batch starts workers by itself.
import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import { wrapBackend } from "../../core/work/wrap_backend.ts";
import { openRegistry } from "../../mod.ts";
import { createBatch } from "../../workers/mod.ts";
import { testInRoot } from "../support/temp_root.ts";

const MIB = 1024 * 1024;

testInRoot("a batch into a bucket starts a worker only for much work", async (root) => {
  const running = async (isDisk: boolean, count: number, compress: "gzip" | "zstd" = "gzip") => {
    const path = root.join(`${isDisk} ${count} ${compress}`);
    const folder = createLocalBackend({ path, durability: "os", layout: "plain" });
    const backend = isDisk
      ? createLocalBackend({ path, durability: "os" })
      : wrapBackend(folder, { kind: "bucket", disk: undefined });
    const registry = await openRegistry(backend, { cache: false });
    const batch = createBatch(registry, { workers: 1, idleMs: 60_000 });
    const value = new Float32Array(MIB / 4);
    const entries = Array.from({ length: count }, (_, n) => {
      return { name: `n${n}`, value, compress };
    });
    assertEquals((await batch.saveMany(entries)).failed, []);
    const { running } = batch;
    await batch.close();
    await registry.close();
    return running;
  };
  assertEquals(await running(true, 8), 1);
  assertEquals(await running(false, 8), 0);
  assert(await running(false, 60) > 0);
  assertEquals(await running(false, 60, "zstd"), 0); // a quarter of the work of gzip
});
