// Registries whose versions share bytes.
import { assert } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import type { VersionRecord } from "../../../core/record.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { allParts } from "../../../registry/cell/objects.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { decodeRecord } from "../../../registry/format/record_codec.ts";
import { fileSet } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { kindsOfShare } from "../../support/seeds.ts";

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const AS = { as: fileSet };

/** A store that is read like a disk, or like a bucket. */
export function storeOf(kind: "memory" | "far"): Backend {
  return { ...createMemoryBackend(), kind };
}

/** Runs a test on a store that is read like a disk, and on one that is read like a bucket: in CI on each every other day. */
export function testStores(
  sentence: string,
  play: (registry: StoredRegistry, store: Backend) => Promise<void>,
  kinds: ("memory" | "far")[] = ["memory", "far"],
): void {
  for (const kind of kindsOfShare(sentence, kinds)) {
    Deno.test(`${sentence} (${kind})`, async () => {
      const store = storeOf(kind);
      await play(await openRegistry(store, { cache: false }), store);
    });
  }
}

/** Replaces bytes at an offset. */
export function edited(bytes: Uint8Array, at: number, replaced = 1000, seed = 77): Uint8Array {
  const added = noise(replaced, seed);
  return concatBytes([bytes.subarray(0, at), added, bytes.subarray(at + replaced)]);
}

export function blobOf(bytes: Uint8Array): Blob {
  return new Blob([bytes as Uint8Array<ArrayBuffer>]);
}

export async function headOf(store: Backend, name = "a"): Promise<VersionRecord> {
  const [key] = await keysOf(store, `names/${name}/versions/`);
  const { record } = decodeRecord(await (await store.get(key!))!.bytes(), key!);
  return record as VersionRecord;
}

export async function assertVerifies(registry: StoredRegistry): Promise<void> {
  const { ok, problems } = await verifyRegistry(registry);
  assert(ok, JSON.stringify(problems));
}

/** Returns the objects of which a version uses less than half, and those that nothing uses. */
export async function overused(store: Backend, name = "a"): Promise<string[]> {
  const found: string[] = [];
  const unused = new Set(await keysOf(store, `objects/${name}/`));
  for (const key of await keysOf(store, `names/${name}/versions/`)) {
    const { record } = decodeRecord(await (await store.get(key))!.bytes(), key);
    if (record.kind !== "version") continue;
    const [, , , , order] = key.split("/");
    const used = new Map<string, number>();
    for (const file of record.files) {
      for (const { object, size, from = file.from } of allParts(file)) {
        const key = `objects/${name}/${from ?? `${order}/${record.commit}`}/${object}`;
        used.set(key, (used.get(key) ?? 0) + size);
        unused.delete(key);
      }
    }
    for (const [object, bytes] of used) {
      if (bytes * 2 < (await store.head(object))!.size) found.push(`${object} of ${key}`);
    }
  }
  return [...found, ...unused];
}
