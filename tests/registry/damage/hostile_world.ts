// A registry in which one record is changed, with its checksum.
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { Registry } from "../../../core/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import { fileSet } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";

/** Returns a record with the right checksum for any line. */
export function sealed(line: string, inline: Uint8Array = new Uint8Array()): Uint8Array {
  const text = line.slice(0, -1);
  return concatBytes([new TextEncoder().encode(`${text},"sum":"${sha256(text)}"}\n`), inline]);
}

export type Line = Record<string, unknown>;

/** Returns the line of a record without its checksum, and the bytes after it. */
export function openRecord(bytes: Uint8Array): { line: Line; inline: Uint8Array } {
  const end = bytes.indexOf(10);
  const { sum: _, ...line } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  return { line, inline: bytes.slice(end + 1) };
}

export async function recordAt(
  store: Backend,
  key: string,
): Promise<ReturnType<typeof openRecord>> {
  return openRecord(await (await store.get(key))!.bytes());
}

export interface HostileWorld {
  registry: Registry;
  store: Backend;
}

/**
 * The objects of a registry: `a` with two versions of files in the record and in payload, an alias
 * and a key; `b`, whole, with garbage.
 */
async function saveWorld(): Promise<[key: string, bytes: Uint8Array][]> {
  const store = createMemoryBackend();
  const registry = await openRegistry(store, { mutable: true, retryForMs: 1 });
  registry.materializers.register(fileSet);
  for (const n of [1, 2]) await registry.save("b", n);
  for (const seed of [1, 2]) {
    const value = { small: noise(10, seed), large: noise(90_000, seed) };
    await registry.save("a", value, {
      as: fileSet,
      idempotencyKey: `k${seed}`,
      inputs: ["b@1"],
    });
  }
  await registry.setAlias("a", "live", "2");
  await annotate(registry, "a@2", { notes: "x", labels: { stage: "y" } });
  await registry.save("b", noise(90_000), { version: "3" });
  await registry.delete("b@3");
  const objects: [string, Uint8Array][] = [];
  for (const key of await keysOf(store)) {
    objects.push([key, await (await store.get(key))!.bytes()]);
  }
  return objects;
}

let saved: ReturnType<typeof saveWorld> | undefined;

/** The objects that one registry saved, for all worlds. */
export function savedObjects(): ReturnType<typeof saveWorld> {
  return saved ??= saveWorld();
}

/** A store of its own with the objects that one registry saved. */
export async function createWorld(): Promise<HostileWorld> {
  const store = createMemoryBackend();
  for (const [key, bytes] of await savedObjects()) await store.put(key, bytes);
  const registry = await openRegistry(store, { mutable: true, retryForMs: 1 });
  registry.materializers.register(fileSet);
  return { registry, store };
}
