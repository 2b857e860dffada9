// Downloads and loads by values fetch only what differs from a version that is on this machine.
import { assert, assertEquals, assertLess } from "@std/assert";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { createRandom } from "../../../simulate/random.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { keysOf } from "../../registries.ts";
import { headOf } from "../shared_bytes.ts";
import { AS, type Model, model, PATH, saveStates, statesOf, step } from "./training.ts";
import { counted, type World } from "./world.ts";
import { layer, safetensors } from "./weights.ts";

/** Downloads a version into the folder that has another, and returns the bytes that it took. */
async function update(
  { backend, fetched }: World,
  to: string,
  ref: string,
  state: Uint8Array,
): Promise<number> {
  fetched();
  const registry = await openRegistry(backend, { cache: false });
  await registry.download(ref, { to: `${to}/`, overwrite: true });
  assertEquals(sha256(await Deno.readFile(`${to}/${PATH}`)), sha256(state), ref);
  return fetched() / state.length;
}

testInRoot("a folder is updated by what each version added", async (root: TempRoot) => {
  const world = counted(), to = root.join("policy"), states = statesOf(17);
  const added = await saveStates(await openRegistry(world.store, { cache: false }), states);
  const shares: number[] = [];
  for (const [i, state] of states.entries()) {
    shares.push(await update(world, to, `a@${i + 1}`, state));
  }
  const [first, ...others] = shares;
  assert(first! > 0.5);
  const sum = (all: readonly number[]) => all.reduce((one, other) => one + other, 0);
  // Half of the versions are not made from the one before: then what that one added is read again.
  assertLess(sum(others), 2.5 * sum(added.slice(1)), shares.map((it) => it.toFixed(3)).join(" "));
  assertLess(Math.max(...others), 0.5);
});

testInRoot("a copy that is not what it was is not used", async (root) => {
  const world = counted(), to = root.join("policy"), states = statesOf(4);
  await saveStates(await openRegistry(world.store, { cache: false }), states);
  for (const damage of ["changed", "cut", "longer", "of another version"]) {
    await Deno.mkdir(to, { recursive: true });
    const other = states[2]!.slice();
    if (damage === "changed") other[1_500_000]! ^= 1;
    const copy = damage === "cut" ? other.subarray(0, -1) : other;
    await Deno.writeFile(`${to}/${PATH}`, copy);
    if (damage === "longer") {
      await Deno.writeFile(`${to}/${PATH}`, new Uint8Array(1), { append: true });
    }
    if (damage === "of another version") await Deno.writeFile(`${to}/${PATH}`, statesOf(1, 9)[0]!);
    assertLess(0.7, await update(world, to, "a@4", states[3]!), damage);
  }
});

Deno.test("a copy that changes while it is read is noticed", async () => {
  const world = counted(), states = statesOf(5);
  await saveStates(await openRegistry(world.store, { cache: false }), states);
  const registry = await openRegistry(world.backend, { cache: false });
  for (const [at, ref, state] of [[3, "a@5", states[4]!], [0, "a@2", states[1]!]] as const) {
    const now = states[at]!.slice(), file = (await registry.open(ref)).file(PATH);
    const copy = {
      size: now.length,
      async *chunks({ offset, length }: { offset: number; length: number }) {
        yield await Promise.resolve(now.slice(offset, offset + length));
      },
    };
    const piece = (await file.rebuild!(copy))!;
    const hash: Uint8Array[] = [];
    await piece.passTo((chunk) => void hash.push(chunk.slice()));
    assertEquals(sha256(await new Blob(hash as BlobPart[]).bytes()), sha256(state));
    const changing = (await file.rebuild!(copy))!;
    now[now.length - 100]! ^= 1;
    const error = await changing.passTo(() => {}).then(() => undefined, (error) => error);
    assertEquals(error?.code, "Corrupt");
  }
});

testInRoot("a lost object of the version before costs the whole file", async (root) => {
  const world = counted(), to = root.join("policy"), states = statesOf(5);
  const registry = await openRegistry(world.store, { cache: false });
  await saveStates(registry, states.slice(0, 4));
  const before = await headOf(world.store);
  await saveStates(registry, states.slice(4));
  await update(world, to, "a@4", states[3]!);
  for (const part of [...before.files[0]!.parts!, before.files[0]!.values!.groups]) {
    if (part.from !== undefined) continue;
    const keys = await keysOf(world.store, "objects/a/");
    const key = keys.find((key) => key.endsWith(`/${before.commit}/${part.object}`))!;
    const bytes = (await (await world.store.get(key))!.bytes()).slice();
    await world.store.put(key, bytes.map((byte) => byte ^ 1));
    assert(await update(world, to, "a@5", states[4]!) > 0.6);
    await update(world, to, "a@1", states[0]!);
    await world.store.put(key, bytes);
    await update(world, to, "a@4", states[3]!);
  }
  await registry.delete("a@4");
  await collectGarbage(registry, { now: true });
  assert(await update(world, to, "a@5", states[4]!) > 0.6);
});

testInRoot("a folder follows a model of any history", async (root) => {
  const random = createRandom(7), world = counted(), to = root.join("policy");
  const registry = await openRegistry(world.store, { cache: false });
  let tensors: Model = model(3);
  for (let n = 1; n < 25; n++) {
    const state = safetensors(tensors);
    const { version } = await registry.save("a", { [PATH]: state }, { ...AS, share: "values" });
    if (random.int(4) > 0) await update(world, to, `a@${version}`, state);
    const kind = random.int(8), names = Object.keys(tensors);
    if (kind === 0) tensors = { [`more.${n}`]: layer(8, 1024, n), ...tensors };
    else if (kind === 1) tensors = Object.fromEntries(Object.entries(tensors).reverse());
    else if (kind === 2) {
      tensors = Object.fromEntries(Object.entries(tensors).filter(([name]) => name !== names[0]));
      if (Object.keys(tensors).length < 2) tensors = model(n);
    } else tensors = step(tensors, n);
  }
});

testInRoot("a load takes the base from the cache", async (root) => {
  const world = counted(), states = statesOf(9), cache = { path: root.join("cache") };
  const added = await saveStates(await openRegistry(world.store, { cache: false }), states);
  let sum = 0;
  for (const [i, state] of states.entries()) {
    world.fetched();
    const registry = await openRegistry(world.backend, { cache });
    const value = await registry.load(`a@${i + 1}`, AS) as Record<string, Uint8Array>;
    assertEquals(sha256(value[PATH]!), sha256(state));
    await registry.close(); // the file is in the cache then
    const share = world.fetched() / state.length;
    if (i > 0) sum += share;
  }
  const all = added.slice(1).reduce((one, other) => one + other);
  assertLess(sum, 1.05 * all);
});

testInRoot("a stream takes the base from the cache, and may end early", async (root) => {
  const world = counted(), states = statesOf(4);
  const added = await saveStates(await openRegistry(world.store, { cache: false }), states);
  const within = async (i: number, read: (stream: () => Promise<ReadableStream>) => unknown) => {
    const registry = await openRegistry(world.backend, { cache: { path: root.join("cache") } });
    await read(async () => (await registry.open(`a@${i + 1}`)).file(PATH).stream());
    await registry.close(); // which waits for the cache
  };
  for (const [i, state] of states.entries()) {
    await within(i, async (stream) => {
      for await (const _ of await stream()) break;
      await (await stream()).cancel("enough");
    });
    world.fetched();
    await within(i, async (stream) => {
      assertEquals(sha256(await new Response(await stream()).bytes()), sha256(state));
    });
    assertLess(world.fetched() / state.length, 1.05 * added[i]!);
  }
});
