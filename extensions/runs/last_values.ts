// The last value of each name of a run, and the best one of measures, as `metrics` of its version.
import { usualBetter } from "../../core/text/better.ts";
import { isJsonObject, METRIC_LIMITS } from "../../core/kernel.ts";
import { STEP, TIME } from "./point_text.ts";
import { exactValue, WrittenNumber } from "./written.ts";

type Scalar = number | string | boolean;
type Tree = Last | Map<string, Tree>;

/** A name with a value. */
interface Last {
  value: Scalar;
  /** The smallest or the largest of several numbers, if the name says which is better. */
  best?: { readonly word: "min" | "max"; number: number; count: number };
}

/** Collects the last value of each name, and the best one. */
export class LastValues {
  readonly #root = new Map<string, Tree>();
  #count = 0;
  #isCut = false;
  #step: number | undefined;

  /** Adds a line of JSON. Lines that are none are skipped, such as half a line of another program. */
  add(line: string): void {
    const values = exactValue(line);
    if (!isJsonObject(values)) return;
    const { [STEP]: step } = values;
    if (typeof step === "number") this.#step = Math.max(step, this.#step ?? step);
    this.#addAll(values, this.#root, "");
  }

  /** The highest step. */
  get step(): number | undefined {
    return this.#step;
  }

  #addAll(values: Record<string, unknown>, branch: Map<string, Tree>, prefix: string): void {
    for (const [name, given] of Object.entries(values)) {
      if (prefix === "" && (name === TIME || name === STEP)) continue;
      const value = given instanceof WrittenNumber ? given.text : given;
      const before = branch.get(name);
      if (isJsonObject(value)) {
        if (before !== undefined && !(before instanceof Map)) continue; // a value elsewhere
        const next = before ?? new Map<string, Tree>();
        if (before === undefined) branch.set(name, next);
        this.#addAll(value, next, `${prefix}${name}.`);
      } else if (isScalar(value)) {
        this.#set(branch, [prefix, name], Object.is(value, -0) ? 0 : value);
      }
    }
  }

  #set(branch: Map<string, Tree>, [prefix, name]: [string, string], value: Scalar): void {
    const before = branch.get(name);
    if (before instanceof Map) return; // an object elsewhere
    if (before !== undefined) {
      before.value = value;
      addTo(before.best, value);
    } else if (this.#count === METRIC_LIMITS.values) this.#isCut = true;
    else {
      this.#count++;
      const best = noBest(prefix + name);
      addTo(best, value);
      branch.set(name, { value, best });
    }
  }

  /**
   * Returns the first names that fit into metadata, and whether others are left out. Measures that
   * were logged more than once also have their best value, as `loss.min` or `accuracy.max`.
   */
  toMetrics(): { metrics: Record<string, unknown>; isCut: boolean } {
    const room = { bytes: METRIC_LIMITS.bytes };
    const metrics = objectOf(this.#root, room);
    addBests(metrics, this.#root, room);
    return { metrics, isCut: this.#isCut || room.bytes < 0 };
  }
}

function noBest(name: string): Last["best"] {
  const better = usualBetter(name);
  if (better === "none") return undefined;
  const isLow = better === "low";
  return { word: isLow ? "min" : "max", number: isLow ? Infinity : -Infinity, count: 0 };
}

/** Adds a value to the best one. NaN and infinities, which are strings, never are. */
function addTo(best: Last["best"], value: Scalar): void {
  if (best === undefined || typeof value !== "number") return;
  best.number = best.word === "min" ? Math.min(best.number, value) : Math.max(best.number, value);
  best.count++;
}

function isScalar(value: unknown): value is Scalar {
  return ["number", "string", "boolean"].includes(typeof value);
}

const encoder = new TextEncoder();

function bytesOf(name: string, value: Scalar): number {
  return encoder.encode(`${JSON.stringify(name)}:${JSON.stringify(value)},`).byteLength;
}

function objectOf(tree: ReadonlyMap<string, Tree>, room: { bytes: number }) {
  const entries: [string, unknown][] = [];
  for (const [name, child] of tree) {
    if (child instanceof Map) {
      room.bytes -= encoder.encode(JSON.stringify(name)).byteLength + 4;
      const own = objectOf(child, room);
      if (Object.keys(own).length > 0) entries.push([name, own]);
      continue;
    }
    room.bytes -= bytesOf(name, child.value);
    if (room.bytes >= 0) entries.push([name, child.value]);
  }
  return Object.fromEntries(entries);
}

/** Adds the best values for which there is room. A value with such a name stays. */
function addBests(
  metrics: Record<string, unknown>,
  tree: ReadonlyMap<string, Tree>,
  room: { bytes: number },
): void {
  for (const [name, child] of tree) {
    if (child instanceof Map) {
      const own = metrics[name];
      if (isJsonObject(own)) addBests(own, child, room);
    } else if (child.best !== undefined && child.best.count > 1) {
      const { word, number } = child.best;
      const key = `${name}.${word}`;
      if (tree.has(key) || !Object.hasOwn(metrics, name)) continue;
      room.bytes -= bytesOf(key, number);
      if (room.bytes >= 0) metrics[key] = Object.is(number, -0) ? 0 : number;
    }
  }
}
