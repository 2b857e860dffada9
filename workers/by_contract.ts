// A batch over a registry without a local store. It uses only the methods of a registry, on the
// caller's thread.
import type { FilesToSave, Materializer } from "../core/materializer.ts";
import type { Registry } from "../core/registry.ts";
import { createBudget, createShare, heldBytesOf } from "../core/work/budget.ts";
import { readThrough } from "../core/work/read_through.ts";
import { materializerFor } from "../registry/contract/make_value.ts";
import { type BatchOptions, type BatchWork, DEFAULT_BUDGET_BYTES } from "./batch_work.ts";

export function workByContract(registry: Registry, options: BatchOptions): BatchWork {
  const budget = createBudget(options.memoryBudgetBytes ?? DEFAULT_BUDGET_BYTES);
  return {
    running: 0,
    async save({ name, value, ...rest }, signal) {
      const materializer = materializerFor(registry.materializers, name, value, rest.as);
      const held = createShare(budget);
      const counted = async (saving: Exclude<FilesToSave, AsyncIterable<unknown>>) => {
        const files = await saving;
        await held.take(heldBytesOf(files), signal);
        return files;
      };
      const counting: Materializer = {
        id: materializer.id,
        formatVersion: materializer.formatVersion,
        load: (artifact, options) => materializer.load(artifact, options),
        save(value, options) {
          const saved = materializer.save(value, options);
          return Symbol.asyncIterator in saved ? saved : counted(saved);
        },
      };
      try {
        return await registry.save(name, value, { ...rest, as: counting, signal });
      } finally {
        held.give();
      }
    },
    load: (ref, rest) => registry.load(ref, rest),
    download: ({ ref, ...rest }, signal) => registry.download(ref, { ...rest, signal }),
    async verify({ ref, version, onProgress }, signal) {
      const artifact = await registry.open(ref, { version, verify: "full", signal });
      const bytes = await readThrough(artifact);
      const path = artifact.info.files.at(-1)?.path ?? "";
      onProgress?.({ path, bytes, totalBytes: artifact.info.size });
      return artifact.info;
    },
    close: () => Promise.resolve(),
  };
}
