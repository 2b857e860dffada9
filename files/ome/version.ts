// Where the metadata of a group stands: 0.5 has it under `ome`, 0.4 right in the attributes.
import { RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { ZarrObject } from "../../formats/zarr.ts";
import { memberIn, memberOf, type Part, textOf, wrong } from "./document.ts";

/** The versions of OME-NGFF: 0.4 is in zarr version 2, 0.5 in version 3. */
export type OmeVersion = "0.4" | "0.5";

/** The version of zarr that each stands in. */
export const ZARR_VERSIONS: Readonly<Record<OmeVersion, 2 | 3>> = { "0.4": 2, "0.5": 3 };

export interface Versioned {
  version: OmeVersion;
  /** What has the members `multiscales`, `plate`, `well` and `omero`. */
  metadata: Part;
}

/**
 * The metadata in the attributes of a group.
 *
 * @param kind what it must have: `plate`
 */
export function versionOf(attributes: Part, kind: "multiscales" | "plate" | "well"): Versioned {
  const ome = memberIn(attributes, "ome");
  if (ome !== undefined) {
    const version = memberOf(ome, "version");
    if (textOf(version) !== "0.5") throw otherVersion(version);
    return { version: "0.5", metadata: ome };
  }
  const found = memberOf(attributes, kind);
  const holder = kind === "multiscales" && Array.isArray(found.value)
    ? { ...found, value: found.value[0], place: "multiscales[0]" }
    : found;
  const version = memberIn(holder, "version");
  if (version !== undefined && textOf(version) !== "0.4") throw otherVersion(version);
  return { version: "0.4", metadata: attributes };
}

export function withVersion(version: OmeVersion, metadata: Record<string, unknown>): ZarrObject {
  return (version === "0.5" ? { ome: { version, ...metadata } } : metadata) as ZarrObject;
}

export function changeMetadata(
  attributes: Readonly<ZarrObject>,
  kind: "plate" | "well",
  change: (before: ZarrObject) => ZarrObject,
): ZarrObject {
  const isNew = attributes.ome !== undefined;
  const holder = (isNew ? attributes.ome : attributes) as ZarrObject;
  const changed = { ...holder, [kind]: change(holder[kind] as ZarrObject) };
  return isNew ? { ...attributes, ome: changed } : changed;
}

function otherVersion(version: Part): RegistryError {
  if (!/^\d+\.\d+/.test(textOf(version))) {
    return wrong(version, `is ${shown(version.value)}: no version`);
  }
  const { message, key } = wrong(version, `is ${shown(version.value)}: 0.4 and 0.5 are read`);
  return new RegistryError({
    code: "Unsupported",
    message,
    key,
    hint: "ome-zarr (Python) brings it to 0.5.",
  });
}
