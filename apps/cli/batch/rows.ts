// Rows of manifests: their fields, parsed and checked.
import type { Advice } from "../../../core/errors.ts";
import { resolve } from "node:path";
import type { Encoding, LocalPathOptions } from "../../../materializers/mod.ts";
import type { OnConflict } from "../../../core/registry/operations/saving.ts";
import { isRegistryError, parseRef, type RegistryError } from "../../../mod.ts";
import { CHOICES } from "../../../core/registry/operations/saving.ts";
import { parseExactJson } from "../../../core/text/json_text.ts";
import { invalid, withHints } from "../terminal/hints.ts";
import { refuseHalfRef } from "../program/refusals.ts";
import { refuseRemote } from "../program/split_remotes.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { type TreeFlags, treeOptionsOf } from "../values/tree_options.ts";
import { readValue, type SourceKind } from "../values/value_source.ts";

export type ManifestFormat = "jsonl" | "csv";

/** A row as written: its fields, or the error of reading it. */
export interface RawRow {
  /** The line of the file on which it ends, from 1. */
  line: number;
  fields?: Record<string, unknown>;
  error?: RegistryError;
}

export function badRow(state: string, cause?: unknown): RegistryError {
  const hint = "Fix it and rerun the same command. Its --help describes the fields of a row.";
  return invalid("read a row", state, hint, cause);
}

/** The type of a field. An array lists allowed strings. `texts` in CSV is JSON or one string. */
type FieldKind = "text" | "texts" | "flag" | "json" | "object" | "ignored" | readonly string[];

/** Returns the known fields of a row; throws `Invalid` for unknown fields and wrong types. */
function fieldsOf<T>(
  { fields = {}, error }: RawRow,
  kinds: Readonly<Record<string, FieldKind>>,
  format: ManifestFormat,
): Partial<T> {
  if (error !== undefined) throw error;
  const unknown = Object.keys(fields).find((field) => !Object.hasOwn(kinds, field));
  if (unknown !== undefined) {
    const known = Object.keys(kinds).filter((name) => kinds[name] !== "ignored");
    throw badRow(`${JSON.stringify(unknown)} is not one of ${known.join(", ")}`);
  }
  const checked: Record<string, unknown> = {};
  for (const [field, kind] of Object.entries(kinds)) { // in this order, not that of the row
    if (kind === "ignored" || !Object.hasOwn(fields, field)) continue;
    const value = format === "csv"
      ? parseCell(field, kind, fields[field] as string)
      : fields[field];
    const expected = typeof kind === "string" ? TYPES[kind].name : `one of ${kind.join(", ")}`;
    const isRight = typeof kind === "string"
      ? TYPES[kind].includes(value)
      : kind.includes(value as string);
    if (!isRight) throw badRow(`${field} is not ${expected}`);
    checked[field] = value;
  }
  return checked as Partial<T>;
}

const TYPES: Record<
  Exclude<FieldKind, readonly string[]>,
  { name: string; includes(value: unknown): boolean }
> = {
  text: { name: "a string", includes: (value) => typeof value === "string" && value !== "" },
  texts: {
    name: "a list of strings",
    includes: (value) => [value].flat().every((text) => typeof text === "string"),
  },
  flag: { name: "true or false", includes: (value) => typeof value === "boolean" },
  object: {
    name: "a JSON object",
    includes: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  },
  json: { name: "JSON", includes: () => true },
  ignored: { name: "anything", includes: () => true },
};

function parseCell(field: string, kind: FieldKind, cell: string): unknown {
  const isJson = kind === "json" || kind === "object" || kind === "flag" ||
    (kind === "texts" && cell.startsWith("["));
  if (!isJson) return cell;
  try {
    return parseExactJson(cell);
  } catch (cause) {
    if (isRegistryError(cause)) throw cause;
    throw badRow(`${field} is not JSON (${(cause as Error).message})`, cause);
  }
}

function oneRegistry(remote: string, rest: string): Advice {
  const hint = `All rows use one registry: write ${JSON.stringify(rest)} and pass -r ` +
    `${remote.slice(1)}. For several registries run one batch each.`;
  return { hint };
}

interface RefRow {
  ref: string;
  /** The file or folder to write, relative to the manifest or to `--to`. */
  to?: string;
}

const REF_KINDS: Record<string, FieldKind> = {
  ref: "text",
  name: "text",
  version: "text",
  to: "text",
};

