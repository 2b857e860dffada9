import { createMemoryQueue } from "../../../extensions/queues/memory.ts";
import { openQueue } from "../../../extensions/queues/mod.ts";
import type { JobQueue } from "../../../extensions/queues/queue.ts";
import { queueCases, runQueueCase, testQueue } from "../../conformance/queues.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";

const queues = new Map<string, JobQueue>();

testQueue(Deno.test, (name) => {
  const queue = queues.get(name) ?? createMemoryQueue();
  queues.set(name, queue);
  return Promise.resolve(queue);
}, { name: "memory queue" });

for (const [index, { name, run }] of queueCases.entries()) {
  programTest(`queue: ${name}`, ["redis", "postgres"], async ({ shared }) => {
    const { url } = await shared();
    await runQueueCase(run, () => openQueue(`${url}?queue=case-${index}`));
  });
}
