/**
 * The conformance suite of queues: cases as data. Each gets a queue with nothing in it.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import type { JobQueue, NewJob, WorkerEvent } from "../../core/pipelines/queue.ts";

/** What a case works with. */
export interface QueueCaseContext {
  /** The queue, empty. */
  queue: JobQueue;
  /** The same queue, as another process would have it; disposed by the suite. */
  again(): Promise<JobQueue>;
}

/** A case. */
export interface QueueCase {
  /** A sentence on behaviour. */
  name: string;
  /** Throws where it does not hold. */
  run(context: QueueCaseContext): Promise<void>;
}

const job = (id: string, more: Partial<NewJob> = {}): NewJob => ({ id, group: "g", kind: "k", data: id, ...more });

/** Hears a worker, and lets a test wait for what it tells. */
export function createListener(): {
  onEvent(event: WorkerEvent): void;
  until(event: WorkerEvent["event"], id?: string): Promise<WorkerEvent>;
  heard: WorkerEvent[];
} {
  const heard: WorkerEvent[] = [];
  const waiting: { event: string; id?: string; resolve(event: WorkerEvent): void }[] = [];
  const fits = (told: WorkerEvent, event: string, id?: string) =>
    told.event === event && (id === undefined || ("id" in told && told.id === id));
  return {
    heard,
    onEvent(told) {
      heard.push(told);
      for (const entry of waiting) if (fits(told, entry.event, entry.id)) entry.resolve(told);
    },
    until(event, id) {
      const before = heard.find((told) => fits(told, event, id));
      if (before !== undefined) return Promise.resolve(before);
      return new Promise((resolve) => waiting.push({ event, id, resolve }));
    },
  };
}

