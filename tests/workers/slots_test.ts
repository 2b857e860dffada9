import { assertEquals, assertRejects } from "@std/assert";
import { createSolitary } from "../../workers/slots.ts";
import type { Slot, WorkerJob } from "../../workers/slots.ts";

/** A place whose worker is a name. */
function slot(name: string, failing = false): Slot {
  const use = <T>(job: WorkerJob<T>) =>
    failing ? Promise.reject(new Error("none")) : job(name as never);
  return { pendingMs: 0, running: false, use };
}

Deno.test("each job has a worker for itself until its end, and the next one gets the same", async () => {
  let created = 0;
  const alone = createSolitary(2, () => slot(`slot ${++created}`));
  assertEquals(created, 0);
  const begun: unknown[] = [];
  const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const jobs = ends.map(({ promise }) =>
    alone(async (channel) => {
      begun.push(channel);
      await promise;
    })
  );
  for (let i = 0; i < 9; i++) await Promise.resolve();
  assertEquals(begun, ["slot 1", "slot 2"]);
  ends[1].resolve();
  await jobs[1];
  for (const { resolve } of ends) resolve();
  await Promise.all(jobs);
  assertEquals([begun[2], created], ["slot 2", 2]);
});

Deno.test("a worker that does not start gives its place on", async () => {
  let starts = 0;
  // The place is used again: what did not start the first time may the next time.
  const alone = createSolitary(1, () => ({
    ...slot("a"),
    use: (job) => slot("a", ++starts === 1).use(job),
  }));
  const run = () => alone(() => Promise.resolve("done"));
  const first = assertRejects(run, Error, "none");
  assertEquals([await run(), starts], ["done", 2]);
  await first;
});
