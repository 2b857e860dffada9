// Values that a cache may return, over random schedules of two programs that share it and one that
// does not.
import { assert, assertEquals } from "@std/assert";
import { isRegistryError } from "../../../core/errors.ts";
import type { Registry, Verify } from "../../../core/registry.ts";
import { createRandom } from "../../simulate/random.ts";
import { filler } from "../protocol_world.ts";
import { createCachedWorld } from "./cached_world.ts";

const SEEDS = 20;
const STEPS = 120;
const VERSIONS = ["1.0.0", "2.0.0", "3.0.0", "4.0.0"];

interface Truth {
  value?: string;
  /** Earlier values. */
  past: Set<string>;
  deletedBy?: number;
}

for (const mutable of [false, true]) {
  Deno.test(`a cache never returns stale data (${mutable ? "mutable" : "immutable"})`, async () => {
    let stale = 0;
    for (let seed = 1; seed <= SEEDS; seed++) stale += await playSeed(seed, mutable);
    assertEquals(stale > 0, !mutable, "staleness occurs where it is allowed");
  });
}

/** Plays one schedule. Returns how often a deleted version came from the cache, where allowed. */
async function playSeed(seed: number, mutable: boolean): Promise<number> {
  const random = createRandom(seed);
  const world = await createCachedWorld({
    mutable,
    seed,
    maxBytes: random.pick([300_000, 10_000_000]),
  });
  const machines = [world, await world.open(), await world.elsewhere()];
  const truths = new Map(
    VERSIONS.map((version) => [version, { past: new Set<string>() } as Truth]),
  );
  let saves = 0;
  let stale = 0;
  for (let step = 0; step < STEPS; step++) {
    await takeStep(`seed ${seed}, step ${step}`);
  }
  return stale;

  async function takeStep(where: string): Promise<void> {
    const by = random.int(machines.length);
    const { registry, settle } = machines[by];
    const version = random.pick(VERSIONS);
    const truth = truths.get(version)!;
    world.system.advance(random.int(1000));
    const save = async () => {
      const label = `${seed}.${++saves}`;
      const value = random.chance(0.5) ? label : asText(filler(label));
      const saved = await attempt(async () => {
        await registry.save("a", value, { version, onConflict: mutable ? "overwrite" : "fail" });
      });
      const free = mutable || (truth.value === undefined && truth.past.size === 0);
      assertEquals(saved, free);
      if (!saved) return;
      if (truth.value !== undefined) truth.past.add(truth.value);
      truth.value = value;
      truth.deletedBy = undefined;
    };

    const remove = async () => {
      await registry.delete(`a@${version}`);
      if (truth.value === undefined) return;
      truth.past.add(truth.value);
      truth.value = undefined;
      truth.deletedBy = by;
    };

    const loadExactly = async () => {
      const verify = random.pick<Verify>(["none", "integrity", "full"]);
      const got = await loaded(registry, `a@${version}`, verify);
      if (got === truth.value) return;
      const allowed = !mutable && verify !== "full" && truth.deletedBy !== undefined &&
        truth.deletedBy !== by;
      assert(allowed && got !== undefined && truth.past.has(got), `${where}: ${verify} ${version}`);
      stale++;
    };

    const loadOther = async () => {
      const newest = VERSIONS.findLast((candidate) => truths.get(candidate)!.value !== undefined);
      const ref = random.pick(["a", "a@latest", "a@*", "a@>=1.0.0"]);
      const got = await loaded(registry, ref, random.pick<Verify>(["none", "integrity", "full"]));
      assertEquals(got, newest && truths.get(newest)!.value, `${where}: ${ref}`);
    };

    /** Only digests show that files are damaged: `none` would rightly trust it. */
    const damageSomething = async () => {
      const keys = await world.cached("records/");
      if (keys.length > 0) {
        await world.cacheStore.put(random.pick(keys), new Uint8Array(random.int(600)));
      }
    };

    await random.weighted<() => Promise<void>>([
      [2, save],
      [1, remove],
      [6, loadExactly],
      [3, loadOther],
      [1, settle],
      [0.3, damageSomething],
    ])();
  }
}

async function loaded(
  registry: Registry,
  ref: string,
  verify: Verify,
): Promise<string | undefined> {
  let value: unknown;
  const found = await attempt(async () => void (value = await registry.load(ref, { verify })));
  if (!found) return undefined;
  return typeof value === "string" ? value : asText(value as Uint8Array);
}

async function attempt(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (isRegistryError(error, "NotFound", "AlreadyExists")) return false;
    throw error;
  }
}

function asText(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