/** A promise of the moment when a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** Every case of the contract of a queue. */
export const queueCases: readonly QueueCase[] = [
  {
    name: "a job reaches a handler as it was added, and what that returns is kept",
    async run({ queue, again }) {
      const data = { text: "é ☂", list: [1, null, true, 2.5], deep: { a: { b: [] } } };
      await queue.add({ id: "a.1_b-C", group: "my pipeline@3", kind: "step", data });
      assertEquals((await queue.get("a.1_b-C"))?.state, "waiting");
      const { onEvent, until } = createListener();
      await using _worker = await (await again()).work((taken) => ({ taken: { ...taken } }), { onEvent });
      await until("done");
      const taken = { id: "a.1_b-C", group: "my pipeline@3", kind: "step", data };
      assertEquals(await queue.get("a.1_b-C"), { ...taken, state: "done", result: { taken } });
    },
  },
  {
    name: "an id that is known is the same job: the first counts, waiting or done",
    async run({ queue }) {
      await queue.add(job("one", { data: 1 }));
      await queue.add(job("one", { data: 2 }));
      const { onEvent, until } = createListener();
      const seen: unknown[] = [];
      await using _worker = await queue.work(({ data }) => void seen.push(data), { onEvent });
      await until("done", "one");
      await queue.add([job("one", { data: 3 }), job("two", { data: 4 })]);
      await until("done", "two");
      assertEquals(seen, [1, 4]);
      assertEquals((await queue.list()).length, 2);
    },
  },
  {
    name: "what no queue can keep is refused, and nothing of it is added",
    async run({ queue }) {
      for (const id of ["", "a:b", "12", "a b", "x".repeat(201), "é"]) {
        await assertRejects(() => queue.add([job("fine"), job(id)]), RegistryError, "Cannot add job");
      }
      const wrong: Partial<NewJob>[] = [{ priority: -1 }, { priority: 0.5 }, { attempts: 0 }, { delayMs: -1 }];
      for (const data of [1n, () => {}, undefined, NaN, { when: new Date(0) }]) wrong.push({ data: data as never });
      for (const name of ["id", "group", "kind"]) wrong.push({ [name]: undefined });
      for (const more of wrong) {
        const error = await assertRejects(() => queue.add([job("fine"), job("a", more)]), RegistryError);
        assertEquals(error.code, "Invalid");
      }
      assertEquals(await queue.list(), []);
    },
  },
  {
    name: "an unknown id is nothing: it cannot be read, and cancelling or removing it changes nothing",
    async run({ queue }) {
      assertEquals(await queue.get("nobody"), undefined);
      await queue.cancel("nobody");
      assertEquals(await queue.remove("nobody"), false);
      assertEquals(await queue.list(), []);
    },
  },
  {
    name: "the lowest priority is first, equal ones in the order they came",
    async run({ queue }) {
      await queue.add([job("c", { priority: 7 }), job("d", { priority: 9 })]);
      await queue.add([job("a"), job("b"), job("c2", { priority: 7 })]);
      const order: string[] = [];
      const { onEvent, until } = createListener();
      await using _worker = await queue.work(({ id }) => void order.push(id), { onEvent });
      await until("done", "d");
      assertEquals(order, ["a", "b", "c", "c2", "d"]);
    },
  },
  {
    name: "a delayed job is begun after others that came later",
    async run({ queue }) {
      await queue.add(job("late", { delayMs: 300 }));
      assertEquals((await queue.get("late"))?.state, "delayed");
      await queue.add(job("soon"));
      const order: string[] = [];
      const { onEvent, until } = createListener();
      await using _worker = await queue.work(({ id }) => void order.push(id), { onEvent });
      await until("done", "late");
      assertEquals(order, ["soon", "late"]);
    },
  },
  {
    name: "a worker does as many jobs at once as it may, and no more",
    async run({ queue }) {
      await queue.add(["a", "b", "c", "d", "e", "f"].map((id) => job(id)));
      let now = 0;
      let most = 0;
      const three = Promise.withResolvers<void>();
      const { onEvent, until } = createListener();
      await using worker = await queue.work(async () => {
        most = Math.max(most, ++now);
        if (now === 3) three.resolve();
        await three.promise;
        now--;
      }, { concurrency: 3, onEvent });
      for (const id of ["a", "b", "c", "d", "e", "f"]) await until("done", id);
      await worker.close();
      assertEquals(most, 3);
      assertEquals(worker.running(), []);
    },
  },
  {
    name: "a failed job is tried again as often as it may be, then it is done",
    async run({ queue }) {
      await queue.add(job("shaky", { attempts: 3, backoffMs: 1 }));
      let tries = 0;
      const { onEvent, until, heard } = createListener();
      await using _worker = await queue.work(() => {
        if (++tries < 3) throw new Error(`try ${tries}`);
        return tries;
      }, { onEvent });
      await until("done", "shaky");
      assertEquals((await queue.get("shaky"))?.result, 3);
      const failures = heard.filter(({ event }) => event === "failed");
      assertEquals(failures.map((told) => "again" in told && [told.again, told.reason]), [
        [true, "try 1"],
        [true, "try 2"],
      ]);
    },
  },
  {
    name: "a job that fails for the last time says why",
    async run({ queue }) {
      await queue.add(job("bad", { attempts: 2, backoffMs: 1 }));
      const { onEvent, heard } = createListener();
      const over = Promise.withResolvers<void>();
      await using _worker = await queue.work(() => {
        throw new Error("the disk is full");
      }, {
        onEvent(told) {
          onEvent(told);
          if (told.event === "failed" && !told.again) over.resolve();
        },
      });
      await over.promise;
      const { state, reason } = (await queue.get("bad"))!;
      assertEquals([state, reason], ["failed", "the disk is full"]);
      assertEquals(heard.filter(({ event }) => event === "started").length, 2);
    },
  },
  {
    name: "a waiting job that is cancelled is never begun",
    async run({ queue, again }) {
      await queue.add([job("gone", { attempts: 3 }), job("stays", { priority: 1 })]);
      await (await again()).cancel("gone", { reason: "not wanted" });
      const { state, reason } = (await queue.get("gone"))!;
      assertEquals([state, reason], ["cancelled", "not wanted"]);
      const begun: string[] = [];
      const { onEvent, until } = createListener();
      await using _worker = await queue.work(({ id }) => void begun.push(id), { onEvent });
      await until("done", "stays");
      assertEquals(begun, ["stays"]);
      assertEquals((await queue.get("gone"))?.state, "cancelled");
    },
  },
  {
    name: "a running job that is cancelled by somebody else hears it, and is not tried again",
    async run({ queue, again }) {
      await queue.add(job("long", { attempts: 3, backoffMs: 1 }));
      const { onEvent, until, heard } = createListener();
      const other = await again();
      await using _worker = await other.work(async ({ id }, { signal }) => {
        if (id === "long") await aborted(signal);
      }, { onEvent });
      await until("started");
      assertEquals((await queue.get("long"))?.state, "running");
      await queue.cancel("long", { reason: "enough" });
      await until("cancelled");
      const { state, reason } = (await queue.get("long"))!;
      assertEquals([state, reason], ["cancelled", "enough"]);
      await queue.add(job("next"));
      await until("done", "next");
      assertEquals(heard.filter(({ event }) => event === "started").length, 2, "the next one, and not the same again");
    },
  },
  {
    name: "cancelling what is done changes nothing",
    async run({ queue }) {
      await queue.add(job("done"));
      const { onEvent, until } = createListener();
      await using _worker = await queue.work(() => 7, { onEvent });
      await until("done");
      await queue.cancel("done");
      const { state, result } = (await queue.get("done"))!;
      assertEquals([state, result], ["done", 7]);
    },
  },
  {
    name: "cancelling what failed changes nothing",
    async run({ queue }) {
      await queue.add(job("bad"));
      const { onEvent, until } = createListener();
      await using _worker = await queue.work(() => Promise.reject(new Error("the disk is full")), { onEvent });
      await until("failed");
      await queue.cancel("bad");
      const { state, reason } = (await queue.get("bad"))!;
      assertEquals([state, reason], ["failed", "the disk is full"]);
    },
  },
  {
    name: "who listens and throws ends no job",
    async run({ queue }) {
      await queue.add(job("a"));
      const { onEvent, until } = createListener();
      await using _worker = await queue.work(() => 7, {
        onEvent(told) {
          onEvent(told);
          throw new Error("of the listener");
        },
      });
      await until("done");
      const { state, result } = (await queue.get("a"))!;
      assertEquals([state, result], ["done", 7]);
    },
  },
  {
    name: "a result that no queue can keep is a failure of its job",
    async run({ queue }) {
      await queue.add(job("odd"));
      const { onEvent, until } = createListener();
      await using _worker = await queue.work(() => 1n as never, { onEvent });
      await until("failed");
      assertStringIncludes((await queue.get("odd"))!.reason!, "is a bigint");
    },
  },
  {
    name: "a number of jobs at once that is none is refused",
    async run({ queue }) {
      for (const concurrency of [0, -1, 1.5, NaN]) {
        await assertRejects(() => queue.work(() => {}, { concurrency }), RegistryError, "at once is no number");
      }
    },
  },
  {
    name: "closing a worker waits for its job, and takes no other",
    async run({ queue }) {
      await queue.add([job("first"), job("second", { priority: 1 })]);
      const may = Promise.withResolvers<void>();
      const { onEvent, until } = createListener();
      const worker = await queue.work(() => may.promise, { onEvent });
      await until("started");
      assertEquals(worker.running(), ["first"]);
      const closing = worker.close();
      may.resolve();
      await closing;
      assertEquals((await queue.get("first"))?.state, "done");
      assertEquals((await queue.get("second"))?.state, "waiting");
    },
  },
  {
    name: "a job that is handed back is done by another worker, and lost no attempt",
    async run({ queue, again }) {
      await queue.add(job("long", { attempts: 1 }));
      const first = createListener();
      const worker = await (await again()).work((_job, { signal }) => aborted(signal), { onEvent: first.onEvent });
      await first.until("started");
      await worker.close({ handBack: true });
      await first.until("handed back");
      assertEquals((await queue.get("long"))?.state, "waiting");
      const second = createListener();
      await using _worker = await queue.work(() => "by the second", { onEvent: second.onEvent });
      await second.until("done");
      assertEquals((await queue.get("long"))?.result, "by the second");
    },
  },
  {
    name: "a worker that hands back hands back also what reaches it while it closes",
    async run({ queue }) {
      const ids = ["a", "b", "c", "d", "e", "f"];
      const { onEvent, until } = createListener();
      const closing = Promise.withResolvers<void>();
      const worker = await queue.work((_job, { signal }) => aborted(signal), {
        concurrency: ids.length,
        onEvent(told) {
          onEvent(told);
          if (told.event === "started") closing.resolve(worker.close({ handBack: true }));
        },
      });
      await queue.add(ids.map((id) => job(id)));
      await until("started");
      await closing.promise;
      assertEquals((await queue.list()).map(({ state }) => state), ids.map(() => "waiting"));
    },
  },
  {
    name: "jobs are listed, all or those of a group",
    async run({ queue }) {
      await queue.add([job("a"), job("b", { group: "other" }), job("c", { delayMs: 60_000 })]);
      await queue.add(job("d", { priority: 3 }));
      const ids = (jobs: { id: string; state: string }[]) => jobs.map(({ id, state }) => `${id} ${state}`).sort();
      assertEquals(ids(await queue.list()), ["a waiting", "b waiting", "c delayed", "d waiting"]);
      assertEquals(ids(await queue.list({ group: "other" })), ["b waiting"]);
      assertEquals(await queue.list({ group: "nobody's" }), []);
    },
  },
  {
    name: "a job that is removed is forgotten, but not while it runs",
    async run({ queue }) {
      await queue.add(job("a"));
      assertEquals(await queue.remove("a"), true);
      assertEquals(await queue.get("a"), undefined);
      await queue.add(job("a"));
      const may = Promise.withResolvers<void>();
      const { onEvent, until } = createListener();
      await using _worker = await queue.work(() => may.promise, { onEvent });
      await until("started");
      assertEquals(await queue.remove("a"), false);
      may.resolve();
      await until("done");
      assertEquals(await queue.remove("a"), true);
      assertEquals(await queue.list(), []);
    },
  },
  {
    name: "a thousand jobs that are added at once are done once each",
    async run({ queue }) {
      const ids = Array.from({ length: 1_200 }, (_, index) => `job-${index}`);
      await queue.add(ids.map((id) => job(id)));
      const done: string[] = [];
      const all = Promise.withResolvers<void>();
      const work = ({ id }: { id: string }) => {
        if (done.push(id) === ids.length) all.resolve();
      };
      await using _first = await queue.work(work, { concurrency: 10 });
      await using _second = await queue.work(work, { concurrency: 10 });
      await all.promise;
      assertEquals(done.sort(), ids.sort());
    },
  },
  {
    name: "a worker that is closed at once leaves nothing open",
    async run({ queue }) {
      const worker = await queue.work(() => {});
      await worker.close();
      await worker.close();
      assert(worker.running().length === 0);
      await queue[Symbol.asyncDispose]();
      await queue[Symbol.asyncDispose]();
    },
  },
];
