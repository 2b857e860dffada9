// Releases in virtual time: publishers, an alias that moves, deletes, prune and gc, over a store
// that loses, delays and repeats requests, in processes that are killed.
import { assert, assertEquals } from "@std/assert";
import { isRegistryError, realSystem, type Registry } from "../mod.ts";
import { publishRelease, resolveRelease } from "../mod.ts";
import { prune } from "../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../extensions/maintenance/mod.ts";
import { createRandomFaults } from "./simulate/random.ts";
import { liveAs, NETWORK, smallValue } from "./simulate/schedules/schedule.ts";
import { createWorld, GRACE_MS } from "./simulate/world.ts";
import type { Bundle } from "./simulate/bundle.ts";

const SEEDS = Number(realSystem.env("HOLDFAST_RELEASE_SEEDS") ?? 40);
const VERSIONS = 6;

interface Moment {
  begin: number;
  /** Infinity if nobody can tell whether it succeeded. */
  end: number;
}

interface Seen {
  deletes: Map<string, Moment>;
  published: Map<string, Moment & { tag: number }>;
  removed: Map<string, Moment>;
  reads: number;
  gone: number;
}

Deno.test("in a simulation releases are whole, and held or reported", async () => {
  let reads = 0, gone = 0, refused = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { seen, conflicts } = await simulateReleases(seed);
    reads += seen.reads;
    gone += seen.gone;
    refused += conflicts;
  }
  assert(reads > SEEDS, `${reads} reads are too few`);
  assert(refused > 0, "no delete was refused");
  console.log(`${reads} whole releases read, ${refused} deletes refused, ${gone} races reported`);
});

