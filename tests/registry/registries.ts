// The stores that the verbs of a registry are tested over.
import process from "node:process";
import { createLocalBackend } from "../../backends/local.ts";
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend, Locking } from "../../core/backend.ts";
import type { OpenOptions, StoredRegistry } from "../../core/registry.ts";
import { openRegistry } from "../../mod.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";

/** A registry of one test, and the store below it. */
export interface RegistryWorld {
  /** The registry. */
  readonly registry: StoredRegistry;
  /** Its store, for looking behind the registry's back and for damaging it. */
  readonly backend: Backend;
  /** A folder for whatever else the test writes. */
  readonly root: TempRoot;
  /** Opens the registry once more, over the store or over what is wrapped around it. */
  open(options?: OpenOptions, wrap?: (backend: Backend) => Backend): Promise<StoredRegistry>;
}

/** A kind of store. */
export interface RegistryStore {
  /** For the name of the test. */
  readonly name: string;
  /** Where it cannot be used. */
  readonly ignore: boolean;
  /** Creates the store. */
  create(root: TempRoot): Backend;
}

const NO_FILE_LOCKS = process.versions.deno === undefined;

/** Memory, and a folder in both ways of committing. */
export const REGISTRIES: readonly RegistryStore[] = [
  { name: "memory", ignore: false, create: () => createMemoryBackend() },
  { name: "local, links", ignore: false, create: (root) => local(root, "link") },
  { name: "local, file lock", ignore: NO_FILE_LOCKS, create: (root) => local(root, "file") },
];

function local(root: TempRoot, locking: Locking): Backend {
  return createLocalBackend({ path: root.join("registry"), durability: "os", locking });
}

/** Tests a sentence over each store, with a new registry each time. */
export function testOnEach(
  sentence: string,
  body: (world: RegistryWorld) => Promise<void>,
  options: OpenOptions = {},
): void {
  for (const { name, ignore, create } of REGISTRIES) {
    Deno.test({ name: `${sentence} (${name})`, ignore, fn: () => inWorld(create, options, body) });
  }
}

/** Tests a sentence in memory only: for what the store has no part in. */
export function testInMemory(
  sentence: string,
  body: (world: RegistryWorld) => Promise<void>,
  options: OpenOptions = {},
): void {
  Deno.test(sentence, () => inWorld(REGISTRIES[0].create, options, body));
}

async function inWorld(
  create: RegistryStore["create"],
  options: OpenOptions,
  body: (world: RegistryWorld) => Promise<void>,
): Promise<void> {
  const root = await tempRoot();
  try {
    const backend = create(root);
    const registry = await openRegistry(backend, options);
    const open: RegistryWorld["open"] = (more, wrap = (same) => same) =>
      openRegistry(wrap(backend), more);
    await body({ registry, backend, root, open });
    await registry[Symbol.asyncDispose]();
  } finally {
    await root.remove();
  }
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** All keys of a store that begin with a prefix. */
export async function keysOf(backend: Backend, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of backend.list(prefix)) if ("key" in entry) keys.push(entry.key);
  return keys;
}

/** Changes a byte of every object of payloads, or below another prefix. */
export async function damage(backend: Backend, prefix = "objects/"): Promise<void> {
  for (const key of await keysOf(backend, prefix)) {
    const bytes = (await (await backend.get(key))!.bytes()).slice();
    bytes[bytes.length >> 1] ^= 1;
    await backend.put(key, bytes);
  }
}
