// Runs that end before their end, each night, as under a limit of time: the next ones must go on.
import { assert, assertEquals } from "@std/assert";
import { collectGarbage, measureSpace, pruneByRules } from "../../../../registry/maintenance.ts";
import { changeRules } from "../../../../registry/maintenance.ts";
import { mirrorRegistry } from "../../../../mirrors/mod.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { createProtocolWorld, HOUR, type ProtocolWorld } from "../../protocol_world.ts";
import { doing } from "../../scripted_backend.ts";

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
