// Stores of arrays that are watched, and that fail.
import { assert, assertRejects } from "@std/assert";
import type { NDArray } from "../../../formats/arrays/ndarray.ts";
import { type ErrorCode, isRegistryError, RegistryError } from "../../../core/errors.ts";
import { createMemoryFiles } from "../../../files/memory.ts";
import { type ZarrStore, zarrStore } from "../../../formats/zarr.ts";

/** A store that notes what is asked of it. */
export interface WatchedStore extends ZarrStore {
  /** The keys that were read. */
  readonly reads: string[];
  /** The keys that were written. */
  readonly writes: string[];
  /** The bytes that were read. */
  bytesRead: number;
  /** How many more writes there are before each fails. */
  writesLeft: number;
}

/** Creates one, in memory. */
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

/** An array of numbers that differ from each other as far as they can. */
export function imageOf(shape: number[], seed = 0): NDArray<"uint16"> {
  const length = shape.reduce((product, side) => product * side, 1);
  return {
    data: Uint16Array.from({ length }, (_, i) => ((i + seed) * 40_503) & 0xffff),
    shape,
    dtype: "uint16",
  };
}
