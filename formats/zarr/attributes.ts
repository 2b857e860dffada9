// The attributes of arrays and groups.
import type { CallOptions } from "../../core/backend.ts";
import { areAttributes, documentBytes, type ZarrObject } from "./documents/metadata_text.ts";
import { invalid } from "./errors.ts";
import { writableStore, type ZarrStore } from "./store.ts";
import { joinPath } from "../../core/naming/paths.ts";

/** Throws `Invalid` for attributes that JSON cannot hold exactly. */
export function checkAttributes(path: string, attributes: unknown): void {
  if (areAttributes(attributes)) return;
  const hint = "Pass an object of JSON values and bigints.";
  throw invalid(path, "its attributes are not plain data", hint);
}

/** Writes the attributes of a node. In version 2 they have their own document. */
export async function writeAttributes(
  store: ZarrStore,
  path: string,
  { version, document }: { version: 2 | 3; document: ZarrObject },
  newAttributes: Readonly<ZarrObject>,
  options: CallOptions,
): Promise<{ attributes: ZarrObject; document: ZarrObject }> {
  checkAttributes(path, newAttributes);
  const attributes = structuredClone(newAttributes) as ZarrObject;
  const { set } = writableStore(store, "write zarr");
  if (version === 2) {
    await set(joinPath(path, ".zattrs"), documentBytes(attributes), options);
    return { attributes, document };
  }
  const changed = { ...document, attributes };
  await set(joinPath(path, "zarr.json"), documentBytes(changed), options);
  return { attributes, document: changed };
}
