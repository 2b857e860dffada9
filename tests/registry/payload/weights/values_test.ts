import { assert, assertEquals, assertLess } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import type { StoredRegistry, TransferProgress } from "../../../../core/registry.ts";
import { concatBytes, iterableStream, readAll } from "../../../../core/bytes/bytes.ts";
import { isRegistryError } from "../../../../core/errors.ts";
import { passThrough } from "../../../../apps/server/saving/sent_files.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { openFile } from "../../../../registry/tools/files.ts";
import { createRandom, type Random } from "../../../simulate/random.ts";
import { seedRange } from "../../../support/seeds.ts";
import { keysOf } from "../../registries.ts";
import { assertVerifies, headOf, MIB, overused, testStores } from "../shared_bytes.ts";
import {
  AS,
  loaded,
  type Model,
  model,
  PATH,
  saveStates,
  statesOf,
  step,
  VALUES,
} from "./training.ts";
import { layer, safetensors } from "./weights.ts";

async function train(registry: StoredRegistry, steps: number) {
  const states = statesOf(steps);
  return { states, added: await saveStates(registry, states) };
}

testStores("a checkpoint costs what training changed", async (registry, store) => {
  const { states, added: [first, ...others] } = await train(registry, 10);
  assertLess(first!, 0.75);
  assertLess(Math.max(...others), 0.25);
  assertLess(others.reduce((sum, share) => sum + share) / others.length, 0.1);
  const { format, files: [file] } = await headOf(store);
  assertEquals([format, file!.encoding], ["holdfast/1-values", "values"]);
  for (const [i, state] of states.entries()) {
    assertEquals(await loaded(registry, `a@${i + 1}`), state);
  }
  await assertVerifies(registry);
});

testStores("the progress of a save grows while values are encoded", async (registry) => {
  const states = statesOf(2);
  for (const state of states) {
    const seen: number[] = [], onProgress = ({ bytes }: TransferProgress) => void seen.push(bytes);
    await registry.save("a", { [PATH]: state }, { ...VALUES, onProgress });
    assert(seen.some((bytes) => bytes > 0 && bytes < state.length), String(seen));
    assertEquals(seen.at(-1), state.length);
  }
});

testStores("a file whose tensors were shuffled gets no base", async (registry, store) => {
  const names = Array.from({ length: 300 }, (_, i) => `layer.${i}`);
  const tensors = Object.fromEntries(names.map((name, i) => [name, layer(4, 1024, i)]));
  const shuffled = Object.fromEntries(names.map((_, i) => {
    const name = names[(i * 7) % 300]!;
    return [name, tensors[name]!];
  }));
  for (const [i, some] of [tensors, tensors, shuffled, shuffled].entries()) {
    const state = safetensors(step(some, i));
    await registry.save("a", { [PATH]: state }, VALUES);
    const { files: [file] } = await headOf(store);
    assertEquals([file!.encoding, file!.values!.base !== undefined], ["values", i % 2 === 1]);
    assertEquals(await loaded(registry, `a@${i + 1}`), state);
  }
});

testStores("a version stays whole without those that it is made from", async (registry, store) => {
  const { states } = await train(registry, 9);
  for (let version = 1; version < 9; version++) await registry.delete(`a@${version}`);
  const { failures } = await collectGarbage(registry, { now: true });
  assertEquals(failures, []);
  assertEquals(await loaded(registry, "a@9"), states[8]);
  await assertVerifies(registry);
  await registry.delete("a@9");
  await collectGarbage(registry, { now: true });
  assertEquals(await keysOf(store, "objects/"), []);
});

testStores("a version of another name needs nothing of its base", async (registry, store) => {
  const { states } = await train(registry, 3);
  await registry.save("b", { [PATH]: states[2] }, { ...AS, base: "a" });
  assertEquals((await headOf(store, "b")).files[0]!.values, undefined);
  await registry.delete("a", { allVersions: true });
  await collectGarbage(registry, { now: true });
  assertEquals(await loaded(registry, "b"), states[2]);
  await assertVerifies(registry);
});

