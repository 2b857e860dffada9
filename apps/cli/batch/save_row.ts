// What a row of `batch save` says.
import { resolve } from "node:path";
import type { Encoding, LocalPathOptions } from "../../../materializers/mod.ts";
import type { OnConflict } from "../../../registry/mod.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { type TreeFlags, treeOptionsOf } from "../values/tree_options.ts";
import { readValue, type SourceKind } from "../values/value_source.ts";
import { refuseRemote } from "../program/split_remotes.ts";
import { withHints } from "../program/hints.ts";
import { badRow, type FieldKind, fieldsOf, type RawRow } from "./raw_row.ts";
import { ONE_REGISTRY } from "./ref_row.ts";
import type { Manifest } from "./manifest.ts";

/** A row of `batch save`. */
export interface SaveRow extends TreeFlags {
  name: string;
  /** A file or folder, relative to the manifest. */
  path?: string;
  value?: unknown;
  as?: SourceKind;
  /** The version; without one the next one. */
  version?: string;
  /** The user's own data. */
  metadata?: Record<string, unknown>;
  compress?: Encoding;
  onConflict?: OnConflict;
}

const KINDS: Record<keyof SaveRow, FieldKind> = {
  name: "text",
  path: "text",
  value: "json",
  as: ["json", "text", "bytes"],
  version: "text",
  metadata: "object",
  compress: ["gzip", "zstd"],
  onConflict: ["fail", "skip", "overwrite"],
  links: ["keep", "follow", "skip", "refuse"],
  special: ["skip", "refuse"],
  include: "texts",
  exclude: "texts",
  gitignore: "flag",
  ignoreFiles: "flag",
  all: "flag",
  preserve: ["times"],
};

const OF_FOLDERS = [
  "links",
  "special",
  "include",
  "exclude",
  "gitignore",
  "ignoreFiles",
  "all",
  "preserve",
];

export const SAVE_FIELDS: readonly string[] = Object.keys(KINDS);

/** Reads a row; throws `Invalid`. */
export function parseSaveRow(raw: RawRow, { format }: Pick<Manifest, "format">): SaveRow {
  const { name, ...row } = fieldsOf<SaveRow>(raw, KINDS, format);
  if (name === undefined) throw badRow("it has no name");
  refuseRemote(name, ONE_REGISTRY);
  if (!("path" in row) && !("value" in row)) throw badRow("it has neither a path nor a value");
  if ("path" in row && "value" in row) throw badRow("it has a path and a value");
  if ("as" in row && !("path" in row)) {
    throw badRow("as says how a file is taken, and it has no path");
  }
  const lost = OF_FOLDERS.find((field) => field in row && (!("path" in row) || "as" in row));
  if (lost !== undefined) throw badRow(`${lost} says how a folder is taken, and it has none`);
  return { name, ...row };
}

export async function readRowValue(
  row: SaveRow,
  { folder }: Pick<Manifest, "folder">,
  { io, onLeftOut }: { io: CliIo } & Pick<LocalPathOptions, "onLeftOut">,
): Promise<unknown> {
  if (row.path === undefined) return row.value;
  const how = { ...treeOptionsOf(row), as: row.as, onLeftOut };
  return await withHints(readValue(resolve(folder, row.path), io, how), {
    NotFound: "Check the path: a relative one starts at the folder of the manifest.",
  });
}
