/**
 * What a row of `batch load` and `batch verify` says.
 *
 * @module
 */
import { parseRef } from "../../mod.ts";
import { refuseHalfRef } from "../program/refusals.ts";
import { fieldsOf } from "./fields.ts";
import type { FieldKind } from "./fields.ts";
import { badRow } from "./raw_row.ts";
import type { Manifest } from "./manifest.ts";
import type { RawRow } from "./raw_row.ts";

/** A row of `batch load` or `batch verify`. */
export interface RefRow {
  /** Which version. */
  ref: string;
  /** The file or folder to write, relative to the manifest. */
  to?: string;
  /** The digest that it must have. */
  digest?: string;
}

const KINDS: Record<string, FieldKind> = { ref: "text", name: "text", version: "text", digest: "text" };

/** What a report has beside these, so that a report is a manifest too. */
const OF_REPORTS: Record<string, FieldKind> = Object.fromEntries(
  ["index", "line", "ok", "skipped", "size", "error", "path", "to", "dryRun", "leftOut"].map((
    field,
  ) => [field, "ignored"]),
);

/** What a row may have. */
export const REF_FIELDS: readonly string[] = [...Object.keys(KINDS), ...Object.keys(OF_REPORTS)];

/** Reads a row; throws `Invalid`. A `target` is required where it is asked for. */
export function parseRefRow(
  raw: RawRow,
  { format }: Pick<Manifest, "format">,
  { target = false }: { target?: boolean } = {},
): RefRow {
  const kinds = { ...KINDS, ...OF_REPORTS, ...(target ? { to: "text" as const } : {}) };
  const { ref, name, version, to, digest } = fieldsOf<RefRow & { name: string; version: string }>(raw, kinds, format);
  if (raw.fields?.ok === false) throw badRow("it is the report of a row that failed");
  if (raw.fields?.dryRun === true) throw badRow("it is the report of a dry run");
  if ((ref === undefined) === (name === undefined)) {
    throw badRow(ref === undefined ? "it has neither a ref nor a name" : "it has a ref and a name");
  }
  if (ref !== undefined && version !== undefined) throw badRow("it has a ref and a version");
  if (target && to === undefined) throw badRow("it has no `to`, the place to write");
  const whole = ref ?? (version === undefined ? name! : `${name}@${version}`);
  refuseHalfRef(whole);
  parseRef(whole);
  return { ref: whole, to, digest };
}
