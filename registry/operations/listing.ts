// Listing versions. Tombstones are recognized by size, so only pages of keys are read.
import type { Annotations } from "../../core/artifact.ts";
import { isUnreadable, notFound, type RegistryError } from "../../core/errors.ts";
import { inWords } from "../../core/calls/verb_errors.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import type { VersionEntry, VersionsOptions } from "../../core/registry.ts";
import { parseVersion, parseVersionRange } from "../../core/naming/versions.ts";
import { noteListed } from "../cache/cached_records.ts";
import type { Context } from "./context.ts";
import { type Head, readHead, versionHeads } from "../cell/heads.ts";
import { cellOf, versionsFolder } from "../format/layout.ts";
import { annotationsOfName } from "./annotations.ts";
import { artifactInfo } from "./load.ts";
import { readVersion } from "./resolve.ts";

export async function* listVersions(
  context: Context,
  name: string,
  options: VersionsOptions = {},
): AsyncGenerator<VersionEntry> {
  checkName(name);
  const { range, limit = Infinity, signal } = options;
  if (limit <= 0) return;
  let count = 0;
  const which = {
    range: range === undefined ? undefined : parseVersionRange(range),
    after: options.after === undefined ? undefined : parseVersion(options.after),
  };
  if (options.deleted) {
    const { listDeleted } = await import("./look/deleted_versions.ts"); // rarely used
    return yield* listDeleted(context, name, which, options);
  }
  const annotations = options.details || options.annotations
    ? await annotationsOfName(context, name, signal)
    : undefined;
  for await (const listed of versionHeads(context, name, { ...which, signal })) {
    noteListed(context, listed);
    const { version, head } = listed;
    const entry: VersionEntry = {
      name,
      version: version.canonical,
      generation: head.generation,
      modifiedAt: new Date(head.modifiedAt),
    };
    const isThere = annotations === undefined ||
      await describe(context, { entry, head }, { ...options, notes: annotations });
    if (!isThere) continue; // deleted meanwhile
    yield entry;
    if (++count >= limit) return;
  }
}

/** Adds what its record and its notes say to an entry. False if the version was deleted. */
async function describe(
  context: Context,
  { entry, head }: { entry: VersionEntry; head: Head },
  { details, annotations, withoutFiles, notes: read, signal }: VersionsOptions & {
    notes?: (version: string) => Promise<Annotations | undefined>;
  },
): Promise<boolean> {
  try {
    const notes = await read?.(entry.version);
    if (notes !== undefined && annotations) entry.annotations = notes;
    if (!details) return true;
    const located = await readVersion(context, cellOf(head.key), { head, signal });
    if (located === undefined) return false;
    entry.info = await artifactInfo(context, located, { withoutFiles, signal });
    if (notes !== undefined) entry.info.annotations = notes;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    const call = { verb: "read", ref: `${entry.name}@${entry.version}` };
    entry.error = inWords(call, error) as RegistryError;
  }
  return true;
}

/** Throws `NotFound` for a name that never had a version. */
export async function checkKnown(
  context: Context,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  checkName(name);
  if (await readHead(context, versionsFolder(name), signal) !== undefined) return;
  throw noSuchName(name, context.backend.location);
}

export function noSuchName(name: string, backend: string): RegistryError {
  return notFound("find", shown(name), "no such name", {
    hint: "Check the spelling, or list the names with registry.names().",
    reason: { kind: "name_missing" },
    backend,
  });
}
