// The last value of each name of a run, as `metrics` of its version.
import { isJsonObject } from "../../../core/text/json_text.ts";

type Scalar = number | string | boolean;
type Tree = Scalar | Map<string, Tree>;

/** Names and bytes that metadata has at most: as much as the metrics of a step. */
const MOST_VALUES = 1_000;
const MAX_BYTES = 16 * 1024;
/** The name of the time that each point has. It is left out of metrics. */
export const TIME = "_time";

/** Collects the last value of each name. */
export class LastValues {
  readonly #root = new Map<string, Tree>();
  #count = 0;
  #isCut = false;

  /** Adds a line of JSON. Lines that are none are skipped, such as half a line of another program. */
  add(line: string): void {
    let values: unknown;
    try {
      values = JSON.parse(line);
    } catch {
      return;
    }
    if (isJsonObject(values)) this.#addAll(values, this.#root, 0);
  }

  #addAll(values: Record<string, unknown>, branch: Map<string, Tree>, depth: number): void {
    for (const [name, value] of Object.entries(values)) {
      if (depth === 0 && name === TIME) continue;
      const before = branch.get(name);
      if (isJsonObject(value)) {
        if (before !== undefined && !(before instanceof Map)) continue; // a value elsewhere
        const next = before ?? new Map<string, Tree>();
        if (before === undefined) branch.set(name, next);
        this.#addAll(value, next, depth + 1);
      } else if (isScalar(value)) this.#set(branch, name, Object.is(value, -0) ? 0 : value);
    }
  }

  #set(branch: Map<string, Tree>, name: string, value: Scalar): void {
    const before = branch.get(name);
    if (before instanceof Map) return; // an object elsewhere
    if (before === undefined) {
      if (this.#count === MOST_VALUES) {
        this.#isCut = true;
        return;
      }
      this.#count++;
    }
    branch.set(name, value);
  }

  /** Returns the first names that fit into metadata, and whether others are left out. */
  toMetrics(): { metrics: Record<string, unknown>; isCut: boolean } {
    const room = { bytes: MAX_BYTES };
    const metrics = objectOf(this.#root, room);
    return { metrics, isCut: this.#isCut || room.bytes < 0 };
  }
}

function isScalar(value: unknown): value is Scalar {
  return ["number", "string", "boolean"].includes(typeof value);
}

const encoder = new TextEncoder();

function objectOf(tree: ReadonlyMap<string, Tree>, room: { bytes: number }) {
  const entries: [string, unknown][] = [];
  for (const [name, child] of tree) {
    if (child instanceof Map) {
      room.bytes -= encoder.encode(JSON.stringify(name)).byteLength + 4;
      const own = objectOf(child, room);
      if (Object.keys(own).length > 0) entries.push([name, own]);
      continue;
    }
    room.bytes -= encoder.encode(`${JSON.stringify(name)}:${JSON.stringify(child)},`).byteLength;
    if (room.bytes >= 0) entries.push([name, child]);
  }
  return Object.fromEntries(entries);
}
