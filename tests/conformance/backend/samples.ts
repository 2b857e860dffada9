// Bytes to store, and short ways to look at what became of them.
import { Buffer } from "node:buffer";
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { Backend, Body, ListOptions, PutResult, StoredObject } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { isPrefix } from "../../../core/backend.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { isRegistryError } from "../../../core/errors.ts";

/** Bytes that were computed, by seed: tests ask for the same ones again and again. */
const computed = new Map<number, { bytes: Uint8Array<ArrayBuffer>; state: number }>();
/** The longest bytes of a seed that stay in memory, and for how many seeds. */
const MAX_COMPUTED_BYTES = 32 * 2 ** 20;
const MAX_COMPUTED_SEEDS = 32;

/**
 * Bytes without a pattern that a mistake could hit by chance, and that do not compress, the same for the same seed. The
 * longer ones of a seed begin with the shorter ones.
 */
export function sampleBytes(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const known = computed.get(seed) ?? { bytes: new Uint8Array(), state: seed >>> 0 };
  if (known.bytes.length >= size) return known.bytes.slice(0, size);
  const bytes = new Uint8Array(size);
  bytes.set(known.bytes);
  let { state } = known;
  for (let i = known.bytes.length; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  const isKept = computed.has(seed) || computed.size < MAX_COMPUTED_SEEDS;
  if (isKept && size <= MAX_COMPUTED_BYTES) computed.set(seed, { bytes: bytes.slice(), state });
  return bytes;
}

/** Encodes a string as UTF-8. */
export function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

/** A stream of these bytes in chunks of a size. It ends with the error `failWith`, if any. */
export function chunked(
  bytes: Uint8Array,
  chunkBytes: number,
  failWith?: Error,
): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset < bytes.byteLength) {
        controller.enqueue(bytes.slice(offset, offset += chunkBytes));
      } else if (failWith === undefined) {
        controller.close();
      } else {
        controller.error(failWith);
      }
    },
  });
}

/** Returns copies of all bytes that an object passes on. */
export async function passed(object: Pick<StoredObject, "passTo">): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await object.passTo!((chunk) => void chunks.push(chunk.slice()));
  return concatBytes(chunks);
}

export async function putAll(backend: Backend, keys: readonly string[]): Promise<void> {
  for (let i = 0; i < keys.length; i += 16) {
    await Promise.all(keys.slice(i, i + 16).map((key) => backend.put(key, text(key))));
  }
}

/**
 * Creates an object as callers do: repeats a create that the store refused temporarily and without
 * a write. Some stores refuse all but one of several requests for a key, or a key in a folder
 * during its removal.
 */
export async function createObject(
  backend: Backend,
  key: string,
  body: () => Body,
): Promise<PutResult> {
  for (let refused = 0;; refused++) {
    try {
      return await backend.put(key, body(), { mode: "create" });
    } catch (error) {
      const forNow = isRegistryError(error, "Unavailable") && error.retry === "later" &&
        !error.maybeWritten;
      if (!forNow || refused === 100) throw error;
    }
  }
}

/** The bytes of an object, or undefined if absent. */
export async function read(backend: Backend, key: string): Promise<Uint8Array | undefined> {
  return await (await backend.get(key))?.bytes();
}

/** The keys and prefixes of a listing, in its order. */
export async function listed(
  backend: Backend,
  prefix: string,
  options: ListOptions = {},
): Promise<string[]> {
  const names = new Set<string>();
  for await (const entry of backend.list(prefix, options)) {
    const name = isPrefix(entry) ? entry.prefix : entry.key;
    ok(!names.has(name), `list() yields ${JSON.stringify(name)} twice`); // else it may never end
    names.add(name);
  }
  return [...names];
}

/** Fails unless the object has exactly these bytes. */
export async function assertHolds(
  backend: Backend,
  key: string,
  expected: Uint8Array,
): Promise<void> {
  const found = await read(backend, key);
  ok(found !== undefined, `no object at ${JSON.stringify(key)}`);
  assertBytes(found, expected);
  strictEqual((await backend.head(key))?.size, expected.byteLength);
}

/** Fails unless these are the same bytes. Long ones are not printed. */
export function assertBytes(actual: unknown, expected: Uint8Array): void {
  ok(actual instanceof Uint8Array, "no bytes");
  strictEqual(actual.byteLength, expected.byteLength);
  if (expected.byteLength <= 256) deepStrictEqual(Array.from(actual), Array.from(expected));
  else if (!sameBytes(actual, expected)) strictEqual(sha256(actual), sha256(expected));
}

/** Compares at once: `deepStrictEqual` of workerd takes two seconds for a megabyte. */
export function sameBytes(some: Uint8Array, others: Uint8Array): boolean {
  return Buffer.from(some.buffer, some.byteOffset, some.byteLength).equals(others);
}

/** Fails unless nothing is to be seen of the key. */
export async function assertMissing(backend: Backend, key: string): Promise<void> {
  strictEqual(await backend.head(key), undefined);
  strictEqual(await backend.get(key), undefined);
  deepStrictEqual(await listed(backend, key), []);
}

/** Fails unless the promise fails with this very thing. */
export async function assertThrows(promise: Promise<unknown>, expected: unknown): Promise<void> {
  await rejects(promise, (error) => {
    strictEqual(error, expected);
    return true;
  });
}

/** Fails unless the promise fails with a `RegistryError` of this code, which names the key. */
export async function assertInvalid(promise: Promise<unknown>, key: string): Promise<void> {
  await rejects(promise, (error) => {
    ok(isRegistryError(error, "Invalid"), `not Invalid: ${error}`);
    strictEqual(error.key, key);
    return true;
  });
}

/** True for a successful put, false for `Invalid`. Throws any other failure. */
export async function isAccepted(backend: Backend, key: string, body: Body): Promise<boolean> {
  try {
    return (await backend.put(key, body)).written;
  } catch (error) {
    if (isRegistryError(error, "Invalid")) return false;
    throw error;
  }
}
