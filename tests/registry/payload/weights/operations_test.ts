// Random saves of some of several files, copies, deletions and collections: every version that is left is read.
import { assertEquals } from "@std/assert";
import { copyVersion, verifyRegistry } from "../../../../apps/maintenance.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { createLocalBackend, openRegistry } from "../../../../mod.ts";
import { seededRandom } from "../../../support/scripted_system.ts";
import { seedRange, slowTest } from "../../../support/seeds.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { AS, model, step, VALUES } from "./training.ts";
import { safetensors } from "./weights.ts";

type Files = Record<string, Uint8Array>;

const OPERATIONS = 25;
const { firstSeed, seeds } = seedRange(2, "HOLDFAST_VALUES_SEEDS");

for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
  slowTest(`after random operations on values every version is read (seed ${seed})`, async () => {
    const root = await tempRoot();
    const [registry, other] = await Promise.all(
      ["one", "other"].map((name) => openRegistry(createLocalBackend({ path: root.join(name) }))),
    );
    try {
      await operate(registry!, other!, seed);
    } finally {
      await Promise.all([registry!.close(), other!.close()]);
      await root[Symbol.asyncDispose]();
    }
  });
}

type Opened = Awaited<ReturnType<typeof openRegistry>>;

async function operate(registry: Opened, other: Opened, seed: number): Promise<void> {
  const random = seededRandom(seed), below = (n: number) => Math.floor(random() * n);
  const states = [0, 1, 2].map((i) => model(100 * seed + 10 * i, 1 + below(2)));
  const expected = new Map<string, Files>();
  const some = () => [...expected][below(expected.size)];
  for (let i = 0; i < OPERATIONS; i++) {
    const name = "abc"[below(3)]!, kind = below(10), [ref, files] = some() ?? [];
    if (kind < 5 || ref === undefined || files === undefined) {
      const at = below(states.length);
      if (below(2) > 0) states[at] = step(states[at]!, 1 + below(50));
      const saved: Files = { "note.txt": new TextEncoder().encode(`${i}`) };
      for (const [k, state] of states.entries()) {
        if (below(3) > 0) saved[`${["", "moved/"][below(2)]}${k}.safetensors`] = safetensors(state);
      }
      const { version } = await registry.save(name, saved, VALUES);
      expected.set(`${name}@${version}`, saved);
    } else if (kind < 7) {
      const { version } = await registry.copy(ref, name);
      expected.set(`${name}@${version}`, files);
    } else if (kind === 7) {
      await registry.delete(ref);
      expected.delete(ref);
    } else if (kind === 8) await collectGarbage(registry, { now: true });
    else {
      const { version } = await copyVersion(registry, ref, { to: other, as: "x" });
      assertEquals(await other.load(`x@${version}`, AS), files);
    }
  }
  for (const [ref, files] of expected) assertEquals(await registry.load(ref, AS), files);
  assertEquals((await verifyRegistry(registry)).problems, []);
}
