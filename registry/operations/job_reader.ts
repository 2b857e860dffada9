// Artifacts whose files an executor reads.
import { rmSync } from "node:fs";
import type { Artifact, ArtifactFile } from "../../core/artifact.ts";
import { writeFileTo } from "../../disk/stage_files.ts";
import type { Executor, JobOptions } from "../../core/executor.ts";
import { reopenOf } from "../../core/materializer.ts";
import type { StoredFile } from "../../core/record.ts";
import type { TransferProgress } from "../../core/registry.ts";
import type { PayloadJobs, ReadJob, ReadReply } from "../payload/job_kinds.ts";
import type { ReadElsewhere } from "./load.ts";
import { createArtifact, drain } from "../cache/read.ts";
import type { PayloadSource, ReadFilesOptions } from "../payload/store_reader.ts";
import { type Budget, STREAMED_BYTES } from "../../core/work/budget.ts";

export interface ReaderOptions {
  executor: Executor<PayloadJobs>;
  budget: Budget;
  smallBytes: number;
}

export interface Reader extends ReadElsewhere {
  end(): void;
}

interface Opened {
  cached: boolean;
  source: PayloadSource;
  how: ReadFilesOptions;
  moved(path: string, bytes: number): void;
}

interface OpenedFile {
  opened: Opened;
  stored: StoredFile;
}

export function createReader({ executor, budget, smallBytes }: ReaderOptions): Reader {
  let takenBytes = 0, ended = false;
  const artifacts = new WeakMap<Artifact, Opened>();
  const files = new WeakMap<ArtifactFile, OpenedFile>();

  return {
    end() {
      ended = true;
      budget.give(takenBytes);
    },

    read(context, source, how) {
      let bytes = 0, told = 0;
      const moved = (path: string, more: number) => {
        bytes += more;
        how.onProgress?.({ path, bytes, totalBytes: source.info.size });
      };
      const onProgress = (progress: TransferProgress) => {
        moved(progress.path, progress.bytes - told);
        told = progress.bytes;
      };
      const here = createArtifact(context, source, { ...how, onProgress });
      // What a worker fetched would not get into a cache that it cannot open.
      if (context.cache !== undefined && context.cache.reopen === undefined) return here;
      if (source.files.every((stored) => isSmall(stored, source))) return here;
      const opened: Opened = { cached: context.cache !== undefined, source, how, moved };
      const byPath = new Map(source.files.map((stored) => [stored.path, stored]));
      const elsewhere = (file: ArtifactFile): ArtifactFile => {
        const stored = byPath.get(file.info.path)!;
        if (isSmall(stored, source)) return file;
        const bytes = () => ended ? file.bytes() : bytesOf(opened, stored);
        const there: ArtifactFile = { ...file, bytes };
        files.set(there, { opened, stored });
        return there;
      };
      const artifact: Artifact = {
        info: here.info,
        files: () => here.files().map(elsewhere),
        file: (path) => elsewhere(here.file(path)),
      };
      artifacts.set(artifact, opened);
      return artifact;
    },

    async materialize(materializer, artifact, options) {
      const opened = artifacts.get(artifact);
      if (opened === undefined) return await materializer.load(artifact, options);
      const { source: { files, info }, how } = opened;
      budget.give(takenBytes); // of a version that was superseded meanwhile
      takenBytes = 0;
      await budget.take(info.size, options.signal);
      takenBytes = info.size;
      const reopen = reopenOf(materializer);
      if (reopen === undefined || files.some(({ parts }) => parts === undefined)) {
        return await materializer.load(artifact, options);
      }
      const { maxBytes: maxLoadBytes = Infinity } = how.limit ?? {};
      const load = { info, materializer: reopen, maxLoadBytes, here: materializer };
      return await read(
        opened,
        files,
        (job, running) => executor.run("loadValue", { ...job, ...load }, running),
      );
    },

    async writeLarge(path, file) {
      const there = files.get(file);
      if (there === undefined) return await writeFileTo(path, file);
      await streaming(there, (read, running) => {
        const job = { ...read, path };
        const again = () => {
          rmSync(path, { force: true }); // what was written of it
          return job;
        };
        return executor.run("writeFile", job, { ...running, again });
      });
    },

    async checkLarge(file) {
      const there = files.get(file);
      if (there === undefined) return await drain(file);
      await streaming(there, (job, running) => executor.run("checkFile", job, running));
    },
  };

  function isSmall({ parts = [], size }: StoredFile, { files }: PayloadSource): boolean {
    return parts.length === 0 || size < smallBytes ||
      (files.length > 1 && parts[0].offset !== undefined);
  }

  async function bytesOf(opened: Opened, stored: StoredFile): Promise<Uint8Array> {
    opened.how.limit?.check(opened.source.ref, stored);
    return await read(opened, [stored], (job, running) => executor.run("readFile", job, running));
  }

  async function streaming({ opened, stored }: OpenedFile, run: Run<void>): Promise<void> {
    const heldBytes = Math.min(stored.size, STREAMED_BYTES);
    await budget.take(heldBytes, opened.how.signal);
    try {
      await read(opened, [stored], run);
    } finally {
      budget.give(heldBytes);
    }
  }

  async function read<T>(
    { cached, source, how: { verify, signal }, moved }: Opened,
    files: readonly StoredFile[],
    run: Run<T>,
  ): Promise<T> {
    const job: ReadJob = {
      ref: source.ref,
      recordKey: source.recordKey,
      verify,
      cached,
      files: files.map((file) => ({
        file,
        keys: file.parts!.map((part) => source.keyOf(file, part)),
      })),
    };
    const reply = await run(job, { signal, onProgress: ({ path, bytes }) => moved(path, bytes) });
    return "missing" in reply ? await source.missing(reply.missing) : reply.value;
  }
}

type Run<T> = (job: ReadJob, options: JobOptions) => Promise<ReadReply<T>>;
