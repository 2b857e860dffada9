// Bytes to store, and short ways to look at what became of them.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { Backend, Body, ListOptions, PutResult, StoredObject } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { isPrefix } from "../../../core/backend.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { isRegistryError } from "../../../core/errors.ts";

/** Bytes without a pattern that a mistake could hit by chance, the same for the same seed. */
export function sampleBytes(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let state = seed >>> 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
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
export async function passed(object: StoredObject): Promise<Uint8Array> {
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
export function assertBytes(actual: Uint8Array, expected: Uint8Array): void {
  strictEqual(actual.byteLength, expected.byteLength);
  if (expected.byteLength <= 256) deepStrictEqual(Array.from(actual), Array.from(expected));
  else strictEqual(sha256(actual), sha256(expected));
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
