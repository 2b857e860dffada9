// Versions made from a version, by the lineage index or by reading every record.
import type { ArtifactInfo } from "../../../core/artifact.ts";
import { isPrefix } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { lineageFolder, orderSegment, parseLineageKey, UNPINNED } from "../../format/layout.ts";
import { type Context, knownContext } from "../context.ts";
import { readInput } from "./inputs.ts";
import { isWhole } from "./marker.ts";

export interface Users {
  /** True if every record is read, because the index is incomplete. */
  readonly scanned: boolean;
  find(versions: readonly ArtifactInfo[]): Promise<void>;
  /** By exact ref: the versions with this input, and the recorded digest. */
  readonly pinned: ReadonlyMap<string, readonly { info: ArtifactInfo; digest?: string }[]>;
  /** By name: refs of versions with an input of this name but no exact version. */
  readonly unpinned: ReadonlyMap<string, readonly { ref: string; digest?: string }[]>;
  readonly unreadable: readonly string[];
}

export interface UsersOptions extends SignalOptions {
  onProgress?: (records: number) => void;
}

export async function openUsers(registry: Registry, options: UsersOptions): Promise<Users> {
  const { signal, onProgress } = options;
  const context = knownContext(registry);
  const noted = context !== undefined && await isWhole(context, { signal });
  const pinned = new Map<string, { info: ArtifactInfo; digest?: string }[]>();
  const unpinned = new Map<string, { ref: string; digest?: string }[]>();
  const unreadable: string[] = [];
  const known = new Set<string>();
  let scanned = false;
  return {
    scanned: !noted,
    pinned,
    unpinned,
    unreadable,
    async find(versions) {
      if (noted) await readAll(await notedUsers(context, versions, signal));
      else if (!scanned) await readAll(refsOf(registry, signal));
      scanned = true;
    },
  };

  async function readAll(refs: Iterable<string> | AsyncIterable<string>): Promise<void> {
    for await (const { ref, info, damaged = false } of mapAtOnce(unknown(refs), read)) {
      onProgress?.(known.size);
      if (damaged) unreadable.push(ref);
      for (const input of info?.inputs ?? []) {
        const { name, version, digest } = readInput(registry, input);
        if (version !== undefined) {
          add(pinned, `${name}@${version.canonical}`, { info: info!, digest });
        } else if (name !== undefined) add(unpinned, name, { ref: refOf(info!), digest });
      }
    }
  }

  async function* unknown(refs: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
    for await (const ref of refs) {
      if (known.has(ref)) continue;
      known.add(ref);
      yield ref;
    }
  }

  async function read(
    ref: string,
  ): Promise<{ ref: string; info?: ArtifactInfo; damaged?: boolean }> {
    try {
      return { ref, info: await registry.info(ref, { signal }) };
    } catch (error) {
      if (isRegistryError(error, "NotFound")) return { ref }; // deleted, or never saved
      if (!isRegistryError(error, "Corrupt")) throw error;
      return { ref, damaged: true };
    }
  }
}

async function notedUsers(
  { backend, settings: { versioned } }: Context,
  versions: readonly ArtifactInfo[],
  signal?: AbortSignal,
): Promise<Set<string>> {
  const folders = new Set<string>();
  for (const { name, version } of versions) {
    folders.add(lineageFolder(name, orderSegment(parseVersion(version), versioned)));
    folders.add(lineageFolder(name, UNPINNED));
  }
  const list = async (folder: string) => {
    const refs: string[] = [];
    for await (const entry of backend.list(folder, { signal })) {
      const note = isPrefix(entry) ? undefined : parseLineageKey(entry.key);
      if (note !== undefined) refs.push(`${note.name}@${note.version.canonical}`);
    }
    return refs;
  };
  const found = new Set<string>();
  for await (const refs of mapAtOnce(folders, list)) for (const ref of refs) found.add(ref);
  return found;
}

/** Returns `name@1.2.0`, without build metadata. */
export function refOf({ name, version }: Pick<ArtifactInfo, "name" | "version">): string {
  return `${name}@${parseVersion(version).canonical}`;
}

async function* refsOf(registry: Registry, signal?: AbortSignal): AsyncGenerator<string> {
  for await (const name of registry.names({ signal })) {
    for await (const { version } of registry.versions(name, { signal })) yield `${name}@${version}`;
  }
}

function add<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key) ?? [];
  list.push(item);
  lists.set(key, list);
}
