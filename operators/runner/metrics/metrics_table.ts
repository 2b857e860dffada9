// The metrics of a step, by the path of each value: `test.accuracy`.
import type { PlainValue } from "../../../materializers/mod.ts";
import { itemAt, METRIC_LIMITS, type RegistryError, shown } from "../../../core/kernel.ts";
import { type JsonValue, type Scalar, valuesOf } from "./json_values.ts";

/** Values by key: numbers, strings, booleans and null, also in objects. */
export type Metrics = { [key: string]: PlainValue };

interface Value {
  path: readonly string[];
  value: Scalar;
  from: string;
}

export type Refuse = (state: string, hint?: string) => RegistryError;

interface AddOptions {
  /** The file or shard that has the values. */
  from: string;
  /** Returns `line 3: ` for the offset of a value; empty if it is unknown. */
  place(offset: number): string;
  refuse: Refuse;
}

/** Collects metrics, and checks them. */
export class MetricsTable {
  /** By the path as JSON. */
  readonly #values = new Map<string, Value>();

  /** Adds values. Those of a later line of the same file replace those before. */
  add(values: readonly JsonValue[], { from, place, refuse }: AddOptions): void {
    const { depth, characters, values: most } = METRIC_LIMITS;
    for (const { path, value: given, offset } of values) {
      const at = (keys = path) => `${place(offset)}key ${shownPath(keys)}`;
      if (path.length === 0) {
        const kind = Array.isArray(given) ? "a list" : "a single value";
        throw refuse(`${place(offset)}${kind} is not an object`);
      }
      if (path.length > depth) {
        throw refuse(`${at(path.slice(0, depth))} is nested too deep (${depth} levels)`);
      }
      const value = plain(given);
      if (value === undefined) throw refuse(`${at()}: a list is not a metric`);
      if (typeof value === "string" && value.length > characters) {
        throw refuse(`${at()} has ${value.length} characters, ${characters} are allowed`);
      }
      const texts = typeof value === "string" ? [...path, value] : path;
      if (!texts.every((text) => text.isWellFormed())) {
        throw refuse(`${at()} is not well-formed Unicode`);
      }
      const id = JSON.stringify(path);
      const before = this.#values.get(id);
      if (before !== undefined && before.from !== from) throw twice(before, from, refuse);
      if (before !== undefined && value === null) continue; // a line of a curve without this value
      this.#values.set(id, { path, value, from });
      if (this.#values.size > most) throw refuse(`it has more than ${most} values`);
    }
  }

  /** Returns the metrics, with secrets hidden. */
  toMetrics({ mask, refuse }: { mask(text: string): string; refuse: Refuse }): Metrics {
    if (this.#values.size === 0) throw refuse("no value was written");
    const root: Tree = new Map();
    for (const { path, value } of this.#values.values()) {
      const keys = path.map(mask);
      let branch = root;
      for (const key of keys.slice(0, -1)) {
        const next = branch.get(key) ?? new Map<string, Scalar | Tree>();
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
    if (byteLength <= METRIC_LIMITS.bytes) return metrics;
    throw refuse(`they have ${byteLength} bytes as JSON, ${METRIC_LIMITS.bytes} are allowed`);
  }
}

type Tree = Map<string, Scalar | Tree>;

const MIXED = "it is a value in one place and an object in another";

function toObject(tree: Tree): Metrics {
  return Object.fromEntries(
    [...tree].map(([key, child]) => [key, child instanceof Map ? toObject(child) : child]),
  );
}

function twice({ path, from }: Value, other: string, refuse: Refuse): RegistryError {
  const state = `key ${shownPath(path)} is in ${shown(from)} and in ${shown(other)}`;
  return refuse(state, "Give each value one key in one file.");
}

/** Returns a value as metadata has it: numbers that JSON lacks are strings. */
function plain(value: JsonValue["value"]): Scalar | undefined {
  if (typeof value === "object" && value !== null) return undefined;
  if (typeof value !== "number") return value;
  return Number.isFinite(value) ? value + 0 : `${value}`; // not -0
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
    table.add(valuesOf(metrics), { from, place: () => `${from}: `, refuse });
  }
  return table.toMetrics({ mask: (text) => text, refuse });
}
