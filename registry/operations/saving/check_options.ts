// Checks of a save's options.
import type { PagedArtifact } from "../../../core/artifact.ts";
import { type Fault, fault } from "../../../core/errors.ts";
import { checkName, shown } from "../../../core/naming/names.ts";
import { newAliases } from "../../../core/naming/refs.ts";
import { FIRST_VERSION, parseVersion } from "../../../core/naming/versions.ts";
import { checkMetadata } from "../../../core/calls/metadata.ts";
import type { VersionRecord } from "../../../core/record.ts";
import type { SaveOptions } from "../../../core/registry/operations/saving.ts";
import { checkInputs, type GivenInput } from "../lineage/inputs.ts";
import { checkWritable, type Context } from "../context.ts";
import { checkEncoding } from "../../payload/encoding.ts";

/** Throws `Invalid` for contradictory options, or options that the registry's settings forbid. */
export function checkSave(context: Context, name: string, options: SaveOptions): void {
  checkWritable(context, `save ${shown(name)}`);
  checkName(name);
  const { version, bump, onConflict, ifCommit } = options;
  const { metadata, inputs, idempotencyKey, compress, share } = options;
  const { mutable, versioned } = context.settings;
  const problems: Problem[] = [
    [
      version !== undefined && bump !== undefined,
      "version and bump are both given",
      "Pass the version, or the number that the next one raises.",
    ],
    [
      (onConflict === "overwrite" || ifCommit !== undefined) && !mutable,
      "versions of this registry are never overwritten",
      "Create a registry with mutable: true.",
      { kind: "not_mutable" },
    ],
    [
      ifCommit !== undefined && version === undefined && versioned,
      "ifCommit needs a version",
      "Pass the version of that commit.",
    ],
    [
      compress !== undefined && share === "values",
      "compress and the share of values are both given",
      "Pass one of them: values are compressed anyway.",
    ],
    [
      version !== undefined && !versioned &&
      parseVersion(version).canonical !== FIRST_VERSION.canonical,
      "this registry keeps one value per name, without versions",
      "Leave the version out.",
    ],
  ];
  for (const [isProblem, state, hint, reason] of problems) {
    if (!isProblem) continue;
    throw fault({ code: "Invalid", action: "save", subject: shown(name), state, hint, reason });
  }
  newAliases(options.alias); // before anything is saved
  if (metadata !== undefined) checkMetadata(metadata);
  if (compress !== undefined) checkEncoding(compress);
  if (idempotencyKey !== undefined) checkName(idempotencyKey, "idempotency key");
  if (inputs !== undefined) checkInputs(name, inputs);
}

type Problem = [isProblem: boolean, state: string, hint: string, reason?: Fault["reason"]];

/** The fields of a record that the user gives. */
export interface UserFields {
  readonly fields: Pick<VersionRecord, "metadata" | "key">;
  readonly inputs?: readonly GivenInput[];
  /** The inputs to record, once they were looked up. */
  pinned?: VersionRecord["inputs"];
}

/** Returns a copy of the user's fields, which the caller may change meanwhile. */
export function userFields(options: SaveOptions): UserFields {
  const { metadata = {}, inputs, idempotencyKey: key } = options;
  const fields = { metadata, ...(key && { key }) };
  return structuredClone({ fields, ...(inputs && { inputs }) });
}

/** Returns the user's fields that a copy of the version keeps. */
export function copiedFields({ metadata, inputs }: PagedArtifact["info"]): Partial<VersionRecord> {
  checkMetadata(metadata); // another program may have written it
  return { metadata, ...(inputs.length > 0 && { inputs }) };
}
