// A registry on a remote store, and the caches of the machines that use it.
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import type { CacheOptions, OpenOptions, Registry } from "../../../core/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { knownContext } from "../../../registry/operations/context.ts";
import { createScriptedSystem, type ScriptedSystem } from "../../support/scripted_system.ts";
import { keysOf } from "../registries.ts";
import { createScriptedBackend, type ScriptedBackend } from "../scripted_backend.ts";

export interface CachedMachine {
  readonly registry: Registry;
  readonly backend: ScriptedBackend;
  readonly cache: ScriptedBackend;
  /** Waits until everything is cached. */
  settle(): Promise<void>;
  /** Returns the requests to the store during an action, by verb. */
  asked(action: () => Promise<unknown>): Promise<string[]>;
}

export type CachedOptions = Omit<OpenOptions, "cache"> & { cache?: CacheOptions };

export interface CachedWorldOptions extends Omit<OpenOptions, "cache"> {
  maxBytes?: number;
  seed?: number;
}

/** The world of a cache test. */
export interface CachedWorld extends CachedMachine {
  readonly store: Backend;
  readonly cacheStore: Backend;
  readonly system: ScriptedSystem;
  readonly warnings: string[];
  /** Opens the registry in another program, by default with the same cache. */
  open(options?: CachedOptions): Promise<CachedMachine>;
  /** Opens it on another machine, with its own cache. */
  elsewhere(): Promise<CachedMachine>;
  cached(prefix?: string): Promise<string[]>;
}

/** Creates a world with an open registry; `maxBytes` limits its cache. */
export async function createCachedWorld(
  { maxBytes, seed, ...options }: CachedWorldOptions = {},
): Promise<CachedWorld> {
  const system = createScriptedSystem({ seed });
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (text: unknown) => void warnings.push(String(text)),
    error() {},
  };
  const store = createMemoryBackend({ system });
  const cacheStore = createMemoryBackend({ system });
  const open: CachedWorld["open"] = async ({ cache: asked, ...more } = {}) => {
    const backend = createScriptedBackend(store);
    const cache = createScriptedBackend(asked?.backend ?? cacheStore);
    const registry = await openRegistry(backend, {
      system,
      logger,
      ...options,
      ...more,
      cache: { maxBytes, ...asked, backend: cache },
    });
    const settle = () => knownContext(registry)!.cache!.close();
    const asking = async (action: () => Promise<unknown>) => {
      backend.forget();
      await action();
      return backend.calls.map(({ verb }) => verb);
    };
    return { registry, backend, cache, settle, asked: asking };
  };
  const cached = (prefix = "") => keysOf(cacheStore, prefix);
  const elsewhere = () => open({ cache: { backend: createMemoryBackend({ system }) } });
  return { ...await open(), elsewhere, store, cacheStore, system, warnings, open, cached };
}

type Play = (world: CachedWorld) => Promise<void>;

/** Runs a test in its own world, opened with the options before `play`. */
export function testCached(sentence: string, ...how: [CachedWorldOptions, Play] | [Play]): void {
  const [options, play] = how.length === 1 ? [{}, ...how] : how;
  Deno.test(sentence, async () => play(await createCachedWorld(options)));
}

/** The bytes of all objects of a store. */
export async function bytesIn(backend: Backend, prefix = ""): Promise<number> {
  let total = 0;
  for await (const entry of backend.list(prefix)) total += "key" in entry ? entry.size : 0;
  return total;
}

/** Changes one byte in the middle of an object, or truncates it. */
export async function damage(
  backend: Backend,
  key: string,
  how: "flip" | "cut" = "flip",
): Promise<void> {
  const bytes = (await (await backend.get(key))!.bytes()).slice();
  bytes[bytes.length >> 1] ^= 1;
  await backend.put(key, how === "flip" ? bytes : bytes.subarray(0, bytes.length >> 1));
}
