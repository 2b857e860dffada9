import { assert, assertEquals, assertRejects } from "@std/assert";
import { realSystem } from "../core/system.ts";
import { createRandom } from "./simulate/random.ts";
import { createSimulatedSystem } from "./simulate/simulated_system.ts";

const HOUR_MS = 3_600_000;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

Deno.test("createRandom() repeats itself for a seed, and forks do not disturb it", () => {
  const a = createRandom(5), b = createRandom(5), c = createRandom(6);
  const drawn = Array.from({ length: 50 }, () => a.next());
  assertEquals(Array.from({ length: 50 }, () => b.next()), drawn);
  assert(drawn.some((number) => number !== c.next()));
  const fork = a.fork();
  b.fork();
  for (let i = 0; i < 10; i++) fork.next();
  assertEquals(a.next(), b.next());
});

Deno.test("createRandom() draws whole numbers below a bound and picks by weight", () => {
  const random = createRandom(1);
  const counts = [0, 0, 0];
  for (let i = 0; i < 3000; i++) counts[random.weighted([[1, 0], [0, 1], [3, 2]])]++;
  assertEquals(counts[1], 0);
  assert(counts[2] > 2 * counts[0] && counts[0] > 500);
  for (let i = 0; i < 1000; i++) assert([0, 1, 2].includes(random.int(3)));
});

Deno.test("a simulated sleep takes its time on the virtual clock only", async () => {
  const world = createSimulatedSystem(1);
  const before = world.now();
  const realBefore = realSystem.monotonic();
  await world.run(() => world.sleep(1000 * HOUR_MS));
  assertEquals(world.now() - before, 1000 * HOUR_MS);
  assert(realSystem.monotonic() - realBefore < 1000);
});

Deno.test("simulated events run in the order of their moments, and those of one moment in the seed's", async () => {
  const orders = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const world = createSimulatedSystem(seed);
    const order: string[] = [];
    await world.run(async () => {
      await Promise.all([["c", 2], ["a", 1], ["b", 1]].map(async ([name, ms]) => {
        await world.sleep(ms as number);
        order.push(name as string);
      }));
    });
    assertEquals(order[2], "c");
    orders.add(order.join(""));
  }
  assertEquals([...orders].sort(), ["abc", "bac"]);
});

Deno.test("simulated ids are UUIDv7, and the same for the same seed", () => {
  const ids = (seed: number) => {
    const { system } = createSimulatedSystem(seed).process("p");
    return [system.id(), system.id(), system.id()];
  };
  assertEquals(ids(3), ids(3));
  assert(ids(3).every((id) => UUID_V7.test(id)));
  assertEquals(new Set([...ids(3), ...ids(4)]).size, 6);
});

Deno.test("a simulated sleep ends with its signal's reason", async () => {
  const world = createSimulatedSystem(1);
  const controller = new AbortController();
  world.scheduler.at(world.now() + 5, () => controller.abort(new Error("enough")));
  const error = await world.run(() =>
    assertRejects(() => world.sleep(HOUR_MS, controller.signal), Error, "enough")
  );
  assertEquals(error.message, "enough");
});

Deno.test("a program that waits for nothing that will happen fails instead of hanging", async () => {
  const world = createSimulatedSystem(1);
  await assertRejects(() => world.run(() => new Promise(() => {})), Error, "Cannot go on");
});

Deno.test("a paused process stands still while others go on", async () => {
  const world = createSimulatedSystem(1);
  const paused = world.process("paused"), other = world.process("other");
  const begin = world.now();
  const woke: Record<string, number> = {};
  await world.run(async () => {
    paused.pause(HOUR_MS);
    await Promise.all([paused, other].map(async ({ name, system }) => {
      await system.sleep(10);
      woke[name] = world.now() - begin;
    }));
  });
  assertEquals(woke, { other: 10, paused: HOUR_MS });
});

for (const wall of [true, false]) {
  for (const monotonic of [true, false]) {
    const clocks = [wall && "the wall clock", monotonic && "the monotonic clock"].filter(Boolean);
    Deno.test(`a pause may freeze ${clocks.join(" and ") || "no clock"} of a process`, async () => {
      const world = createSimulatedSystem(1);
      const process = world.process("p", { skewMs: 7_000 });
      const start = { wall: process.system.now(), monotonic: process.system.monotonic() };
      assertEquals(start.wall - world.now(), 7_000);
      await world.run(async () => {
        for (let i = 0; i < 2; i++) {
          process.pause(HOUR_MS, { wall, monotonic });
          assertEquals(process.system.now() - start.wall, i * (wall ? 1 : HOUR_MS + 1));
          await process.system.sleep(1);
          await process.system.sleep(1);
        }
      });
      assertEquals(process.system.now() - start.wall, wall ? 2 : 2 * (HOUR_MS + 1));
      assertEquals(process.system.monotonic() - start.monotonic, monotonic ? 2 : 2 * (HOUR_MS + 1));
    });
  }
}

Deno.test("the clock of a process is behind after a pause, and ahead by its skew, until it is set right", async () => {
  const world = createSimulatedSystem(1);
  const process = world.process("p", { skewMs: 7_000 });
  await world.run(async () => {
    process.pause(HOUR_MS, { wall: true });
    await process.ready();
    assertEquals(process.system.now() - world.now(), 7_000 - HOUR_MS);
    process.correctClock();
    assertEquals(process.system.now(), world.now());
    process.pause(HOUR_MS, { wall: true });
    await process.ready();
    assertEquals(process.system.now() - world.now(), -HOUR_MS);
  });
});

Deno.test("a killed process never wakes", async () => {
  const world = createSimulatedSystem(1);
  const process = world.process("p");
  let woke = false;
  await world.run(async () => {
    process.system.sleep(10).then(() => woke = true);
    process.ready().then(() => process.kill());
    await process.death;
    await world.sleep(HOUR_MS);
    process.ready().then(() => woke = true);
    await world.sleep(1);
  });
  assertEquals(woke, false);
});
