// Runs that end before their end, each night, as under a limit of time: the next ones must go on.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { pruneByRules } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage, measureSpace } from "../../../extensions/maintenance/mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import {
  createProtocolWorld,
  GRACE_MS,
  HOUR,
  type Machine,
  type ProtocolWorld,
} from "../../registry/protocol_world.ts";
import { noise } from "../../registry/registries.ts";
import { denied, doing } from "../../registry/scripted_backend.ts";

const MINUTE = HOUR / 60;
const NAMES = 200;

interface Night extends ProtocolWorld {
  target: StoredRegistry;
}

const runs: Record<string, (night: Night, signal: AbortSignal) => Promise<unknown>> = {
  gc: ({ registry }, signal) => collectGarbage(registry, { signal }),
  "prune --rules": ({ registry }, signal) => pruneByRules(registry, { signal }),
  du: ({ registry }, signal) => measureSpace(registry, { signal }),
  mirror: ({ registry, target }, signal) => mirrorRegistry(registry, target, { signal }),
};

for (const [what, run] of Object.entries(runs)) {
  Deno.test(`a ${what} that is cut off each night inspects other names each night`, async () => {
    const world = await createProtocolWorld();
    const { registry, backend, advance, system } = world;
    const target = await openRegistry(createMemoryBackend({ system }), { system });
    await changeRules(registry, { set: { pattern: "n*", keepDaily: 2 } });
    for (const day of [1, 2]) {
      for (let n = 0; n < NAMES; n++) await registry.save(`n${1000 + n}`, day);
      advance(24 * HOUR);
    }
    const read = new Set<string>();
    let nights = 0;
    for (let isCut = true; isCut; nights++) {
      assert(nights < 20, `${read.size} of ${NAMES} names after ${nights} nights`);
      advance(24 * HOUR);
      backend.heal();
      backend.forget();
      const cut = new AbortController();
      let reads = 0;
      backend.answer(
        { verb: "get", key: /^names\/n/ },
        ...Array(2 * NAMES).fill(doing(() => {
          advance(MINUTE);
          if (++reads === 120) cut.abort(new Error("the night is over"));
        })),
      );
      isCut = await run({ ...world, target }, cut.signal).then(() => false, () => true);
      for (const key of backend.asked({ verb: "get", key: /^names\/n/ })) {
        read.add(key.split("/")[1]);
      }
    }
    assertEquals(read.size, NAMES);
    assert(nights > 2, "no night was cut off");
    await target.close();
  });
}

/** Runs gc, in which each read of a name below `n` takes a minute, until `reads` of them. */
async function collectUntil(
  { registry, backend }: Machine,
  { reads, advance }: Pick<ProtocolWorld, "advance"> & { reads: number },
): Promise<void> {
  const cut = new AbortController();
  let count = 0;
  backend.answer(
    { verb: "get", key: /^names\/n/ },
    ...Array(reads).fill(doing(() => {
      advance(MINUTE);
      if (++count === reads) cut.abort(new Error("the night is over"));
    })),
  );
  await assertRejects(() => collectGarbage(registry, { signal: cut.signal }));
  backend.heal();
}

/** A registry with the name `a` and many others. */
async function worldOfNames(): Promise<{ world: ProtocolWorld; others: string[] }> {
  const world = await createProtocolWorld();
  const others = Array.from({ length: 60 }, (_, n) => `n${100 + n}`);
  for (const name of ["a", ...others]) await world.registry.save(name, noise(70_000));
  world.advance(HOUR);
  return { world, others };
}

Deno.test("after a first run that was cut off, what a save completed does not wait", async () => {
  const { world } = await worldOfNames();
  const { registry, backend, advance } = world;
  backend.answer({ verb: "put", key: /^names\/a/ }, async (commit) => {
    await collectUntil(await world.open(), { reads: 50, advance });
    return await commit();
  });
  await registry.save("a", noise(70_000, 2));
  assertEquals(await world.keys("gc/.names/"), ["gc/.names/0"]);
  advance(HOUR);
  assertEquals((await collectGarbage(registry)).waiting, { count: 0, bytes: 0 });
});

Deno.test("garbage of a deletion that runs left when they were cut off goes with the next", async () => {
  const { world, others } = await worldOfNames();
  const { registry, backend, advance } = world;
  await collectGarbage(registry);
  for (const name of ["a", ...others]) await registry.delete(`${name}@1`);
  advance(GRACE_MS + HOUR);
  for (const reads of [110, 100]) { // the first buries the record, the second leaves one tombstone
    backend.answer({ verb: "delete", key: /^objects\/a/ }, denied, denied);
    await collectUntil(world, { reads, advance });
    advance(24 * HOUR);
  }
  const left = [await world.keys("names/a/"), await world.keys("objects/a/")];
  assertEquals(left.map(({ length }) => length), [1, 1]);
  await collectGarbage(registry);
  assertEquals(await world.keys("objects/a/"), []);
});
