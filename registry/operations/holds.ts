// Aliases and releases that name versions: neither `delete` nor `prune` deletes those.
import { isPrefix } from "../../core/backend.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { RELEASE } from "../../core/registry/release.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { LINEAGE, lineageFolder, orderSegment, parseLineageKey } from "../format/layout.ts";
import type { LineageKey } from "../format/layout.ts";
import { encodeName } from "../../core/naming/names.ts";
import {
  aliasesWithKeys,
  type KeyedAlias,
  type KnownAliases,
  type MarkedReleases,
} from "./aliases.ts";
import type { Context } from "./context.ts";
import { readInput } from "./lineage/inputs.ts";
import { cellOfVersion, readVersion } from "./resolve.ts";

interface ReleaseHold {
  version: string;
  /** `name@version` of the release. */
  release: string;
}

interface Holds {
  aliases: KeyedAlias[];
  releases: ReleaseHold[];
}

/** Records that were read before. */
export interface KnownHolds {
  aliases: KnownAliases;
  /** By commit: what a version names, which never changes. */
  releases: Map<string, ReleaseHold[]>;
}

export function noneKnown(): KnownHolds {
  return { aliases: new Map(), releases: new Map() };
}

/**
 * Lists what holds versions of a name. Reads only notes of releases that have its mark, unless an
 * early program wrote a mark without them.
 */
export async function listHolds(
  context: Context,
  { name, versions }: { name: string; versions?: readonly string[] },
  { known = noneKnown(), signal }: SignalOptions & { known?: KnownHolds } = {},
): Promise<Holds> {
  const marked: MarkedReleases = { names: new Set(), hasMore: false };
  const listing = aliasesWithKeys(context, name, {
    known: known.aliases,
    releases: marked,
    signal,
  });
  const aliases = await Array.fromAsync(listing);
  if (marked.names.size === 0 && !marked.hasMore) return { aliases, releases: [] };
  const { versioned } = context.settings;
  const folders = versions?.length === 1
    ? [lineageFolder(name, orderSegment(parseVersion(itemAt(versions, 0)), versioned))]
    : [`${LINEAGE}${encodeName(name)}/`];
  const notes = new Map<string, LineageKey>();
  for (const folder of folders) {
    for await (const entry of context.backend.list(folder, { signal })) {
      const note = isPrefix(entry) ? undefined : parseLineageKey(entry.key);
      if (note === undefined) continue;
      if (marked.hasMore || marked.names.has(note.name)) notes.set(note.commit, note);
    }
  }
  const releases: ReleaseHold[] = [];
  const read = (note: LineageKey) => readHolds(context, { name, note, known }, signal);
  for await (const held of mapAtOnce(notes.values(), read)) releases.push(...held);
  return { aliases, releases };
}

async function readHolds(
  context: Context,
  { name, note, known }: { name: string; note: LineageKey; known: KnownHolds },
  signal?: AbortSignal,
): Promise<ReleaseHold[]> {
  const before = known.releases.get(note.commit);
  if (before !== undefined) return before;
  const located = await readVersion(context, cellOfVersion(context, note.name, note.version), {
    signal,
  });
  if (located?.record.commit !== note.commit) return []; // not written yet, deleted or replaced
  const { materializer, inputs = [] } = located.record;
  const release = `${note.name}@${note.version.canonical}`;
  const holds = materializer.id !== RELEASE ? [] : inputs.flatMap((input) => {
    const { name: of, version } = readInput(context, input);
    return of === name && version !== undefined ? [{ version: version.canonical, release }] : [];
  });
  known.releases.set(note.commit, holds);
  return holds;
}
