// Encoding of inputs and results for another process: JSON, with bytes in base64; large ones are
// saved in the registry.
import { Buffer } from "node:buffer";
import type { PlainValue } from "../../../materializers/mod.ts";
import { invalid, isJsonObject, plainProblem, shown } from "../../../core/kernel.ts";
import { MAX_DEPTH } from "../../../core/text/plain_value.ts";
import type { TaskRegistry } from "../contract.ts";

/** Maximum without a registry: JSON in UTF-8 and its bytes before base64. */
const MOST_TRAVELLING_BYTES = 65_536;

const ARTIFACT = "$artifact";
const BYTES = "$bytes";

interface TravelOptions {
  what: "input" | "result";
  task: string;
  registry?: TaskRegistry;
}

/**
 * Throws `Invalid` unless a value consists of JSON and bytes.
 *
 * @returns the approximate size, bytes
 */
export function checkTravels(value: unknown, { what, task, registry }: TravelOptions): number {
  let bytes = 0;
  const outline = mapBytes(value, (part) => {
    bytes += part.byteLength;
    return null;
  });
  const problem = plainProblem(outline) ?? reservedProblem(outline);
  const action = `send the ${what} of task ${shown(task)} to another process`;
  if (problem !== undefined) {
    throw invalid(action, undefined, problem, {
      hint: "Use strings, finite numbers, booleans, null, lists, plain objects and Uint8Array.",
    });
  }
  bytes += new TextEncoder().encode(JSON.stringify(outline)).byteLength;
  if (bytes > MOST_TRAVELLING_BYTES && registry === undefined) {
    throw invalid(action, undefined, `it has ${bytes} bytes, more than ${MOST_TRAVELLING_BYTES}`, {
      hint: "Pass a registry, createPlugins({ registry }), here and where the job runs.",
    });
  }
  return bytes;
}

/** Encodes a value. A large one is saved as `jobs:input` or `jobs:result`, once per job. */
export async function encodeTravelling(
  value: unknown,
  { jobId, signal, ...options }: TravelOptions & { jobId: string; signal?: AbortSignal },
): Promise<PlainValue> {
  if (checkTravels(value, options) <= MOST_TRAVELLING_BYTES) {
    const encode = ({ buffer, byteOffset, byteLength }: Uint8Array) => ({
      [BYTES]: Buffer.from(buffer, byteOffset, byteLength).toString("base64"),
    });
    return mapBytes(value, encode) as PlainValue;
  }
  const name = `jobs:${options.what}`;
  const copy = mapBytes(value, (part) => part);
  const saving = { idempotencyKey: jobId, onConflict: "fail", signal } as const; // all jobs have this name
  const { version } = await options.registry!.save(name, copy, saving);
  return { [ARTIFACT]: `${name}@${version}` };
}

export async function decodeTravelling(
  value: PlainValue,
  { registry, task, signal }: { registry?: TaskRegistry; task: string; signal?: AbortSignal },
): Promise<unknown> {
  const ref = isJsonObject(value) ? value[ARTIFACT] : undefined;
  if (typeof ref !== "string" || !/^jobs:(input|result)@[^/]+$/.test(ref)) {
    return decodeBytes(value);
  }
  if (registry !== undefined) return await registry.load(ref, { signal });
  throw invalid("read the input of task", shown(task), `it is in a registry, as ${shown(ref)}`, {
    hint: "Pass the registry of the sender: createPlugins({ registry }).",
  });
}

function decodeBytes(value: PlainValue): unknown {
  if (Array.isArray(value)) return value.map(decodeBytes);
  if (!isJsonObject(value)) return value;
  if (typeof value[BYTES] === "string") return new Uint8Array(Buffer.from(value[BYTES], "base64"));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, decodeBytes(member)]),
  );
}

/**
 * Copies a value and replaces its bytes. Omits undefined members; undefined itself becomes null.
 */
function mapBytes(value: unknown, change: (bytes: Uint8Array) => unknown, depth = 0): unknown {
  if (value === undefined && depth === 0) return null;
  if (value instanceof Uint8Array) return change(value);
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  const prototype = Object.getPrototypeOf(value);
  if (Array.isArray(value) && prototype === Array.prototype) {
    return Array.from(value, (member) => mapBytes(member, change, depth + 1));
  }
  if (prototype !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) {
    return value;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members.map(([key, member]) => [key, mapBytes(member, change, depth + 1)]),
  );
}

function reservedProblem(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    return value.map(reservedProblem).find((problem) => problem !== undefined);
  }
  if (!isJsonObject(value)) return undefined;
  const reserved = Object.keys(value).find((key) => key === ARTIFACT || key === BYTES);
  if (reserved !== undefined) return `its member ${reserved} has a reserved name`;
  return reservedProblem(Object.values(value));
}
