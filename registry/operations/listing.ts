// Listing names and versions. Tombstones are recognized by size, so only pages of keys are read.
import { isPrefix } from "../../core/backend.ts";
import { isUnreadable, notFound, type RegistryError } from "../../core/errors.ts";
import { inWords } from "../../core/calls/verb_errors.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import type { NamesOptions, Registry, VersionEntry, VersionsOptions } from "../../core/registry.ts";
import { parseVersion, parseVersionRange } from "../../core/naming/versions.ts";
import { noteListed } from "../cache/cached_records.ts";
import type { Context } from "./context.ts";
import { asGeneration, headOf, readHead, versionHeads } from "../cell/heads.ts";
import {
  afterFolder,
  nameFolder,
  NAMES,
  namesPrefix,
  parseCellKey,
  versionsFolder,
} from "../format/layout.ts";
import { annotationsOfName } from "./annotations.ts";
import { artifactInfo } from "./load.ts";
import { locateVersion } from "./resolve.ts";

/** After this many keys of one name, a new listing that skips the rest is cheaper. */
const JUMP_AFTER = 200;

export async function* listVersions(
  context: Context,
  name: string,
  options: VersionsOptions = {},
): AsyncGenerator<VersionEntry> {
  checkName(name);
  const { range, details = false, limit = Infinity, signal } = options;
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
  const annotations = details || options.annotations
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
    try {
      const notes = await annotations?.(entry.version);
      if (notes !== undefined && options.annotations) entry.annotations = notes;
      if (details) {
        const located = await locateVersion(context, name, version, signal);
        if (located === undefined) continue; // deleted while this listing was read
        entry.info = await artifactInfo(context, located, { signal });
        if (notes !== undefined) entry.info.annotations = notes;
      }
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const call = { verb: "read", ref: `${name}@${entry.version}` };
      entry.error = inWords(call, error) as RegistryError;
    }
    yield entry;
    if (++count >= limit) return;
  }
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

/** Throws `NotFound` for a name without a version, in a registry that does not list deletions. */
export async function checkHas(
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  for await (const _ of registry.versions(name, { limit: 1, signal })) return;
  throw noSuchName(name, registry.location);
}

export function noSuchName(name: string, backend: string): RegistryError {
  return notFound("find", shown(name), "no such name", {
    hint: "Check the spelling, or list the names with registry.names().",
    reason: { kind: "name_missing" },
    backend,
  });
}

export async function* listNames(
  context: Context,
  options: NamesOptions = {},
): AsyncGenerator<string> {
  const { prefix = "", after, limit = Infinity, signal } = options;
  if (limit <= 0) return;
  if (after !== undefined) checkName(after);
  let jump: string | undefined = after === undefined ? undefined : afterFolder(nameFolder(after));
  let count = 0;
  do {
    const from = jump;
    jump = undefined;
    let name = "", entriesOfName = 0, cell = "", others = 0;
    for await (const entry of context.backend.list(namesPrefix(prefix), { after: from, signal })) {
      if (isPrefix(entry)) continue;
      const folder = entry.key.slice(0, entry.key.indexOf("/", NAMES.length) + 1);
      if (folder === name) { // already listed
        if (++entriesOfName < JUMP_AFTER) continue;
        jump = afterFolder(folder);
        break;
      }
      if (cell !== "" && entry.key.startsWith(cell)) continue; // an older generation
      const key = parseCellKey(entry.key);
      if (key?.kind !== "version") { // aliases and idempotency keys precede versions
        if (++others < JUMP_AFTER) continue;
        jump = `${folder}versions/`;
        break;
      }
      others = 0;
      cell = key.cell;
      if (headOf(asGeneration(entry)!).dead) continue;
      name = folder;
      entriesOfName = 0;
      yield key.name;
      if (++count >= limit) return;
    }
  } while (jump !== undefined);
}
