// Lineage from records. Only inputs with an exact version and its digest are followed: the past
// meaning of bare names, ranges and aliases is unknown.
import type { ArtifactInfo } from "../../core/artifact.ts";
import { fault, isRegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { ArtifactInput } from "../../core/record.ts";
import type { Lineage, LineageNode, LineageOptions } from "../../core/registry/lineage.ts";
import type { Registry } from "../../core/registry.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { readInput } from "./lineage/inputs.ts";
import { openUsers, refOf } from "./lineage/users.ts";

/** Implements `lineageOf` of `registry/tools.ts`. */
export async function lineageOf(
  registry: Registry,
  ref: string,
  options: LineageOptions = {},
): Promise<Lineage> {
  const { direction = "both", depth = Infinity, signal } = options;
  if (depth !== Infinity && !(Number.isSafeInteger(depth) && depth >= 1)) {
    const subject = shown(ref);
    const state = `depth ${shown(depth)} is not a whole number from 1`;
    const hint = "Leave it out to follow all steps.";
    throw fault({ code: "Invalid", action: "follow the lineage of", subject, state, hint });
  }
  if (registry.service?.lineage !== undefined) return await registry.service.lineage(ref, options);
  const info = await registry.info(ref, { signal });
  const root = nodeOf(info);
  const doubts = { unsure: [], unreadable: [], scanned: false, cut: false };
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
  const users = await openUsers(registry, walk);
  const isOf = (digest: string | undefined, info: ArtifactInfo) =>
    digest === undefined || digest === info.digest;
  const seen = new Set([refOf(root)]);
  const unsure = new Set<string>();
  let level = [root];
  for (let step = 0; level.length > 0; step++) {
    const next: ArtifactInfo[] = [];
    await users.find(level);
    for (const from of level) {
      for (const { ref, digest } of users.unpinned.get(from.name) ?? []) {
        if (ref !== refOf(from) && isOf(digest, from)) unsure.add(ref);
      }
      const made = (users.pinned.get(refOf(from)) ?? []).filter(({ digest }) => isOf(digest, from));
      if (step === depth) {
        lineage.cut ||= made.length > 0;
        continue;
      }
      for (const { info } of made) {
        link(nodeOf(from), nodeOf(info));
        if (!seen.has(refOf(info))) seen.add(refOf(info)), next.push(info);
      }
    }
    level = next;
  }
  lineage.scanned = users.scanned;
  lineage.unsure = [...unsure].sort();
  lineage.unreadable.push(...users.unreadable);
}

function nodeOf(info: ArtifactInfo): LineageNode {
  const { digest, createdAt, metadata } = info;
  return { ref: refOf(info), state: "present", digest, createdAt, metadata };
}
