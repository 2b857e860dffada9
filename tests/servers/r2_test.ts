import { assertEquals } from "@std/assert";
import { bundleWorker, startWorker } from "./r2/run_worker.ts";

const AT_ONCE = 8;

Deno.test({
  name: "the R2 backend passes the conformance suites inside workerd",
  // Miniflare keeps connections of its own.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(test) {
    await using worker = await startWorker(await bundleWorker("tests/servers/r2/worker.ts"));
    const names: string[] = JSON.parse((await worker.fetch("/")).text);
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
