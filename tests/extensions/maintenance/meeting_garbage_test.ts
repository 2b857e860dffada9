// Writers during each call of the collector, and repeated requests of the collector: no
// acknowledged save is lost, and deleted versions stay deleted.
import { assert, assertEquals } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import type { Registry } from "../../../core/registry.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import {
  createProtocolWorld,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
} from "../../registry/protocol_world.ts";
import { type Call, doing } from "../../registry/scripted_backend.ts";
import { kindsOfShare } from "../../support/seeds.ts";

const MONTH_MS = 30 * 24 * HOUR;
const DEAD = ["1.0.0", "2.0.0", "4.0.0-rc.1"];
const ANEW = "anew";

type Saved = Map<string, string>;

/** A name with a live and three deleted versions, collected this number of times. */
async function createWorld(
  mutable: boolean,
  earlierRuns: number,
): Promise<{ world: ProtocolWorld; saved: Saved }> {
  const world = await createProtocolWorld({ mutable });
  const { registry, advance } = world;
  await registry.save("a", "one", { idempotencyKey: "k1" });
  await registry.save("a", "two");
  await registry.save("a", "three", { idempotencyKey: "k3" });
  await registry.save("a", "candidate", { version: "4.0.0-rc.1" });
  await registry.save("gone", "x", { idempotencyKey: "k" });
  for (const ref of [...DEAD.map((version) => `a@${version}`), "gone@1.0.0"]) {
    await registry.delete(ref);
  }
  for (let run = 0; run < earlierRuns; run++) {
    advance(run === 2 ? MONTH_MS : 2 * GRACE_MS);
    await collectGarbage((await world.open()).registry);
  }
  advance(2 * GRACE_MS);
  return { world, saved: new Map([["a@3.0.0", "three"]]) };
}

/** Saves, and remembers acknowledged values. Refusals are allowed. */
async function trySave(
  registry: Registry,
  saved: Saved,
  options: Parameters<Registry["save"]>[2],
): Promise<void> {
  try {
    const { name, version, skipped } = await registry.save("a", ANEW, options);
    if (!skipped) saved.set(`${name}@${version}`, ANEW);
  } catch (error) {
    assert(isRegistryError(error, "AlreadyExists", "Conflict", "Invalid"), String(error));
  }
}

const ACTIONS: Record<string, (registry: Registry, saved: Saved) => Promise<unknown>> = {
  "names a dead version": (registry, saved) => trySave(registry, saved, { version: "1" }),
  "takes the next version": (registry, saved) => trySave(registry, saved, {}),
  "overwrites a dead version": (registry, saved) =>
    trySave(registry, saved, { version: "2", onConflict: "overwrite" }),
  "repeats with a key that is spent": (registry, saved) =>
    trySave(registry, saved, { idempotencyKey: "k1" }),
  "repeats with a key that is not": (registry, saved) =>
    trySave(registry, saved, { idempotencyKey: "k3" }),
  async "deletes the last one"(registry, saved) {
    await registry.delete("a@3");
    saved.delete("a@3.0.0");
  },
  "is a second collector": (registry) => collectGarbage(registry),
  "lists": () => Promise.resolve(),
};

/** Repeats the requests that change something. */
async function repeat({ store }: ProtocolWorld, calls: readonly Call[]): Promise<void> {
  for (const { verb, key, mode, bytes } of calls) {
    if (verb === "delete") await store.delete(key);
    if (verb === "put" && mode === "overwrite" && !key.startsWith("gc/")) {
      await store.put(key, bytes!);
    }
  }
}

async function check(registry: Registry, saved: Saved, when: string): Promise<void> {
  const listed: string[] = [];
  for await (const name of registry.names()) {
    for await (const { version } of registry.versions(name)) listed.push(`${name}@${version}`);
  }
  assertEquals(listed.sort(), [...saved.keys()].sort(), when);
  for (const [ref, value] of saved) {
    assertEquals(await registry.load(ref), value, `${when}: ${ref}`);
  }
}

