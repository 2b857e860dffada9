// The metrics of a step, by the path of each value: `test.accuracy`.
import { itemAt, shown } from "../../../core/kernel.ts";
import type { PlainValue, RegistryError } from "../../../core/kernel.ts";
import { type MetricsNode, nodeOf } from "./json_nodes.ts";

/** Values by key: numbers, strings, booleans and null, also in objects. */
export type Metrics = { [key: string]: PlainValue };

type Scalar = null | boolean | number | string;

interface Value {
  path: readonly string[];
  value: Scalar;
  /** The file or shard that has it. */
  from: string;
}

type Refuse = (state: string, hint?: string) => RegistryError;

interface AddOptions {
  /** The file, for the error of a key that another one has. */
  file: string;
  /** Returns `line 3: ` for the offset of a node; empty if it is unknown. */
  place(offset: number): string;
  refuse: Refuse;
  /** True for a later line of a curve, whose values replace those before. */
  isLater?: boolean;
}

const MOST_VALUES = 1_000;
const MAX_DEPTH = 5;
const MAX_STRING = 1_000;
const MAX_BYTES = 16 * 1024;

/** Collects metrics, and checks them. */
export class MetricsTable {
  /** By the path as JSON. */
  readonly #values = new Map<string, Value>();

  /** Adds the values below a node, which must be an object. */
  add(root: MetricsNode, options: AddOptions): void {
    if (root.kind !== "object") {
      throw options.refuse(`${options.place(root.offset)}${kindOf(root)} is not an object`);
    }
    this.#addBelow(root, [], options);
  }

  #addBelow(node: MetricsNode, path: readonly string[], options: AddOptions): void {
    const { place, refuse, file } = options;
    const at = () => `${place(node.offset)}key ${shownPath(path)}`;
    if (node.kind === "list") throw refuse(`${at()}: a list is not a metric`);
    if (node.kind === "object") {
      if (path.length >= MAX_DEPTH) {
        throw refuse(`${at()} is nested too deep (${MAX_DEPTH} levels)`);
      }
      for (const [key, child] of node.entries) this.#addBelow(child, [...path, key], options);
      return;
    }
    const value = plain(node.value);
    if (typeof value === "string" && value.length > MAX_STRING) {
      throw refuse(`${at()} has ${value.length} characters, ${MAX_STRING} are allowed`);
    }
    const id = JSON.stringify(path);
    if (!id.isWellFormed() || (typeof value === "string" && !value.isWellFormed())) {
      throw refuse(`${at()} is not well-formed Unicode`);
    }
    const before = this.#values.get(id);
    if (before !== undefined && !options.isLater) throw twice(before, file, refuse);
    if (before !== undefined && value === null) return; // the step of a curve without this value
    this.#values.set(id, { path, value, from: file });
    if (this.#values.size > MOST_VALUES) throw refuse(`it has more than ${MOST_VALUES} values`);
  }

  /** Adds the values of another table. No key may be in both. */
  addAll(other: MetricsTable, refuse: Refuse): void {
    for (const [id, value] of other.#values) {
      const before = this.#values.get(id);
      if (before !== undefined) throw twice(before, value.from, refuse);
      this.#values.set(id, value);
    }
    if (this.#values.size > MOST_VALUES) throw refuse(`more than ${MOST_VALUES} values`);
  }

  /** Returns the metrics, with secrets hidden. */
  toMetrics({ mask, refuse }: { mask(text: string): string; refuse: Refuse }): Metrics {
    if (this.#values.size === 0) throw refuse("no value was written");
    const root = new Map<string, Tree>();
    for (const { path, value } of this.#values.values()) {
      const keys = path.map(mask);
      let branch = root;
      for (const key of keys.slice(0, -1)) {
        const next = branch.get(key) ?? new Map<string, Tree>();
        if (!(next instanceof Map)) throw refuse(`key ${shownPath(path)}: ${MIXED}`);
        branch.set(key, next);
        branch = next;
      }
      const last = itemAt(keys, -1);
      if (branch.get(last) instanceof Map) throw refuse(`key ${shownPath(path)}: ${MIXED}`);
      branch.set(last, typeof value === "string" ? mask(value) : value);
    }
    const metrics = toObject(root);
    const { byteLength } = new TextEncoder().encode(JSON.stringify(metrics));
    if (byteLength <= MAX_BYTES) return metrics;
    throw refuse(`they have ${byteLength} bytes as JSON, ${MAX_BYTES} are allowed`);
  }
}

type Tree = Scalar | Map<string, Tree>;

const MIXED = "it is a value in one place and an object in another";

function toObject(tree: ReadonlyMap<string, Tree>): Metrics {
  return Object.fromEntries(
    [...tree].map(([key, child]) => [key, child instanceof Map ? toObject(child) : child]),
  );
}

function twice({ path, from }: Value, other: string, refuse: Refuse): RegistryError {
  const state = `key ${shownPath(path)} is in ${shown(from)} and in ${shown(other)}`;
  return refuse(state, "Give each value one key in one file.");
}

/** Returns a value as metadata has it: numbers that JSON lacks are strings. */
function plain(value: Scalar): Scalar {
  if (typeof value !== "number" || Number.isFinite(value)) return value === 0 ? 0 : value; // not -0
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

function kindOf(node: MetricsNode): string {
  return node.kind === "list" ? "a list" : "a single value";
}

function shownPath(path: readonly string[]): string {
  return shown(path.join("."));
}

/** Merges the metrics of shards. No key may be in two of them. */
export function mergeMetrics(
  parts: readonly { metrics: Metrics; from: string }[],
  refuse: Refuse,
): Metrics {
  const table = new MetricsTable();
  for (const { metrics, from } of parts) {
    table.add(nodeOf(metrics), { file: from, place: () => `${from}: `, refuse });
  }
  return table.toMetrics({ mask: (text) => text, refuse });
}
