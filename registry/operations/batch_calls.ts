// The calls of a batch on an open store. The commit protocol runs on this thread; the executor may
// move large files to others, and a budget limits the memory of values in progress.
import type { ArtifactInfo } from "../../core/artifact.ts";
import { createVerbCall } from "../../core/calls/verb_call.ts";
import { worded } from "../../core/calls/verb_errors.ts";
import type { Materializer, MaterializerDescriptor } from "../../core/materializer.ts";
import type {
  DownloadOptions,
  DownloadResult,
  LoadOptions,
  RefOptions,
  SavedArtifact,
  SaveEntry,
} from "../../core/registry.ts";
import { createShare, heldBytesOf, STREAMED_BYTES } from "../../core/work/budget.ts";
import { materializerFor } from "../contract/make_value.ts";
import { ValueToStore } from "../payload/write.ts";
import type { Context } from "./context.ts";
import { createReader, type Reader, type ReaderOptions } from "./job_reader.ts";
import { checkFiles, downloadVersion, loadValue } from "./load.ts";
import { refMeant } from "./look/suggesting.ts";
import { saveFiles } from "./save.ts";
import { withOverwrite } from "./saving/check_protected.ts";

/** A value whose files another thread can make: its materializer there, and its size. */
export interface MovableValue {
  materializer: MaterializerDescriptor;
  bytes: number;
}

export interface BatchCallsOptions extends ReaderOptions {
  /** Returns undefined for a value whose files are made on this thread. */
  movable(value: unknown, materializer: Materializer): MovableValue | undefined;
}

type Ref = Awaited<ReturnType<typeof refMeant>>;

export class BatchCalls {
  readonly #context: Context;
  readonly #options: BatchCallsOptions;

  constructor(context: Context, options: BatchCallsOptions) {
    this.#context = context;
    this.#options = options;
  }

  save(entry: SaveEntry, signal?: AbortSignal): Promise<SavedArtifact> {
    return worded(createVerbCall("save", entry), async () => {
      const { name, value, ...options } = entry;
      const { budget, executor } = this.#options;
      const { materializers } = this.#context;
      const materializer = materializerFor(materializers, name, value, options.as);
      const memory = createShare(budget);
      const produce = async () => {
        const files = await this.#filesOf(value, materializer, signal);
        const bytes = files instanceof ValueToStore
          ? Math.max(files.bytes, STREAMED_BYTES)
          : heldBytesOf(files);
        await memory.take(bytes, signal);
        return files;
      };
      try {
        const artifact = { name, materializer, produce };
        const asked = await withOverwrite(this.#context, name, { ...options, signal });
        return await saveFiles(this.#context, artifact, asked, executor);
      } finally {
        memory.give();
      }
    });
  }

  load(ref: string, options: LoadOptions): Promise<unknown> {
    return this.#read("load", ref, options, loadValue);
  }

  download(ref: string, options: DownloadOptions): Promise<DownloadResult> {
    return this.#read("download", ref, options, downloadVersion);
  }

  verify(ref: string, options: LoadOptions): Promise<ArtifactInfo> {
    return this.#read("verify", ref, options, checkFiles);
  }

  #read<T, O extends RefOptions>(
    verb: string,
    ref: string,
    options: O,
    read: (context: Context, ref: Ref, options: O, reader: Reader) => Promise<T>,
  ): Promise<T> {
    return worded({ verb, ref }, async () => {
      const reader = createReader(this.#options);
      try {
        const exactRef = await refMeant(this.#context, ref, options);
        return await read(this.#context, exactRef, options, reader);
      } finally {
        reader.end();
      }
    });
  }

  #filesOf(value: unknown, materializer: Materializer, signal: AbortSignal | undefined) {
    const movable = this.#options.movable(value, materializer);
    if (movable === undefined) return materializer.save(value, { signal });
    const here = { save: () => materializer.save(value, { signal }) };
    return new ValueToStore({ value, materializer: movable.materializer, here }, movable.bytes);
  }
}
