import { assert, assertEquals } from "@std/assert";
import { createR2Backend } from "../../backends/r2.ts";
import { noise } from "../apps/captured_io.ts";
import { partOfRun } from "../support/seeds.ts";
import { bundleWorker, startWorker } from "./r2/run_worker.ts";

const AT_ONCE = 8;

Deno.test({
  name: "the R2 backend passes the conformance suites inside workerd",
  // Miniflare keeps connections of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(test) {
    await using worker = await startWorker(await bundleWorker("tests/servers/r2/worker.ts"));
    const all: string[] = JSON.parse((await worker.fetch("/")).text);
    const isOfRegistry = (name: string) => name.startsWith("registry on r2: ");
    // A registry sees no more of R2 than `Backend`: in CI a third of its suite a day.
    const registry = partOfRun(all.filter(isOfRegistry), 3);
    assert(registry.length > 20);
    const names = [...all.filter((name) => !isOfRegistry(name)), ...registry];
    for (let i = 0; i < names.length; i += AT_ONCE) {
      const started = names.slice(i, i + AT_ONCE).map((name) => {
        return { name, reply: worker.fetch(`/?test=${encodeURIComponent(name)}`) };
      });
      for (const { name, reply } of started) {
        await test.step(name, async () => {
          assertEquals(await reply, { status: 200, text: "passed" });
        });
      }
    }
  },
});

Deno.test({
  name: "the R2 backend takes large files outside workerd, from a proxy of the binding",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const nothing = "export default { fetch() {} };";
    await using worker = await startWorker(nothing);
    const backend = createR2Backend(await worker.proxy());
    const bytes = noise(9 * 2 ** 20) as Uint8Array<ArrayBuffer>;
    for (const size of [bytes.byteLength, undefined]) {
      const [key, body] = [`${size}`, new Blob([bytes]).stream()];
      const { written } = await backend.put(key, body, { mode: "create", size });
      const again = await backend.put(key, new Blob([bytes]).stream(), { mode: "create", size });
      assertEquals([written, again.written], [true, false]);
      assertEquals(await (await backend.get(key))?.bytes(), bytes);
    }
  },
});
