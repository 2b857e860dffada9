import { assertEquals } from "@std/assert";
import { openQueue } from "../../../extensions/queues/mod.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";
import { withoutHanging } from "../../support/without_hanging.ts";
import { createListener } from "../../conformance/queues/queue_case.ts";

function startWorker(
  url: string,
  how: "stay" | "end",
): { child: Deno.ChildProcess; until(line: string): Promise<void> } {
  const child = spawnDeno("tests/extensions/queues/kill_worker.ts", [url, how], {
    permissions: ["-A"],
  });
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let output = "";
  return {
    child,
    async until(line) {
      while (!`\n${output}`.includes(`\n${line}\n`)) {
        const { done, value } = await withoutHanging(`${line} of ${how}`, lines.read());
        if (done) throw new Error(`The worker ended without "${line}": ${output}`);
        output += value;
      }
    },
  };
}

async function kill({ child }: { child: Deno.ChildProcess }): Promise<void> {
  child.kill("SIGKILL");
  await child.status;
  await Promise.all([child.stdin.close().catch(() => {}), child.stderr.cancel()]);
}

const KINDS = ["redis", "postgres"] as const;
const job = (id: string) => ({ id, group: "g", kind: "k", data: null });

programTest("the job of a killed worker restarts", KINDS, async (servers) => {
  const url = `${(await servers.shared()).url}?queue=killed`;
  await using queue = await openQueue(url);
  await queue.add(job("long"));
  for (let round = 1; round <= 2; round++) {
    const worker = startWorker(url, "stay");
    await worker.until("begun long");
    await kill(worker);
  }
  const { onEvent, until } = createListener();
  await using _worker = await queue.work(() => "by the third", { onEvent });
  await until("done", "long");
  assertEquals((await queue.get("long"))?.result, "by the third");
});

programTest("a job that kills its workers fails", KINDS, async (servers) => {
  const url = `${(await servers.shared()).url}?queue=poison`;
  await using queue = await openQueue(url);
  await queue.add(job("poison"));
  for (let round = 1; round <= 3; round++) {
    const worker = startWorker(url, "stay");
    await worker.until("begun poison");
    await kill(worker);
  }
  const { onEvent, until, untilFailed, events } = createListener();
  await using _worker = await queue.work(() => "harmless now", { onEvent });
  const reason = "it ran in 3 workers that were lost";
  assertEquals(await untilFailed(), {
    event: "failed",
    id: "poison",
    group: "g",
    reason,
    again: false,
  });
  const { state, takenOver, ...failed } = (await queue.get("poison"))!;
  assertEquals([state, takenOver, failed.reason], ["failed", 3, reason]);
  assertEquals(events.filter(({ event }) => event === "started"), []);
  assertEquals(await queue.retry("poison"), true);
  await until("done", "poison");
});

programTest("jobs survive a kill of their server, and workers go on", KINDS, async (servers) => {
  await using server = await servers.own();
  await using queue = await openQueue(server.url);
  const ids = Array.from({ length: 50 }, (_, index) => `job-${index}`);
  await queue.add(ids.map(job));
  const { onEvent, until } = createListener();
  const began = Promise.withResolvers<void>();
  const may = Promise.withResolvers<void>();
  await using _worker = await queue.work(async () => {
    began.resolve();
    await may.promise;
  }, { concurrency: 4, onEvent });
  await began.promise;
  await server.kill();
  await server.start();
  may.resolve();
  await Promise.all(ids.map((id) => until("done", id)));
  const jobs = await queue.list();
  assertEquals([jobs.length, jobs.filter(({ state }) => state === "done").length], [50, 50]);
});
