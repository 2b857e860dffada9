import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { saveRanged, storedPlaces } from "../../../registry/payload/ranges/ranged_versions.ts";
import { storeOf } from "../../../registry/payload/shared_bytes.ts";

Deno.test("a mirror copies no damaged file, in each way to store it", async () => {
  const backend = storeOf("memory");
  const registry = await openRegistry(backend, { cache: false });
  for (const file of await saveRanged(registry)) {
    const [name = "", version] = file.ref.split("@");
    const objects = Map.groupBy(await storedPlaces(backend, file), ({ key }) => key);
    for (const [place] of objects.values()) {
      const { key, offset, size } = place!;
      const right = (await (await backend.get(key))!.bytes()).slice();
      const at = offset + (size >> 1);
      await backend.put(key, right.with(at, right[at]! ^ 1));
      const mirror = await openRegistry(createMemoryBackend(), { cache: false });
      const { failures } = await mirrorRegistry(registry, mirror, { names: [name] });
      const failed = failures.find((failure) => failure.version === version);
      assertEquals(failed?.error.code, "Corrupt", `${file.path} of ${file.ref}`);
      assertEquals(await mirror.has(file.ref), false);
      await backend.put(key, right);
    }
  }
});