for (const mutable of [false, true]) {
  for (const [what, act] of kindsOfShare(`${mutable}`, Object.entries(ACTIONS))) {
    Deno.test(`a program that ${what} may meet the collector at any call (mutable: ${mutable})`, async () => {
      for (const earlierRuns of [0, 1, 2, 3]) {
        for (let n = 0, finished = false; !finished; n++) {
          const { world, saved } = await createWorld(mutable, earlierRuns);
          const [collector, writer] = [await world.open(), await world.open()];
          const when = `after ${earlierRuns} runs, at call ${n}`;
          let call = 0;
          const meet = doing(async () => {
            await check((await world.open()).registry, saved, when);
            await act(writer.registry, saved);
            await check((await world.open()).registry, saved, when);
          });
          collector.backend.answerAll({}, (act, what) => call++ === n ? meet(act, what) : act());
          await collectGarbage(collector.registry);
          finished = call <= n;
          if (finished) break;
          await check((await world.open()).registry, saved, when);
          await repeat(world, collector.backend.calls);
          await check((await world.open()).registry, saved, `${when}, repeated`);
          world.advance(2 * GRACE_MS);
          const { registry } = await world.open();
          await collectGarbage(registry);
          await repeat(world, collector.backend.calls);
          await check((await world.open()).registry, saved, `${when}, repeated late`);
          for (const version of DEAD.filter((version) => !saved.has(`a@${version}`))) {
            await assertRefused(registry, version);
          }
          assert((await verifyRegistry(registry)).ok, when);
        }
      }
    });
  }
}

async function assertRefused(registry: Registry, version: string): Promise<void> {
  const error = await registry.save("a", "never", { version }).catch((error) => error);
  assert(isRegistryError(error, "AlreadyExists"), version);
}

for (const mutable of [false, true]) {
  Deno.test(`forgetting a name may be killed at any call (mutable: ${mutable})`, async () => {
    for (let turn = 0, finished = false; !finished; turn++) {
      const n = turn >> 1; // before that call takes effect, and after
      const { world, saved } = await createWorld(mutable, 2);
      world.advance(MONTH_MS);
      const { registry, backend } = await world.open();
      let call = 0;
      const killed = Promise.withResolvers<"killed">();
      backend.answerAll({}, async (act) => {
        if (call++ < n) return await act();
        if (turn % 2 === 0) await act();
        killed.resolve("killed");
        return await new Promise(() => {});
      });
      finished =
        await Promise.race([collectGarbage(registry, { forget: true }), killed.promise]) !==
          "killed";
      const other = (await world.open()).registry;
      await check(other, saved, `killed at call ${n}`);
      if (n % 3 === 0) {
        const { version } = await other.save("gone", ANEW);
        saved.set(`gone@${version}`, ANEW);
        await check(other, saved, `saved after it was killed at call ${n}`);
      }
      world.advance(2 * MONTH_MS);
      assertEquals((await collectGarbage(other, { forget: true })).failures, []);
      await check((await world.open()).registry, saved, `ended after it was killed at call ${n}`);
      if (n % 3 > 0) assertEquals(await world.keys("names/gone/"), []);
    }
  });
}

for (const verb of ["put", "delete"] as const) {
  Deno.test(`no name is forgotten if another collector stands still before its ${verb}`, async () => {
    const world = await createProtocolWorld();
    await world.registry.save("a", "old");
    await world.registry.delete("a", { allVersions: true });
    if (verb === "delete") {
      world.advance(2 * GRACE_MS);
      await collectGarbage(world.registry);
    }
    world.advance(2 * MONTH_MS);
    const [still, other] = [await world.open(), await world.open()];
    still.backend.answer(
      { verb, key: /^names\/a\// },
      doing(async () => {
        const { removed, failures } = await collectGarbage(other.registry, { forget: true });
        assertEquals([removed.name.count, failures.length], [0, 1]);
        const { version } = await other.registry.save("a", ANEW);
        assertEquals(version, "2.0.0");
      }),
    );
    await collectGarbage(still.registry);
    await assertRefused(other.registry, "1.0.0");
    assertEquals(await other.registry.load("a"), ANEW);
    await other.registry.delete("a", { allVersions: true });
    world.advance(2 * MONTH_MS);
    assertEquals((await collectGarbage(other.registry, { forget: true })).failures, []);
    await collectGarbage(other.registry, { forget: true });
    assertEquals(await world.keys("names/"), [], "alone it forgets");
  });
}
