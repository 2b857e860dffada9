// Stores of arrays that are watched, and that fail.
import { assert, assertRejects } from "@std/assert";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import { type ErrorCode, isRegistryError, RegistryError } from "../../../core/errors.ts";
import { createMemoryFiles } from "../../../files/memory.ts";
import { type ZarrStore, zarrStore } from "../../../formats/zarr.ts";

/** A store in memory that records requests. */
export interface WatchedStore extends ZarrStore {
  readonly reads: string[];
  readonly writes: string[];
  bytesRead: number;
  /** The number of writes before each fails. */
  writesLeft: number;
}

export function watchedStore(): WatchedStore {
  const inner = zarrStore(createMemoryFiles());
  const store: WatchedStore = {
    ...inner,
    reads: [],
    writes: [],
    bytesRead: 0,
    writesLeft: Infinity,
    async get(key, options) {
      const bytes = await inner.get(key, options);
      store.reads.push(key);
      store.bytesRead += bytes?.byteLength ?? 0;
      return bytes;
    },
    async set(key, bytes, options) {
      if (store.writesLeft-- <= 0) {
        throw new RegistryError({ code: "Unavailable", message: "Cannot write: it is over" });
      }
      store.writes.push(key);
      await inner.set!(key, bytes, options);
    },
  };
  return store;
}

/** Asserts that a call fails with this code. */
export async function refused(code: ErrorCode, result: Promise<unknown>): Promise<RegistryError> {
  const error = await assertRejects(() => result);
  assert(isRegistryError(error, code), String(error));
  return error;
}

/** Returns an image whose values differ as much as possible. */
export function imageOf(shape: number[], seed = 0): NDArray<"uint16"> {
  const length = shape.reduce((product, side) => product * side, 1);
  return {
    data: Uint16Array.from({ length }, (_, i) => ((i + seed) * 40_503) & 0xffff),
    shape,
    dtype: "uint16",
  };
}