async function simulateReleases(seed: number): Promise<{ seen: Seen; conflicts: number }> {
  const world = createWorld(seed);
  const { random, system } = world;
  const seen: Seen = {
    deletes: new Map(),
    published: new Map(),
    removed: new Map(),
    reads: 0,
    gone: 0,
  };
  let conflicts = 0;
  const rates = random.pick([{}, { ...NETWORK, unavailable: 0.05 }]);
  const options = () => ({
    fault: createRandomFaults({ random: random.fork(), rates, maxLateMs: 5_000 }),
    retryForMs: 2_000,
  });

  /** Runs an action of a process. Failures that a bad network may cause are allowed. */
  async function did<T>(
    action: () => Promise<T>,
  ): Promise<Moment & { value?: T; failed?: string }> {
    const begin = system.now();
    try {
      const value = await action();
      return { begin, end: system.now(), value };
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      const unsure = error.code === "Unknown" || error.maybeWritten;
      return {
        begin,
        end: unsure ? Infinity : system.now(),
        failed: unsure ? "Unknown" : error.code,
      };
    }
  }

  await system.run(async () => {
    await liveAs(world, "founder", {}, async ({ registry }) => {
      for (const name of ["net", "bpe"]) {
        for (let n = 1; n <= VERSIONS; n++) await registry.save(name, smallValue(`${name} ${n}`));
      }
      await publishRelease(registry, "serving", membersOf(1), { version: "1000" });
      await registry.setAlias("serving", "production", "1000");
    });
    seen.published.set("serving@1000.0.0", { begin: 0, end: system.now(), tag: 1 });
    const publishers = [1, 2].map((id) =>
      liveAs(world, `publisher ${id}`, options(), async ({ registry, process }) => {
        if (random.chance(0.3)) {
          system.scheduler.at(system.now() + random.between(0, 400), () => process.kill());
        }
        for (let n = 1; n <= 4; n++) {
          await system.sleep(random.between(0, 60));
          const tag = 1 + random.int(VERSIONS);
          const version = `${id}${n}.0.0`;
          const at = { begin: system.now(), end: Infinity, tag }; // a kill leaves it so
          seen.published.set(`serving@${version}`, at);
          const { end, failed } = await did(() =>
            publishRelease(registry, "serving", membersOf(tag), { version })
          );
          if (failed !== undefined && failed !== "Unknown") {
            seen.published.delete(`serving@${version}`);
            continue;
          }
          at.end = end;
          await did(() => registry.setAlias("serving", "production", version));
        }
      })
    );
    const deleter = liveAs(world, "deleter", options(), async ({ registry }) => {
      for (let n = 0; n < 8; n++) {
        await system.sleep(random.between(0, 60));
        const ref = `${random.pick(["net", "bpe"])}@${1 + random.int(VERSIONS)}.0.0`;
        const done = await did(() => registry.delete(ref));
        if (done.failed === "Conflict") conflicts++;
        if (done.value === true || done.failed === "Unknown") {
          const { begin, end } = done;
          seen.deletes.set(ref, {
            begin: Math.min(seen.deletes.get(ref)?.begin ?? begin, begin),
            end,
          });
        }
      }
    });
    const pruner = liveAs(world, "pruner", options(), async ({ registry }) => {
      for (let n = 0; n < 2; n++) {
        await system.sleep(random.between(0, 200));
        const begin = system.now();
        const report = (ref: string) => {
          const known = seen.deletes.get(ref);
          seen.deletes.set(ref, {
            begin: Math.min(known?.begin ?? begin, begin),
            end: system.now(),
          });
        };
        const names = ["net", "bpe"];
        const done = await did(() =>
          prune(registry, {
            keepLast: 4,
            names,
            onDeleted: ({ name, version }) => report(`${name}@${version}`),
          })
        );
        if (done.failed !== undefined) { // some may be deleted without a report
          for (let n = 1; n <= VERSIONS; n++) names.forEach((name) => report(`${name}@${n}.0.0`));
        }
        await system.sleep(random.between(0, 1.5) * GRACE_MS);
        await did(() => collectGarbage(registry));
      }
    });
    const readers = [1, 2].map((id) =>
      liveAs(world, `reader ${id}`, options(), async ({ registry }) => {
        for (let n = 0; n < 10; n++) {
          await system.sleep(random.between(0, 50));
          await read(registry);
        }
      })
    );
    await Promise.all([...publishers, deleter, pruner, ...readers]);
    for (const { process } of world.actors) process.kill();
    await system.sleep(4 * GRACE_MS);
    const judge = (await world.actor("judge"))!.registry;
    for (const [ref, at] of seen.published) await judgeRelease(judge, ref, at);
  });
  return { seen, conflicts };

  /** Reads a release as a program does: all members are of one publish, with their content. */
  async function read(registry: Registry): Promise<void> {
    const { value: release, failed } = await did(() =>
      resolveRelease(registry, "serving@production")
    );
    if (release === undefined) return assert(failed !== "Corrupt" && failed !== "Invalid", failed);
    const refs = Object.values(release.members).map(({ ref }) => ref);
    const { tag } = seen.published.get(`serving@${release.version}`)!;
    assertEquals(refs.sort(), Object.values(membersOf(tag)).sort(), `seed ${seed}`);
    seen.reads++;
    for (const ref of refs) {
      const { value } = await did(() => registry.load(ref));
      if (value !== undefined) {
        assertEquals(labelOf(value), ref.replace("@", " ").replace(".0.0", ""));
      }
    }
  }

  async function judgeRelease(
    registry: Registry,
    ref: string,
    published: Moment & { tag: number },
  ): Promise<void> {
    if (!await registry.has(ref)) return assertEquals(published.end, Infinity, `${ref} is lost`);
    const { members } = await resolveRelease(registry, ref, { partial: true });
    for (const [key, { ref: member, state }] of Object.entries(members)) {
      if (state === "present") continue;
      assertEquals(state, "missing");
      seen.gone++;
      const by = seen.deletes.get(member);
      // Only a delete that began before the release was published may have succeeded.
      assert(by !== undefined, `seed ${seed}: nobody deleted ${member}`);
      assert(by.begin <= published.end, `seed ${seed}: ${member} of ${ref} was deleted after it`);
      const error = await registry.load(`${ref}/${key}`).catch((error) => error);
      assert(isRegistryError(error, "NotFound"), String(error));
      assert(error.message.includes(`"${member}" was deleted`), error.message);
    }
  }
}

function membersOf(tag: number): Record<string, string> {
  return { model: `net@${tag}.0.0`, tokenizer: `bpe@${tag}.0.0` };
}

function labelOf(value: unknown): string {
  return (value as Bundle).files[0]!.label;
}
