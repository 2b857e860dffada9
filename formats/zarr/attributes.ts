// The attributes of arrays and groups.
import type { CallOptions } from "../../core/backend.ts";
import { areAttributes, documentBytes, type ZarrObject } from "./documents/metadata_text.ts";
import { invalidZarr } from "./errors.ts";
import { keyBelow, writableStore, type ZarrStore } from "./store.ts";

/** Throws `Invalid` for attributes that JSON does not hold exactly. */
export function checkAttributes(path: string, attributes: unknown): void {
  if (areAttributes(attributes)) return;
  throw invalidZarr(
    path,
    "its attributes are no plain data",
    "Attributes are an object of what JSON has.",
  );
}

/** Writes the attributes of an array or a group: of version 2 they have a document of their own. */
export async function writeAttributes(
  store: ZarrStore,
  path: string,
  { version, document }: { version: 2 | 3; document: ZarrObject },
  given: Readonly<ZarrObject>,
  options: CallOptions,
): Promise<{ attributes: ZarrObject; document: ZarrObject }> {
  checkAttributes(path, given);
  const attributes = structuredClone(given) as ZarrObject;
  const { set } = writableStore(store, "write zarr");
  if (version === 2) {
    await set(keyBelow(path, ".zattrs"), documentBytes(attributes), options);
    return { attributes, document };
  }
  const changed = { ...document, attributes };
  await set(keyBelow(path, "zarr.json"), documentBytes(changed), options);
  return { attributes, document: changed };
}