testStores("a range of a checkpoint is that of the plain file", async (registry) => {
  const { states: [, , , , state] } = await train(registry, 5);
  const file = await openFile(registry, "a@5", { path: PATH });
  const random = createRandom(5);
  for (let i = 0; i < 30; i++) {
    const offset = random.int(state!.length), length = random.int(i < 20 ? 5000 : MIB);
    const range = await readAll(file.stream({ offset, length }));
    assertEquals(range, state!.slice(offset, offset + length));
  }
});

testStores(
  "a save stays whole if its base is deleted and collected meanwhile",
  async (registry) => {
    for (let call = 1; call <= 3; call++) {
      const name = `a${call}`, [first, second] = statesOf(2);
      await saveStates(registry, [first!], name);
      let calls = 0;
      const stream = () =>
        iterableStream(async function* () {
          const isNow = ++calls === call;
          yield second!.slice(0, MIB);
          if (isNow) {
            await registry.delete(`${name}@1`);
            await collectGarbage(registry, { now: true });
          }
          yield second!.slice(MIB);
        }());
      const file = { path: PATH, content: { size: second!.length, stream } };
      const as = passThrough({ id: "set", formatVersion: 1 }, [file]);
      const saved = await registry.save(name, undefined, { as, share: "values" }).catch((error) => {
        assert(isRegistryError(error), String(error));
      });
      assert(calls >= Math.min(call, 2), `${calls}`);
      if (!saved) continue;
      const read = await openFile(registry, `${name}@${saved.version}`, { path: PATH });
      assertEquals(await read.bytes(), second);
    }
    await assertVerifies(registry);
  },
);

testStores("versions of any history stay whole while others go", async (registry, store) => {
  const { firstSeed, seeds } = seedRange(1);
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    await play(registry, store, `h${seed}`, createRandom(seed));
  }
});

async function play(registry: StoredRegistry, store: Backend, name: string, random: Random) {
  let tensors = model(random.int(1e6));
  const live = new Map<string, Uint8Array>();
  for (let n = 0; n < 14; n++) {
    const state = safetensors(tensors);
    const share = random.int(6) === 0 ? "bytes" : "values";
    const { version } = await registry.save(name, { [PATH]: state }, { ...AS, share });
    live.set(version, state);
    if (random.int(3) === 0) {
      const gone = random.pick([...live.keys()]);
      live.delete(gone);
      await registry.delete(`${name}@${gone}`);
    }
    if (random.int(4) === 0) {
      const { failures } = await collectGarbage(registry, { now: true });
      assertEquals(failures, []);
      assertEquals(await overused(store, name), []);
    }
    for (const [version, state] of live) {
      if (random.int(3) > 0) continue;
      assertEquals(await loaded(registry, `${name}@${version}`), state, `seed of ${name}`);
    }
    tensors = changed(tensors, random);
  }
  for (const [version, state] of live) {
    assertEquals(await loaded(registry, `${name}@${version}`), state);
  }
  await assertVerifies(registry);
}

/** Changes a model as programs do: mostly by a step, seldom its tensors, their order or their sizes. */
function changed(tensors: Model, random: Random): Model {
  const kind = random.int(10), names = Object.keys(tensors);
  if (kind < 6) return step(tensors, random.int(1e6));
  if (kind === 6) return { added: layer(8, 1024, random.int(1e6)), ...tensors };
  if (kind === 7) return Object.fromEntries(Object.entries(tensors).reverse());
  if (kind === 8) return model(random.int(1e6));
  const grown = tensors[names[0]!]!, [rows = 0, columns = 0] = grown.shape;
  const more = layer(10, columns, random.int(1e6));
  return {
    ...tensors,
    [names[0]!]: {
      ...grown,
      shape: [rows + 10, columns],
      bytes: concatBytes([grown.bytes, more.bytes]),
    },
  };
}
