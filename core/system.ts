// Time, randomness, ids and environment. This is the only file that reads them: everything else is
// handed a {@linkcode System}, so that tests decide what time it is. It runs in a browser too,
// where the environment is empty.
/** The outside world, as far as the registry needs it. */
export interface System {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** A clock that never goes back, milliseconds since some moment. */
  monotonic(): number;
  /** A number in [0, 1). */
  random(): number;
  /** A new UUIDv7 (RFC 9562, section 5.7), lowercase: ids of one process sort by the time they were made. */
  id(): string;
  /** Resolves after so many milliseconds (at most 24 days); rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The environment variable, or undefined where there is none or it may not be read. */
  env(name: string): string | undefined;
  /** The names of all environment variables; none where not all may be read. */
  envNames?(): string[];
}

/** The real world. */
export const realSystem: System = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  id: () => timed(crypto.randomUUID(), Date.now()),
  sleep,
  env: (name) => isGranted({ name: "env", variable: name }) ? environment()[name] : undefined,
  envNames: () => isGranted({ name: "env" }) ? Object.keys(environment()) : [],
};

function environment(): Record<string, string | undefined> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env ?? {};
}

/**
 * Removes variables from the environment of this process, so that neither its code nor its children see them. Returns a
 * system that still has their values. A system other than the real one keeps its variables.
 */
export function takeVariables(system: System, names: Iterable<string>): System {
  const taken = new Map<string, string>();
  for (const name of names) {
    const value = system.env(name);
    if (value === undefined) continue;
    taken.set(name, value);
    if (system === realSystem) delete environment()[name];
  }
  return {
    ...otherThanVariables(system),
    env: (name) => taken.get(name) ?? system.env(name),
    envNames: () => [...new Set([...system.envNames?.() ?? [], ...taken.keys()])],
  };
}

/** Returns a system that lacks these variables; the environment of this process stays as it is. */
export function withoutVariables(system: System, names: ReadonlySet<string>): System {
  return {
    ...otherThanVariables(system),
    env: (name) => names.has(name) ? undefined : system.env(name),
    envNames: () => (system.envNames?.() ?? []).filter((name) => !names.has(name)),
  };
}

function otherThanVariables(system: System): Omit<System, "env" | "envNames"> {
  return {
    now: () => system.now(),
    monotonic: () => system.monotonic(),
    random: () => system.random(),
    id: () => system.id(),
    sleep: (ms, signal) => system.sleep(ms, signal),
  };
}

export type Permission =
  | { name: "env"; variable?: string }
  | { name: "read" | "write"; path: string | URL }
  | { name: "sys"; kind: "hostname" }
  | { name: "run" };

/** Deno asks the person at the terminal where it may not: what nobody granted counts as denied instead. */
export function isGranted(permission: Permission): boolean {
  const { Deno } = globalThis as {
    Deno?: { permissions?: { querySync(descriptor: Permission): { state: string } } };
  };
  return Deno?.permissions === undefined ||
    Deno.permissions.querySync(permission).state === "granted";
}

/** A UUIDv4 as a UUIDv7 with the same random bits: several times faster than from bytes. */
function timed(uuid: string, nowMs: number): string {
  const time = nowMs.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuid.slice(15)}`;
}

const MAX_TIMER_MS = 2 ** 31 - 1; // a longer timer fires at once

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, Math.min(ms, MAX_TIMER_MS));
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A logger that says nothing. */
export const silentLogger: Pick<Console, "debug" | "info" | "warn" | "error"> = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
