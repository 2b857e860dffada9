// A store whose bytes tests change, and the refusal of what they become.
import { assert, assertRejects, assertStringIncludes } from "@std/assert";
import { type ErrorCode, isRegistryError } from "../../../core/errors.ts";
import type { ZarrStore } from "../../../formats/zarr.ts";

export function memory(): ZarrStore & { keys: Map<string, Uint8Array> } {
  const keys = new Map<string, Uint8Array>();
  return {
    keys,
    location: "memory:",
    get(key, { range, suffix } = {}) {
      const bytes = keys.get(key);
      if (suffix !== undefined) {
        return Promise.resolve(bytes?.slice(Math.max(0, bytes.length - suffix)));
      }
      const { offset = 0, length = Infinity } = range ?? {};
      return Promise.resolve(bytes?.slice(offset, offset + length));
    },
    set: (key, bytes) => Promise.resolve(void keys.set(key, bytes.slice())),
    remove: (key) => Promise.resolve(void keys.delete(key)),
  };
}

/** Asserts that an action fails with a code and names a key. */
export async function refused(
  code: ErrorCode,
  key: string,
  action: () => Promise<unknown>,
): Promise<void> {
  const error = await assertRejects(action);
  assert(isRegistryError(error, code), String(error));
  assertStringIncludes(error.message, key);
}
