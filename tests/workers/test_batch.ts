// Batches that move every job to workers, for tests.
import { createLocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../core/backend.ts";
import type { OpenOptions } from "../../registry/mod.ts";
import { openRegistry, type StoredRegistry } from "../../mod.ts";
import { type Batch, type BatchOptions, createBatch } from "../../workers/mod.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";

export const MIB: number = 1024 * 1024;

/** Moves every job to a worker, which stays until the batch ends. */
export const ALWAYS = { workers: 1, offload: "always", idleMs: 60_000 } as const;

export interface BatchTest {
  root: TempRoot;
  registry: StoredRegistry;
  batch: Batch;
}

export interface BatchTestOptions {
  batch?: BatchOptions;
  open?: OpenOptions;
  /** Wraps the store in the folder `reg`. */
  wrap?: (backend: Backend, root: TempRoot) => Backend;
}

/** Runs a test with a registry in the folder `reg`, and a batch. */
export function testBatch(
  name: string,
  run: (test: BatchTest) => Promise<void>,
  { batch: options, open, wrap = (backend) => backend }: BatchTestOptions = {},
): void {
  Deno.test(name, async () => {
    await using root = await tempRoot();
    const backend = createLocalBackend({ path: root.join("reg"), durability: "os" });
    await using registry = await openRegistry(wrap(backend, root), open);
    await using batch = createBatch(registry, { ...ALWAYS, ...options });
    await run({ root, registry, batch });
  });
}
