// Workers and queues that are closed while their server is away.
import { assertEquals } from "@std/assert";
import { realSystem, type System } from "../../../../core/system.ts";
import { openBullmqQueue } from "../../../../extensions/queues/bullmq.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";

const BOTH = ["redis", "postgres"] as const;
const job = (id: string) => ({ id, group: "g", kind: "k", data: null });

/** A system whose sleeps end soon. */
const quick: System = { ...realSystem, sleep: (_, signal) => realSystem.sleep(1, signal) };

for (const handBack of [false, true]) {
  const how = handBack ? " and its job is handed back" : "";
  programTest(`a worker is closed while its server is away${how}`, BOTH, async ({ kind, own }) => {
    await using server = await own();
    const queue = await openBullmqQueue(server.url, { system: quick });
    const begun = Promise.withResolvers<void>(), may = Promise.withResolvers<void>();
    const troubles: string[] = [];
    const worker = await queue.work(async (_, { signal, onProgress }) => {
      begun.resolve();
      signal.addEventListener("abort", () => may.reject(signal.reason));
      await may.promise;
      onProgress("sent to nobody");
      return null;
    }, {
      onEvent: (event) => void (event.event === "trouble" && troubles.push(event.reason)),
    });
    await queue.add(job("one"));
    await withoutHanging("the job begins", begun.promise);
    await server.kill();
    const closing = worker.close({ handBack });
    may.promise.catch(() => {});
    may.resolve();
    await withoutHanging("the worker closes", closing);
    await withoutHanging("it closes again", worker.close());
    await withoutHanging("the queue closes", queue.close());
    const left = troubles.filter((reason) => reason.startsWith("the queue does not answer"));
    if (kind === "redis") assertEquals(left.length, 1); // PostgreSQL refuses at once
  });
}

programTest("a program ends that closes its queue while the server is away", BOTH, async (to) => {
  await using server = await to.own();
  const child = spawnDeno("tests/extensions/queues/bullmq/close_queue.ts", [server.url], {
    permissions: ["-A"],
  });
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await withoutHanging("it is ready", lines.read())).value, "ready\n");
  await server.kill();
  await child.stdin.close();
  const { code } = await withoutHanging("it ends", child.status);
  assertEquals(code, 0);
  await Promise.all([lines.cancel(), child.stderr.cancel()]);
});
