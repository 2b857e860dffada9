// Time, randomness, ids and environment. Only this file reads them; all other code receives a
// {@linkcode System}, so that tests control time. It also runs in browsers, without environment.
import { invalid } from "./errors.ts";
import { builtinModule } from "./faults/runtime.ts";

export { builtinModule, isWindows } from "./faults/runtime.ts";

/** The environment of a registry. */
export interface System {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Monotonic clock, milliseconds. */
  monotonic(): number;
  /** A number in [0, 1). */
  random(): number;
  /** A new UUIDv7 (RFC 9562, section 5.7), lowercase. */
  id(): string;
  /** Waits (at most 24 days); rejects with the signal's reason if it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Returns a variable; undefined if it is not set or may not be read. */
  env(name: string): string | undefined;
  /** Returns the names of all variables that are UTF-8; none if they may not be read. */
  envNames?(): string[];
}

/** The clock, randomness and environment of this process. */
export const realSystem: System = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  id: () => timed(crypto.randomUUID(), Date.now()),
  sleep,
  env: (name) => isGranted({ name: "env", variable: name }) ? readVariable(name) : undefined,
  envNames: () => isGranted({ name: "env" }) ? Object.keys(environment()).filter(isUtf8) : [],
};

/** @throws {RegistryError} `Invalid` if it is not UTF-8; without its value, which may be a secret */
function readVariable(name: string): string | undefined {
  if (isUtf8(name)) return environment()[name];
  throw invalid("read environment variable", name, "it is not UTF-8", {
    hint: "Set it in a terminal with a UTF-8 locale.",
  });
}

/** False if Node has replaced bytes of a variable, or if Deno throws an error with its value. */
function isUtf8(name: string): boolean {
  try {
    return environment()[name]?.includes("\ufffd") !== true;
  } catch {
    return false;
  }
}

function environment(): Record<string, string | undefined> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env ?? {};
}

/** The part of V8's heap limit that only new objects can use: three halves of 64 MiB. */
const YOUNG_BYTES = 96 * 2 ** 20;

/** Returns how much the heap of this thread may still grow, bytes; undefined without V8. */
export function heapRoomBytes(): number | undefined {
  interface V8 {
    getHeapStatistics(): { heap_size_limit: number; used_heap_size: number };
  }
  if ("Bun" in globalThis) return undefined; // its numbers are no limits
  try {
    const { heap_size_limit, used_heap_size } = builtinModule<V8>("node:v8")!.getHeapStatistics();
    // Workers have no numbers.
    return heap_size_limit > 0 ? heap_size_limit - used_heap_size - YOUNG_BYTES : undefined;
  } catch {
    return undefined; // another runtime
  }
}

/** Deletes a variable from the environment of this process. */
export function deleteVariable(name: string): void {
  delete environment()[name];
}

/** @internal */
type Permission =
  | { name: "env"; variable?: string }
  | { name: "read" | "write"; path: string | URL }
  | { name: "sys"; kind: "hostname" | "inspector" | "statfs" }
  | { name: "run"; command?: string }
  | { name: "ffi" };

/** True if a permission is granted. Deno would prompt for others, which count as denied. */
export function isGranted(permission: Permission): boolean {
  const { Deno } = globalThis as {
    Deno?: { permissions?: { querySync(descriptor: Permission): { state: string } } };
  };
  return Deno?.permissions === undefined ||
    Deno.permissions.querySync(permission).state === "granted";
}

/** Returns a UUIDv7 with the random bits of a UUIDv4, faster than from bytes. */
function timed(uuid: string, nowMs: number): string {
  const time = nowMs.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuid.slice(15)}`;
}

/** The last moment that a `Date` can be, in the year 275760. */
export const LAST_DATE_MS = 8.64e15;

const MAX_TIMER_MS = 2 ** 31 - 1; // a longer timer fires at once

/** Returns a time that timers of the runtime take: whole, and at most 24 days. */
export function timerMs(ms: number): number {
  return Math.min(Math.ceil(ms), MAX_TIMER_MS);
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, Math.min(ms, MAX_TIMER_MS));
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A logger that drops everything. */
export const silentLogger: Pick<Console, "debug" | "info" | "warn" | "error"> = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
