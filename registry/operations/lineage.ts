// Lineage from records. Only inputs with an exact version and its digest are followed: the past
// meaning of bare names, ranges and aliases is unknown.
import type { ArtifactInfo } from "../../core/artifact.ts";
import { isPrefix } from "../../core/backend.ts";
import { fault, isRegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { ArtifactInput } from "../../core/record.ts";
import type { Registry } from "../../core/registry.ts";
import type { Lineage, LineageNode, LineageOptions } from "../../core/registry/lineage.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { lineageFolder, orderSegment, parseLineageKey, UNPINNED } from "../format/layout.ts";
import { type Context, knownContext } from "./context.ts";
import { readInput } from "./lineage/inputs.ts";

export async function readLineage(
  registry: Registry,
  ref: string,
  options: LineageOptions = {},
): Promise<Lineage> {
  const { direction = "both", depth = Infinity, signal } = options;
  if (depth !== Infinity && !(Number.isSafeInteger(depth) && depth >= 1)) {
    const subject = shown(ref);
    const state = `depth ${shown(depth)} is not a positive integer`;
    const hint = "Omit it to follow every step.";
    throw fault({ code: "Invalid", action: "follow the lineage of", subject, state, hint });
  }
  if (registry.service?.lineage !== undefined) return await registry.service.lineage(ref, options);
  const info = await registry.info(ref, { signal });
  const root = nodeOf(info);
  const doubts = { unsure: [], unreadable: [], cut: false };
  const lineage: Lineage = { root: root.ref, nodes: [root], edges: [], ...doubts };
  const links = new Set<string>();
  const known = new Map([[root.ref, root]]);
  const link = (from: LineageNode, to: LineageNode) => {
    if (!known.has(from.ref)) lineage.nodes.push(from), known.set(from.ref, from);
    if (!known.has(to.ref)) lineage.nodes.push(to), known.set(to.ref, to);
    const id = `${from.ref}\n${to.ref}`;
    if (!links.has(id)) links.add(id), lineage.edges.push({ from: from.ref, to: to.ref });
  };
  if (direction !== "down") await walkUp(registry, info, { depth, signal, lineage, known, link });
  if (direction !== "up") await walkDown(registry, info, { ...options, depth, lineage, link });
  return lineage;
}

interface Walk extends LineageOptions {
  depth: number;
  lineage: Lineage;
  link: (from: LineageNode, to: LineageNode) => void;
}

async function walkUp(
  registry: Registry,
  root: ArtifactInfo,
  { depth, signal, lineage, known, link }: Walk & { known: Map<string, LineageNode> },
): Promise<void> {
  let level = [root];
  for (let step = 0; level.length > 0; step++) {
    if (step === depth) return void (lineage.cut ||= level.some(({ inputs }) => inputs.length > 0));
    const pairs = level.flatMap((to) => to.inputs.map((input) => ({ to: nodeOf(to), input })));
    const next = new Map<string, ArtifactInfo>();
    const look = async ({ to, input }: (typeof pairs)[number]) => (
      { to, ...await find(registry, input, signal) }
    );
    for await (const { to, node, info } of mapAtOnce(pairs, look)) {
      if (info !== undefined && !known.has(node.ref)) next.set(node.ref, info);
      link(node, to);
    }
    level = [...next.values()];
  }
}

async function find(
  registry: Registry,
  input: ArtifactInput,
  signal?: AbortSignal,
): Promise<{ node: LineageNode; info?: ArtifactInfo }> {
  const { ref, name, version, digest } = readInput(registry, input);
  if (version === undefined) return { node: { ref, state: "unpinned", digest } };
  const pinned = `${name}@${version.canonical}`;
  try {
    const info = await registry.info(pinned, { signal });
    if (digest === undefined || digest === info.digest) return { node: nodeOf(info), info };
    return { node: { ref: `${pinned} (${digest.slice(0, 12)})`, state: "changed", digest } };
  } catch (error) {
    if (isRegistryError(error, "NotFound", "Corrupt")) {
      const state = error.code === "NotFound" ? "missing" : "unreadable";
      return { node: { ref: pinned, state, digest } };
    }
    throw error;
  }
}

async function walkDown(registry: Registry, root: ArtifactInfo, walk: Walk): Promise<void> {
  const { depth, lineage, link } = walk;
  const users = openUsers(registry, walk);
  const isOf = (digest: string | undefined, info: ArtifactInfo) =>
    digest === undefined || digest === info.digest;
  const visited = new Set([refOf(root)]);
  const unsure = new Set<string>();
  let level = [root];
  for (let step = 0; level.length > 0; step++) {
    const next: ArtifactInfo[] = [];
    await users.find(level);
    for (const from of level) {
      for (const { ref, digest } of users.unpinned.get(from.name) ?? []) {
        if (ref !== refOf(from) && isOf(digest, from)) unsure.add(ref);
      }
      const outputs = (users.pinned.get(refOf(from)) ?? []).filter(({ digest }) =>
        isOf(digest, from)
      );
      if (step === depth) {
        lineage.cut ||= outputs.length > 0;
        continue;
      }
      for (const { info } of outputs) {
        link(nodeOf(from), nodeOf(info));
        if (!visited.has(refOf(info))) visited.add(refOf(info)), next.push(info);
      }
    }
    level = next;
  }
  lineage.unsure = [...unsure].sort();
  lineage.unreadable.push(...users.unreadable);
}

function nodeOf(info: ArtifactInfo): LineageNode {
  const { digest, createdAt, materializer: { id: kind }, metadata } = info;
  return { ref: refOf(info), state: "present", digest, createdAt, kind, metadata };
}

interface Users {
  find(versions: readonly ArtifactInfo[]): Promise<void>;
  /** By exact ref: the versions with this input, and the recorded digest. */
  readonly pinned: ReadonlyMap<string, readonly { info: ArtifactInfo; digest?: string }[]>;
  /** By name: refs of versions with an input of this name but no exact version. */
  readonly unpinned: ReadonlyMap<string, readonly { ref: string; digest?: string }[]>;
  readonly unreadable: readonly string[];
}

function openUsers(registry: Registry, { signal }: LineageOptions): Users {
  const context = knownContext(registry);
  const pinned = new Map<string, { info: ArtifactInfo; digest?: string }[]>();
  const unpinned = new Map<string, { ref: string; digest?: string }[]>();
  const unreadable: string[] = [];
  const known = new Set<string>();
  let isRead = false; // every record, of a registry without notes
  return {
    pinned,
    unpinned,
    unreadable,
    async find(versions) {
      if (context !== undefined) await readAll(await notedUsers(context, versions, signal));
      else if (!isRead) await readAll(refsOf(registry, signal));
      isRead = true;
    },
  };

  async function readAll(refs: Iterable<string> | AsyncIterable<string>): Promise<void> {
    for await (const { ref, info, damaged = false } of mapAtOnce(unknown(refs), read)) {
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
  const all = new Set<string>();
  for await (const refs of mapAtOnce(folders, list)) for (const ref of refs) all.add(ref);
  return all;
}

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