/** Other fields of the output of commands, which can be used as manifests. */
const OF_OUTPUT: Record<string, FieldKind> = Object.fromEntries(
  [
    ...["index", "line", "ok", "skipped", "digest", "size", "error", "path", "dryRun"], // batches
    ...["latest", "versions", "createdAt", "materializer", "aliases"], // ls
    ...["commit", "metadata", "generation", "inputs", "files", "origin", "idempotencyKey"], // info
    ...["left", "written", "deleted", "changes", "leftOut"], // download
    ...["created", "addedBytes", "unchanged"], // save
  ].map((field) => [field, "ignored"]),
);

export const REF_FIELDS: readonly string[] = [...Object.keys(REF_KINDS), ...Object.keys(OF_OUTPUT)];

export function parseRefRow(raw: RawRow, { format }: { format: ManifestFormat }): RefRow {
  type Fields = RefRow & { name: string; version: string };
  const fields = fieldsOf<Fields>(raw, { ...REF_KINDS, ...OF_OUTPUT }, format);
  const { ref, name, version, to } = fields;
  if (raw.fields?.ok === false) throw badRow("it is the output of a failed row");
  if (raw.fields?.dryRun === true) throw badRow("it is the output of a dry run");
  if (ref !== undefined && name !== undefined) throw badRow("it has both a ref and a name");
  if (ref !== undefined && version !== undefined) throw badRow("it has both a ref and a version");
  if (ref === undefined && name === undefined) throw badRow("it has neither a ref nor a name");
  const whole = ref ?? (version === undefined ? name! : `${name}@${version}`);
  refuseRemote(whole, oneRegistry);
  refuseHalfRef(whole);
  parseRef(whole);
  return { ref: whole, to };
}

/** Returns the path of a version below a folder: its ref, in which a name may have folders. */
export function pathOfRef(ref: string): string {
  const isPlain = ref.split("/").every((part) => !["", ".", ".."].includes(part)) &&
    !ref.includes("\\");
  if (isPlain) return ref;
  throw badRow("it has no `to`, and its name is not a valid file name");
}

export interface SaveRow extends TreeFlags {
  name: string;
  /** A file or folder, relative to the manifest. */
  path?: string;
  value?: unknown;
  as?: SourceKind;
  /** @default the next version */
  version?: string;
  metadata?: Record<string, unknown>;
  compress?: Encoding;
  onConflict?: OnConflict;
}

const TREE_KINDS: Record<keyof TreeFlags, FieldKind> = {
  links: ["keep", "follow", "skip", "refuse"],
  skipUnreadable: "flag",
  include: "texts",
  exclude: "texts",
  gitignore: "flag",
  all: "flag",
  readAll: "flag",
  preserve: ["times"],
};

const SAVE_KINDS: Record<keyof SaveRow, FieldKind> = {
  name: "text",
  path: "text",
  value: "json",
  as: ["json", "text", "bytes"],
  version: "text",
  metadata: "object",
  compress: CHOICES.compress,
  onConflict: CHOICES.onConflict,
  ...TREE_KINDS,
};

export const SAVE_FIELDS: readonly string[] = Object.keys(SAVE_KINDS);

export function parseSaveRow(raw: RawRow, { format }: { format: ManifestFormat }): SaveRow {
  const { name, ...row } = fieldsOf<SaveRow>(raw, SAVE_KINDS, format);
  if (name === undefined) throw badRow("it has no name");
  refuseRemote(name, oneRegistry);
  const [hasPath, hasValue] = ["path" in row, "value" in row];
  if (!hasPath && !hasValue) throw badRow("it has neither a path nor a value");
  if (hasPath && hasValue) throw badRow("it has both a path and a value");
  if ("as" in row && !hasPath) throw badRow("`as` needs a path");
  const lost = Object.keys(TREE_KINDS).find((field) => field in row && (!hasPath || "as" in row));
  if (lost !== undefined) throw badRow(`\`${lost}\` needs the path of a folder, without \`as\``);
  return { name, ...row };
}

export async function readRowValue(
  row: SaveRow,
  { folder }: { folder: string },
  { io, onLeftOut }: { io: CliIo } & Pick<LocalPathOptions, "onLeftOut">,
): Promise<unknown> {
  if (row.path === undefined) return row.value;
  const reading = { ...treeOptionsOf(row), as: row.as, allowEmpty: true, onLeftOut };
  return await withHints(readValue(resolve(folder, row.path), io, reading), {
    NotFound: "Check the path. A relative path starts at the folder of the manifest.",
  });
}
