import { createMemoryQueue } from "../../queues/memory.ts";
import { openQueue } from "../../queues/mod.ts";
import type { JobQueue } from "../../core/pipelines/queue.ts";
import { programTest } from "../support/servers/programs/program_tests.ts";
import { queueCases } from "./conformance.ts";

let made = 0;

for (const { name, run } of queueCases) {
  Deno.test(`memory queue: ${name}`, async () => {
    await using queue = createMemoryQueue();
    await run({ queue, again: () => Promise.resolve(queue) });
  });
  programTest(`queue: ${name}`, ["redis", "postgres"], async ({ shared }) => {
    const { url } = await shared();
    const place = `${url}?queue=case-${made++}`;
    const opened: JobQueue[] = [];
    const open = async () => {
      opened.push(await openQueue(place));
      return opened.at(-1)!;
    };
    try {
      await run({ queue: await open(), again: open });
    } finally {
      for (const queue of opened) await queue[Symbol.asyncDispose]();
    }
  });
}
