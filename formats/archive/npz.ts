// NumPy's archives of arrays: a ZIP file in which each array is a `.npy` file, as `numpy.savez`
// writes it (https://numpy.org/doc/stable/reference/generated/numpy.savez.html).
import { decodeNpy, encodeNpy } from "../../core/bytes/npy.ts";
import { isNDArray } from "../../core/bytes/ndarray.ts";
import type { NDArray } from "../../core/bytes/ndarray.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { unsupportedArchive } from "./entries.ts";
import type { ArchiveEntry, EntryToSave } from "./entries.ts";

const SUFFIX = ".npy";

/** Arrays by name. */
export type NamedArrays = Record<string, NDArray>;

/** Whether a value is a plain object of arrays. */
export function areNamedArrays(value: unknown): value is NamedArrays {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Reflect.ownKeys(value).every((name) =>
    typeof name === "string" && isNDArray(Object.getOwnPropertyDescriptor(value, name)?.value)
  );
}

export function arrayEntries(value: NamedArrays): EntryToSave[] {
  if (!areNamedArrays(value)) throw notNamedArrays();
  return Object.entries(value).map(([name, { dtype, shape, data }]) => ({
    path: name + SUFFIX,
    content: encodeNpy(dtype, shape, data),
  }));
}

function notNamedArrays(): RegistryError {
  return fault({
    code: "Unsupported",
    action: "write archive",
    state: "the value is no plain object of arrays",
    hint: "It is an object of arrays by name: { images: { data, shape, dtype } }.",
  });
}

/** The arrays of an archive, one after the other. */
export async function readArrays(
  path: string,
  entries: readonly ArchiveEntry[],
): Promise<NamedArrays> {
  const arrays: [string, NDArray][] = [];
  for (const entry of entries) {
    if (!entry.path.endsWith(SUFFIX) || entry.mode === "folder" || entry.mode === "link") {
      throw unsupportedArchive(
        path,
        `${shown(entry.path)} in it is no array`,
        "Load it as an archive, { as: zip() }, and what is in it one by one.",
      );
    }
    const name = entry.path.slice(0, -SUFFIX.length);
    arrays.push([name, decodeNpy(await entry.bytes(), `${path}/${entry.path}`)]);
  }
  return Object.fromEntries(arrays);
}
