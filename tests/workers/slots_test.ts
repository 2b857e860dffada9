import { assertEquals } from "@std/assert";
import { createSolitary } from "../../workers/slots.ts";
import type { Slot } from "../../workers/slots.ts";

/** An entry that takes a place, and what it is given. */
function entry(place: Slot): { got: () => string | undefined; take: () => Promise<void>; end: () => Promise<void> } {
  const actions: (() => void)[] = [];
  let got: string | undefined;
  return {
    got: () => got,
    take: async () => void (got = await place.take((action) => actions.push(action)) as unknown as string),
    async end() {
      for (const action of actions.reverse()) action();
      for (let i = 0; i < 5; i++) await Promise.resolve();
    },
  };
}

Deno.test("each entry has a worker for itself until its end, and the next one gets the same", async () => {
  let created = 0;
  const solitary = createSolitary(2, () => {
    const name = `slot ${++created}`;
    return { pendingMs: 0, running: false, take: () => Promise.resolve(name as never) };
  });
  assertEquals(created, 0);
  const [a, b, c, d] = Array.from({ length: 4 }, () => entry(solitary.place()));
  await Promise.all([a.take(), b.take()]);
  const waits = [c.take(), d.take()];
  await a.take();
  assertEquals([a.got(), b.got(), c.got(), d.got()], ["slot 1", "slot 2", undefined, undefined]);
  await b.end();
  await waits[0];
  assertEquals([c.got(), d.got()], ["slot 2", undefined]);
  await d.end(); // it gave up: what it gets later goes on at once
  await a.end();
  await waits[1];
  await c.end();
  const [e, f] = [entry(solitary.place()), entry(solitary.place())];
  await Promise.all([e.take(), f.take()]);
  assertEquals([new Set([e.got(), f.got()]).size, created], [2, 2]);
});
