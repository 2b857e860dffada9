// Cases of the suite for queues: cancellation.
import { deepStrictEqual } from "node:assert/strict";
import { aborted, createListener, job, type QueueCase } from "./queue_case.ts";
import { given } from "../given.ts";

export const cancellingCases: readonly QueueCase[] = [
  given("an unknown id is neither read, cancelled, retried nor removed", async ({ queue }) => {
    for (const id of ["nobody", "meta"]) {
      deepStrictEqual(await queue.get(id), undefined);
      await queue.cancel(id);
      deepStrictEqual([await queue.retry(id), await queue.remove(id)], [false, false]);
    }
    deepStrictEqual(await queue.list(), []);
  }),
  given("a cancelled waiting job never starts", async ({ queue, again }) => {
    await queue.add([job("gone", { attempts: 3 }), job("stays", { priority: 1 })]);
    await (await again()).cancel("gone", { reason: "not wanted" });
    const { state, reason } = (await queue.get("gone"))!;
    deepStrictEqual([state, reason], ["cancelled", "not wanted"]);
    const begun: string[] = [];
    const { onEvent, until } = createListener();
    await queue.work(({ id }) => void begun.push(id), { onEvent });
    await until("done", "stays");
    deepStrictEqual(begun, ["stays"]);
    deepStrictEqual((await queue.get("gone"))?.state, "cancelled");
  }),
  given("a cancelled running job is aborted, and not tried again", async ({ queue, again }) => {
    await queue.add(job("long", { attempts: 3, backoffMs: 1 }));
    const { onEvent, until, events } = createListener();
    const other = await again();
    await other.work(async ({ id }, { signal }) => {
      if (id === "long") await aborted(signal);
    }, { onEvent });
    await until("started");
    deepStrictEqual((await queue.get("long"))?.state, "running");
    await queue.cancel("long", { reason: "enough" });
    await until("cancelled");
    const { state, reason } = (await queue.get("long"))!;
    deepStrictEqual([state, reason], ["cancelled", "enough"]);
    await queue.add(job("next"));
    await until("done", "next");
    deepStrictEqual(events.filter(({ event }) => event === "started").length, 2);
  }),
  given("cancel() of a finished job changes nothing", async ({ queue }) => {
    await queue.add(job("done"));
    const { onEvent, until } = createListener();
    await queue.work(() => 7, { onEvent });
    await until("done");
    await queue.cancel("done");
    const { state, result } = (await queue.get("done"))!;
    deepStrictEqual([state, result], ["done", 7]);
  }),
];
