// A service for the fuzzer, over a registry in memory with the given number of artifacts. Prints
// where it is, and ends with its standard input.
import { openRegistry } from "../mod.ts";
import { createHandler, listen } from "../apps/server.ts";
import { createMemoryQueue } from "../extensions/queues/memory.ts";
import { createJobsGateway } from "../extensions/queues/surface/jobs.ts";
import { dav } from "../extensions/gateways/dav/dav.ts";
import { createS3Gateway } from "../extensions/gateways/s3/s3_gateway.ts";
import { oci } from "../extensions/gateways/oci/oci.ts";
import { hub } from "../extensions/gateways/hub/hub.ts";
import { pipelines } from "../operators/surface/pipelines.ts";

const registry = await openRegistry("memory:");
for (let i = 0; i < Number(Deno.args[0]); i++) {
  await registry.save(`team/${i % 10}/artifact ${i}`, { i }, {
    metadata: { epochs: i % 10, by: "ann" },
  });
}
await registry.save("my:config", { depth: 12 });
await registry.setAlias("my:config", "production", "1.0.0");
const logger = { ...console, debug() {}, info() {} };
const handler = createHandler(registry, {
  logger,
  gateways: [createJobsGateway(createMemoryQueue()), hub, dav, createS3Gateway(), oci, pipelines],
});
const server = await listen(handler, { port: 0 });
console.log(server.url);
for await (const _ of Deno.stdin.readable) { /* until it ends */ }
await server.stop({ withinMs: 1000 });
