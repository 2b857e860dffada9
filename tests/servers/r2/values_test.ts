import { assertEquals } from "@std/assert";
import { createR2Backend } from "../../../backends/r2.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { openRegistry } from "../../../mod.ts";
import { saveStates, statesOf } from "../../registry/payload/weights/training.ts";
import { bundleWorker, startWorker } from "./run_worker.ts";

Deno.test({
  name: "a Worker reads Zstandard, and weights by values, but refuses to write them",
  // Miniflare keeps connections of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using worker = await startWorker(await bundleWorker("tests/servers/r2/values.ts"));
    const registry = await openRegistry(createR2Backend(await worker.proxy()), { cache: false });
    const states = statesOf(3), text = "a line\n".repeat(50_000);
    await saveStates(registry, states);
    await registry.save("packed", text, { compress: "zstd" });
    assertEquals(JSON.parse((await worker.fetch("/")).text), {
      digests: states.map((state) => sha256(state)),
      codes: ["Unsupported", "Unsupported"],
      text: sha256(text),
    });
  },
});
