// Paths in a configuration, `pipeline.operators.clean.params.lr`. Elements of lists are named by
// their id, which may contain dots, or by their index.
import { PIPELINE_KEYS } from "../schema.ts";
import { childOf, type ConfigList, type ConfigNode } from "./node.ts";

export type RestOfPath = string | readonly string[];

/** Completes a path: `work_dir` is short for `pipeline.work_dir`. */
export function fullPath(path: RestOfPath): RestOfPath {
  const [first = ""] = typeof path === "string" ? /^[\w-]*/.exec(path) ?? [] : path;
  if (!PIPELINE_KEYS.includes(first)) return path;
  return typeof path === "string" ? `pipeline.${path}` : ["pipeline", ...path];
}

/** Splits off the next key, the longest known one that matches; undefined at the end. */
export function nextKey(
  path: RestOfPath,
  known: Iterable<string>,
): { key: string; rest: RestOfPath } | undefined {
  if (typeof path !== "string") {
    return path[0] === undefined ? undefined : { key: path[0], rest: path.slice(1) };
  }
  if (path === "") return undefined;
  const [quoted, inside = ""] = /^"((?:[^"\\]|\\.)*)"(?=\.|$)/.exec(path) ?? [];
  if (quoted !== undefined) {
    return { key: inside.replace(/\\(.)/g, "$1"), rest: path.slice(quoted.length + 1) };
  }
  let key: string | undefined;
  for (const name of known) {
    const isNext = path === name || path.startsWith(`${name}.`);
    if (isNext && name.length > (key?.length ?? 0)) key = name;
  }
  key ??= path.replace(/\..*/s, "");
  return { key, rest: path.slice(key.length + 1) };
}

/** Returns the keys of a mapping, or the ids of the items of a list. */
export function namesIn(node: ConfigNode): string[] {
  if (node.kind === "map") return [...node.entries.keys()];
  return node.kind === "list" ? node.items.map((item) => idOf(item) ?? "") : [];
}

export function idOf(node: ConfigNode): string | undefined {
  const id = childOf(node, "operator_id") ?? childOf(node, "node_id");
  return id?.kind === "scalar" && typeof id.value === "string" ? id.value : undefined;
}

/** Returns the index that a key names; -1 for none. */
export function indexOf(list: ConfigList, key: string): number {
  const index = namesIn(list).indexOf(key);
  if (index >= 0 || !/^\d+$/.test(key)) return index;
  return Number(key) < list.items.length ? Number(key) : -1;
}

export function findNode(root: ConfigNode, path: RestOfPath): ConfigNode | undefined {
  let node: ConfigNode | undefined = root;
  let rest = path;
  while (node !== undefined) {
    const next = nextKey(rest, namesIn(node));
    if (next === undefined) return node;
    node = node.kind === "list" ? node.items[indexOf(node, next.key)] : childOf(node, next.key);
    rest = next.rest;
  }
}
