import "../../../../extensions/queues/bullmq/msgpackr_extract.ts"; // before BullMQ
import { assertEquals } from "@std/assert";
import { createPostgresBackend } from "npm:bullmq@^6";
import { realSystem } from "../../../../core/system.ts";
import { createPostgresStore } from "../../../../extensions/queues/bullmq/postgres.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { createListener } from "../../../conformance/queues/queue_case.ts";
import { setBullmqClock } from "./bullmq_clock.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";

const HOUR_MS = 3_600_000;
const job = (id: string) => ({ id, group: "g", kind: "k", data: null });

/** A machine whose clock is ahead, or behind. */
function openMachine(url: string, aheadMs: number) {
  const store = createPostgresStore(url);
  const options = { connection: store.connection, lockDuration: 60_000, stalledInterval: 1 };
  const backend = createPostgresBackend(store.queue, options as never, {});
  return {
    /** Sends a request of a worker with the time of this machine. */
    async send<T>(request: (server: typeof backend) => Promise<T>): Promise<T> {
      await backend.waitUntilReady();
      const ms = realSystem.now() + aheadMs;
      const restore = setBullmqClock(() => ms);
      const answer = request(backend); // reads the clock before it waits
      restore();
      return await answer;
    },
    async [Symbol.asyncDispose]() {
      await backend.close();
      await store.close();
    },
  };
}

programTest("a worker with a fast clock takes no jobs of others", "postgres", async (servers) => {
  const url = `${(await servers.shared()).url}?queue=fast`;
  await using queue = await openQueue(url);
  await queue.add(job("long"));
  const { onEvent, until, events } = createListener();
  const may = Promise.withResolvers<void>();
  await using _worker = await queue.work(() => may.promise, { onEvent });
  await until("started");
  await using fast = openMachine(url, HOUR_MS);
  const lost: string[] = [];
  for (let check = 0; check < 3; check++) {
    lost.push(...await fast.send((server) => server.moveStalledJobsToWait()));
  }
  may.resolve();
  await until("done");
  assertEquals(lost, []);
  assertEquals(events.filter(({ event }) => event === "started").length, 1);
});

programTest("a worker with a slow clock keeps its jobs", "postgres", async (servers) => {
  const url = `${(await servers.shared()).url}?queue=slow`;
  await using queue = await openQueue(url);
  await queue.add([job("a"), job("b")]);
  await using slow = openMachine(url, -HOUR_MS);
  const [taken, id] = (await slow.send((server) => server.moveToActive("token")))!;
  const ahead = realSystem.now() - (taken as { processedOn: number }).processedOn;
  assertEquals(Math.round(ahead / HOUR_MS), 1, "BullMQ compares it with its own clock");
  await using right = openMachine(url, 0);
  const check = () => right.send((server) => server.moveStalledJobsToWait());
  assertEquals([id, await check(), await check(), await check()], ["a", [], [], []]);
  const lost = await slow.send((server) => server.extendLocks(["a"], ["token"], 60_000));
  assertEquals([lost, await check(), await check()], [[], [], []]);
});
