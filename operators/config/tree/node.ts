// Configuration files as a tree whose nodes have their position in the source.
import type { PlainValue } from "../../../materializers/mod.ts";

export interface ConfigSource {
  /** File name for problems; undefined for the definition of a program. */
  readonly file?: string;
  readonly text: string;
}

export interface Place {
  readonly source: ConfigSource;
  readonly offset: number;
}

export interface ConfigEntry {
  readonly place: Place;
  readonly node: ConfigNode;
}

export interface ConfigMap {
  readonly kind: "map";
  readonly place: Place;
  readonly entries: Map<string, ConfigEntry>;
}

export interface ConfigList {
  readonly kind: "list";
  readonly place: Place;
  readonly items: ConfigNode[];
}

/** A text, a number, true, false or null. */
export interface ConfigScalar {
  readonly kind: "scalar";
  readonly place: Place;
  readonly value: null | boolean | number | string;
  /** How a number or flag is written, such as `3.10`. @default as `String` writes it */
  readonly text?: string;
  /** Environment variable that the value came from: it may stand for a number, and is not shown. */
  readonly variable?: string;
}

export type ConfigNode = ConfigMap | ConfigList | ConfigScalar;

/** Path of a value in the tree, linked because most paths are never printed. */
export interface Path {
  readonly parent?: Path;
  readonly key: string | number;
}

/** Formats `pipeline.operators[3].params`, with quotes around keys that need them. */
export function pathText(path: Path | undefined): string {
  const parts: string[] = [];
  for (let at = path; at !== undefined; at = at.parent) {
    if (typeof at.key === "number") parts.push(`[${at.key}]`);
    else parts.push(`.${/^[\w-]+$/.test(at.key) ? at.key : JSON.stringify(at.key)}`);
  }
  return parts.reverse().join("").replace(/^\./, "");
}

export const MAX_DEPTH = 100;

/** Converts plain data to a tree, all at one position. Other values become scalars. */
export function nodeOf(value: unknown, place: Place, depth = 0): ConfigNode {
  const prototype = typeof value === "object" && value !== null
    ? Object.getPrototypeOf(value)
    : undefined;
  const isTooDeep = depth > MAX_DEPTH; // or circular
  if (Array.isArray(value) && !isTooDeep) {
    return { kind: "list", place, items: value.map((item) => nodeOf(item, place, depth + 1)) };
  }
  const isObject = prototype === Object.prototype || prototype === null;
  if (typeof value !== "object" || value === null || !isObject || isTooDeep) {
    return { kind: "scalar", place, value: value as ConfigScalar["value"] };
  }
  const entries = new Map<string, ConfigEntry>();
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) entries.set(key, { place, node: nodeOf(item, place, depth + 1) });
  }
  return { kind: "map", place, entries };
}

export function plainOf(node: ConfigNode): PlainValue {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plainOf);
  const entries = [...node.entries].map(([key, { node }]) => [key, plainOf(node)] as const);
  return Object.fromEntries(entries); // also sets `__proto__`
}

/** Returns a value as a string: numbers and flags as they are written. */
export function textOf({ value, text }: ConfigScalar): string {
  return value === null ? "" : text ?? String(value);
}

export function childOf(node: ConfigNode | undefined, key: string): ConfigNode | undefined {
  return node?.kind === "map" ? node.entries.get(key)?.node : undefined;
}

/** Describes a value for messages, without strings that may be secrets. */
export function describeNode(node: ConfigNode): string {
  if (node.kind === "map") return "a mapping";
  if (node.kind === "list") return "a list";
  if (node.variable !== undefined) return `the value of ${node.variable}`;
  if (node.value === null) return "empty";
  if (typeof node.value !== "string") return textOf(node);
  return JSON.stringify(
    node.value.length > 60 ? `${node.value.slice(0, 60).toWellFormed()}…` : node.value,
  );
}
