// Stores that are read like a bucket, and their answers.
import { setImmediate } from "node:timers";
import type { Backend, ByteRange } from "../../../../core/backend.ts";
import { bytesStream, storedObject } from "../../../../core/bytes/bytes.ts";
import type { Registry } from "../../../../core/registry.ts";
import { noise, type RegistryWorld } from "../../registries.ts";

export const VALUE = noise(24 * 1024 * 1024 + 1_234);

/** A stream of unknown length. */
export const stream = () =>
  ReadableStream.from((async function* () {
    for (let at = 0; at < VALUE.byteLength; at += 1_000_000) {
      yield await Promise.resolve(VALUE.slice(at, at + 1_000_000));
    }
  })());

export function answering(
  inner: Backend,
  answer: (
    range: ByteRange | undefined,
    bytes: Uint8Array,
    signal?: AbortSignal,
  ) => Promise<Uint8Array>,
): Backend {
  return {
    kind: "far",
    location: inner.location,
    head: (key, options) => inner.head(key, options),
    put: (key, body, options) => inner.put(key, body, options),
    delete: (key, options) => inner.delete(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    async get(key, options) {
      const object = await inner.get(key, options);
      if (object === undefined || !/^objects.*\/0$/.test(key)) return object;
      const bytes = await answer(options?.range, await object.bytes(), options?.signal);
      return storedObject(object.info, {
        body: () => bytesStream(bytes),
        bytes: () => Promise.resolve(bytes),
      });
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

export async function far(
  world: RegistryWorld,
  answer: Parameters<typeof answering>[1],
): Promise<Registry> {
  await saveFar(world);
  return await world.open({ cache: false }, (inner) => answering(inner, answer));
}

/** Saves to a store that is not near: with a list of chunks. */
export async function saveFar({ open }: RegistryWorld): Promise<Registry> {
  const registry = await open({ cache: false }, (inner) => ({ ...inner, kind: "far" }));
  await registry.save("a", stream());
  return registry;
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
