// What a row of `batch load` and `batch verify` says.
import { parseRef } from "../../../mod.ts";
import { refuseHalfRef } from "../program/refusals.ts";
import { refuseRemote } from "../program/split_remotes.ts";
import { badRow, type FieldKind, fieldsOf, type RawRow } from "./raw_row.ts";
import type { Manifest } from "./manifest.ts";

/** A row of `batch load` or `batch verify`. */
export interface RefRow {
  ref: string;
  /** The file or folder to write, relative to the manifest, or to the folder that was named. */
  to?: string;
  /** The digest that it must have. */
  digest?: string;
}

const KINDS: Record<string, FieldKind> = {
  ref: "text",
  name: "text",
  version: "text",
  digest: "text",
};

/** What reports and listings have beside these, so that each of them is a manifest too. */
const OF_REPORTS: Record<string, FieldKind> = Object.fromEntries(
  [
    ...["index", "line", "ok", "skipped", "size", "error", "path", "to", "dryRun"], // reports of batches
    ...["latest", "versions", "createdAt", "materializer", "aliases"], // holdfast ls
    ...["commit", "metadata", "generation", "inputs", "files", "origin", "idempotencyKey"], // versions, info
    ...["left", "written", "deleted", "changes", "leftOut"], // download
    ...["created", "addedBytes", "unchanged"], // save
  ].map((field) => [field, "ignored"]),
);

export const REF_FIELDS: readonly string[] = [...Object.keys(KINDS), ...Object.keys(OF_REPORTS)];

/** Reads a row; throws `Invalid`. A `target` is read where it is asked for. */
export function parseRefRow(
  raw: RawRow,
  { format }: Pick<Manifest, "format">,
  { target = false }: { target?: boolean } = {},
): RefRow {
  const kinds = { ...KINDS, ...OF_REPORTS, ...(target ? { to: "text" as const } : {}) };
  const { ref, name, version, to, digest } = fieldsOf<RefRow & { name: string; version: string }>(
    raw,
    kinds,
    format,
  );
  if (raw.fields?.ok === false) throw badRow("it is the report of a row that failed");
  if (raw.fields?.dryRun === true) throw badRow("it is the report of a dry run");
  if ((ref === undefined) === (name === undefined)) {
    throw badRow(ref === undefined ? "it has neither a ref nor a name" : "it has a ref and a name");
  }
  if (ref !== undefined && version !== undefined) throw badRow("it has a ref and a version");
  const whole = ref ?? (version === undefined ? name! : `${name}@${version}`);
  refuseRemote(whole, ONE_REGISTRY);
  refuseHalfRef(whole);
  parseRef(whole);
  return { ref: whole, to, digest };
}

/** The hint where a row names a registry. */
export const ONE_REGISTRY = (remote: string, rest: string): string =>
  `All rows are of one registry: write ${JSON.stringify(rest)}, and name it by -r ${
    remote.slice(1)
  }. ` +
  "For several registries run one batch each.";

/** Where a version goes below a folder: under its ref, in which a name may have folders. */
export function placeOfRef(ref: string): string {
  const isPlain = ref.split("/").every((part) => !["", ".", ".."].includes(part)) &&
    !ref.includes("\\");
  if (isPlain) return ref;
  throw badRow("it has no `to`, and its name cannot be that of a file");
}
