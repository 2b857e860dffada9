// The stores on which registries are tested.
import process from "node:process";
import { createLocalBackend } from "../../backends/local.ts";
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend, Locking } from "../../core/backend.ts";
import type { OpenOptions, StoredRegistry } from "../../core/registry.ts";
import { openRegistry } from "../../mod.ts";
import { IS_QUICK, kindsOfShare } from "../support/seeds.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";

export { noise } from "../conformance/registry/registry_case.ts";

/** The registry and store of one test. */
export interface RegistryWorld {
  readonly registry: StoredRegistry;
  /** The store, for inspection and damage. */
  readonly backend: Backend;
  readonly root: TempRoot;
  /** Opens the registry again, by default over the same store. */
  open(options?: OpenOptions, wrap?: (backend: Backend) => Backend): Promise<StoredRegistry>;
}

export interface RegistryStore {
  readonly name: string;
  readonly ignore: boolean;
  create(root: TempRoot): Backend;
}

const NO_FILE_LOCKS = process.versions.deno === undefined;

/** Memory, and a folder with either way to commit; in a quick run the way that most folders have. */
export const REGISTRIES: readonly RegistryStore[] = [
  { name: "memory", ignore: false, create: () => createMemoryBackend() },
  { name: "local, links", ignore: false, create: (root) => local(root, "link") },
  {
    name: "local, file lock",
    ignore: NO_FILE_LOCKS || IS_QUICK,
    create: (root) => local(root, "file"),
  },
];

function local(root: TempRoot, locking: Locking): Backend {
  return createLocalBackend({ path: root.join("registry"), durability: "os", locking });
}

/** Runs a test in memory and on a disk: in CI each way to commit there has its days. */
export function testOnEach(
  sentence: string,
  body: (world: RegistryWorld) => Promise<void>,
  options: OpenOptions = {},
): void {
  const [memory, ...disks] = REGISTRIES.filter(({ ignore }) => !ignore);
  for (const { name, create } of [memory, ...kindsOfShare(sentence, disks)]) {
    Deno.test(`${sentence} (${name})`, () => inWorld(create, options, body));
  }
}

/** Runs a test in memory only, if the store does not matter. */
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

/** All keys of a store that begin with a prefix. */
export async function keysOf(backend: Backend, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of backend.list(prefix)) if ("key" in entry) keys.push(entry.key);
  return keys;
}

/** Changes a byte of every payload object, or of objects with another prefix. */
export async function damage(backend: Backend, prefix = "objects/"): Promise<void> {
  for (const key of await keysOf(backend, prefix)) {
    const bytes = (await (await backend.get(key))!.bytes()).slice();
    bytes[bytes.length >> 1] ^= 1;
    await backend.put(key, bytes);
  }
}
