// Versions of metadata: 0.5 is in `ome`, 0.4 directly in the attributes of a group.
import { type RegistryError, unsupported } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { ZarrObject } from "../../formats/zarr.ts";
import { memberIn, memberOf, type Part, stringOf, wrong } from "./document.ts";

/** A version of OME-NGFF: 0.4 in zarr version 2, 0.5 in version 3. */
export type OmeVersion = "0.4" | "0.5";

export const ZARR_VERSIONS: Readonly<Record<OmeVersion, 2 | 3>> = { "0.4": 2, "0.5": 3 };

interface Versioned {
  version: OmeVersion;
  /** The object with the members `multiscales`, `plate`, `well` and `omero`. */
  metadata: Part;
}

/** Returns the metadata in the attributes of a group, which must contain `kind`. */
export function versionOf(attributes: Part, kind: "multiscales" | "plate" | "well"): Versioned {
  const ome = memberIn(attributes, "ome");
  if (ome !== undefined) {
    const version = memberOf(ome, "version");
    if (stringOf(version) !== "0.5") throw otherVersion(version);
    return { version: "0.5", metadata: ome };
  }
  const member = memberOf(attributes, kind);
  const holder = kind === "multiscales" && Array.isArray(member.value)
    ? { ...member, value: member.value[0], place: "multiscales[0]" }
    : member;
  const version = memberIn(holder, "version");
  if (version !== undefined && stringOf(version) !== "0.4") throw otherVersion(version);
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
  const text = stringOf(version);
  if (!/^\d+\.\d+/.test(text)) return wrong(version, `is ${shown(text)}, not a version`);
  const { action, subject, key } = wrong(version, "");
  return unsupported(action!, subject, `${version.place} is ${shown(text)}, neither 0.4 nor 0.5`, {
    hint: "Convert it to 0.5 with ome-zarr (Python).",
    key,
  });
}
