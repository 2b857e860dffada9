// Listing names and versions. Tombstones are told by their size, so nothing is read but pages of
// keys.
import { isPrefix } from "../../core/backend.ts";
import { fault, isUnreadable, type RegistryError } from "../../core/errors.ts";
import { inWords } from "../contract/verb_errors.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import type { NamesOptions, Registry, VersionEntry, VersionsOptions } from "../../core/registry.ts";
import { parseVersionRange } from "../../core/naming/versions.ts";
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
import { artifactInfo } from "./load.ts";
import { locateVersion } from "./resolve.ts";

/** After so many keys of one name that say nothing new, a new listing that jumps over the rest costs less. */
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
  const parsed = range === undefined ? undefined : parseVersionRange(range);
  for await (const { version, head } of versionHeads(context, name, { range: parsed, signal })) {
    const entry: VersionEntry = {
      name,
      version: version.canonical,
      generation: head.generation,
      modifiedAt: new Date(head.modifiedAt),
    };
    if (details) {
      try {
        const located = await locateVersion(context, name, version, signal);
        if (located === undefined) continue; // deleted while this listing was read
        entry.info = await artifactInfo(context, located, signal);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        entry.error = inWords(
          { verb: "read", ref: `${name}@${entry.version}` },
          error,
        ) as RegistryError;
      }
    }
    yield entry;
    if (++count >= limit) return;
  }
}

/** Throws `NotFound` for a name that never had a version: what is asked for by name is not passed over. */
export async function checkKnown(
  context: Context,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  checkName(name);
  if (await readHead(context, versionsFolder(name), signal) !== undefined) return;
  throw noSuchName(name, "no version of it was ever saved", context.backend.location);
}

/** Throws `NotFound` for a name without a version, of a registry that does not tell what was deleted. */
export async function checkHas(
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Promise<void> {
  for await (const _ of registry.versions(name, { limit: 1, signal })) return;
  throw noSuchName(name, "it has no version", registry.location);
}

function noSuchName(name: string, state: string, backend: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "find",
    subject: shown(name),
    state,
    hint: "Check the spelling; registry.names() lists the names that there are.",
    hints: {
      cli: "Check the spelling; holdfast ls lists the names that there are.",
      http: "Check the spelling; GET /names lists the names that there are.",
    },
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
    let name = "", seen = 0, cell = "", others = 0;
    for await (const entry of context.backend.list(namesPrefix(prefix), { after: from, signal })) {
      if (isPrefix(entry)) continue;
      const folder = entry.key.slice(0, entry.key.indexOf("/", NAMES.length) + 1);
      if (folder === name) { // this name was said already
        if (++seen < JUMP_AFTER) continue;
        jump = afterFolder(folder);
        break;
      }
      if (cell !== "" && entry.key.startsWith(cell)) continue; // an older generation
      const key = parseCellKey(entry.key);
      if (key?.kind !== "version") { // its aliases and idempotency keys come before its versions
        if (++others < JUMP_AFTER) continue;
        jump = `${folder}versions/`;
        break;
      }
      others = 0;
      cell = key.cell;
      if (headOf(asGeneration(entry)!).dead) continue;
      name = folder;
      seen = 0;
      yield key.name;
      if (++count >= limit) return;
    }
  } while (jump !== undefined);
}
