// Random histories of a name whose lists of files are damaged or lost for a while: what was live
// then, or could be restored, is whole when the lists are there again.
import { assert, assertEquals } from "@std/assert";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { isRegistryError } from "../../../../mod.ts";
import { createRandom } from "../../../simulate/random.ts";
import { seedCount } from "../../../support/seeds.ts";
import { createProtocolWorld, fileSet, GRACE_MS } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";

const AS = { as: fileSet };
const STEPS = 40;
const LONG = "folder/".repeat(30);

/** So many names that their list is an object, and some of a few files, which versions share. */
function files(random: () => number): Record<string, Uint8Array> {
  const small = Array.from({ length: 400 }, (_, n) => [`${LONG}${n}`, noise(1, n)] as const);
  const large = [0, 1, 2, 3].filter(() => random() < 0.5)
    .map((n) => [`large${n}`, noise(70_000, n)] as const);
  return Object.fromEntries([...small, ...large]);
}

async function play(seed: number): Promise<{ removed: number; damaged: number }> {
  const random = createRandom(seed).next;
  const pick = <T>(items: readonly T[]): T | undefined =>
    items[Math.floor(random() * items.length)];
  const { registry, store, advance, keys, records } = await createProtocolWorld();
  const saved = new Map<string, Record<string, Uint8Array>>();
  const live = new Set<string>();
  const deletedAt = new Map<string, number>();
  const changed = new Map<string, Uint8Array>();
  let now = 0, removed = 0, damaged = 0;
  const wait = (ms: number) => {
    advance(ms);
    now += ms;
  };
  const ifReadable = async (action: () => Promise<unknown>): Promise<boolean> => {
    try {
      await action();
      return true;
    } catch (error) {
      if (!isRegistryError(error, "Corrupt", "NotFound", "Unavailable")) throw error;
      return false;
    }
  };
  const steps: Record<string, () => Promise<unknown>> = {
    async save() {
      const version = `${saved.size + 1}.0.0`, value = files(random);
      if (!await ifReadable(() => registry.save("a", value, { version, ...AS }))) return;
      saved.set(version, value);
      live.add(version);
    },
    async delete() {
      const version = pick([...live]);
      if (version === undefined) return;
      await registry.delete(`a@${version}`);
      live.delete(version);
      deletedAt.set(version, now);
    },
    async undelete() {
      const version = pick([...deletedAt.keys()]);
      if (version === undefined || now - deletedAt.get(version)! > GRACE_MS / 2) return;
      if (!await ifReadable(() => registry.undelete(`a@${version}`))) return;
      deletedAt.delete(version);
      live.add(version);
    },
    async damage() {
      const lists = (await records("names/a/versions/")).flatMap((record) =>
        record.kind === "version" && record.fileList !== undefined ? [record] : []
      );
      const record = pick(lists);
      if (record === undefined) return;
      const { commit, fileList } = record;
      const end = `${fileList!.from?.split("/")[1] ?? commit}/${fileList!.object}`;
      const key = (await keys("objects/a/")).find((key) => key.endsWith(end));
      if (key === undefined || changed.has(key)) return;
      const bytes = (await (await store.get(key))!.bytes()).slice();
      changed.set(key, bytes);
      damaged++;
      if (random() < 0.3) await store.delete(key);
      else await store.put(key, noise(bytes.length, 99));
    },
    async restore() {
      const key = pick([...changed.keys()]);
      if (key === undefined) return;
      await store.put(key, changed.get(key)!);
      changed.delete(key);
    },
    async gc() {
      const report = await collectGarbage(registry, { all: random() < 0.3 });
      removed += report.removed.payload.count;
    },
    async loseNotes() {
      for (const key of await keys("gc/")) await store.delete(key); // else lists are not read again
    },
    wait: () => Promise.resolve(wait(random() * 2 * GRACE_MS)),
  };
  const often = ["save", "damage", "gc", "gc", "wait"];
  for (let step = 0; step < STEPS; step++) {
    await steps[pick([...Object.keys(steps), ...often])!]!();
  }
  for (const [key, bytes] of changed) await store.put(key, bytes);
  for (const version of live) {
    assertEquals(await registry.load(`a@${version}`, AS), saved.get(version), `${seed} ${version}`);
  }
  wait(40 * GRACE_MS);
  for (let run = 0; run < 3; run++) {
    const { failures } = await collectGarbage(registry, { all: true });
    assertEquals(failures, [], `${seed}`);
    wait(2 * GRACE_MS);
  }
  for (const version of live) {
    assertEquals(await registry.load(`a@${version}`, AS), saved.get(version), `${seed} ${version}`);
  }
  if (live.size === 0) assertEquals(await keys("objects/"), [], `${seed}`);
  return { removed, damaged };
}

Deno.test("no history with damaged lists loses a byte of a version", async () => {
  let removed = 0, damaged = 0;
  for (let seed = 1; seed <= seedCount(4); seed++) {
    const counts = await play(seed);
    removed += counts.removed;
    damaged += counts.damaged;
  }
  assert(removed > 0 && damaged > 0);
});
