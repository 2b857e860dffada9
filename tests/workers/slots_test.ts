import { assertEquals, assertRejects } from "@std/assert";
import { createSolitary } from "../../workers/slots.ts";
import type { TakenWorker } from "../../workers/slots.ts";

Deno.test("each job has a worker for itself until its end, and the next one gets the same", async () => {
  let created = 0;
  const alone = createSolitary(2, () => {
    const taken = { channel: `slot ${++created}` } as unknown as TakenWorker;
    return { pendingMs: 0, running: false, take: () => Promise.resolve(taken) };
  });
  assertEquals(created, 0);
  const begun: unknown[] = [];
  const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const jobs = ends.map(({ promise }) =>
    alone(async ({ channel }) => {
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
  const alone = createSolitary(1, () => ({
    pendingMs: 0,
    running: false,
    take: () => ++starts === 1 ? Promise.reject(new Error("none")) : Promise.resolve({} as TakenWorker),
  }));
  const run = () => alone(() => Promise.resolve("done"));
  const first = assertRejects(run, Error, "none");
  assertEquals([await run(), starts], ["done", 2]);
  await first;
});
