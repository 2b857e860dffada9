import { assertEquals, assertRejects } from "@std/assert";
import { createSolitary } from "../../workers/slots.ts";
import type { TakenWorker } from "../../workers/slots.ts";

Deno.test("each job has a worker for itself until its end, and the next one gets the same", async () => {
  let created = 0;
  const left: string[] = [];
  const alone = createSolitary(2, () => {
    const name = `slot ${++created}`;
    const taken = { channel: name, leave: () => void left.push(name) } as unknown as TakenWorker;
    return { pendingMs: 0, running: false, take: () => Promise.resolve(taken) };
  });
  assertEquals(created, 0);
  const [a, b] = await Promise.all([alone(), alone()]);
  assertEquals<unknown>([a.channel, b.channel], ["slot 1", "slot 2"]);
  const got: unknown[] = [];
  const [c, d] = [alone(), alone()].map((taking) =>
    taking.then((taken) => {
      got.push(taken.channel);
      return taken;
    })
  );
  for (let i = 0; i < 5; i++) await Promise.resolve();
  assertEquals(got, []);
  b.leave();
  (await c).leave();
  assertEquals(got[0], "slot 2");
  (await d).leave();
  a.leave();
  const [e, f] = await Promise.all([alone(), alone()]);
  assertEquals([new Set([e.channel, f.channel]).size, created, left.length], [2, 2, 4]);
});

Deno.test("a worker that does not start gives its place on", async () => {
  let starts = 0;
  const alone = createSolitary(1, () => ({
    pendingMs: 0,
    running: false,
    take: () => ++starts === 1 ? Promise.reject(new Error("none")) : Promise.resolve({} as TakenWorker),
  }));
  const first = assertRejects(() => alone(), Error, "none");
  await alone();
  await first;
  assertEquals(starts, 2);
});
