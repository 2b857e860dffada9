// Artifacts whose files an executor reads.
import { rmSync } from "node:fs";
import type { Artifact, ArtifactFile } from "../../core/artifact.ts";
import { writeFileTo } from "../../core/disk/stage_files.ts";
import type { Executor, JobOptions } from "../../core/executor.ts";
import { reopenOf } from "../../core/materializer.ts";
import type { StoredFile } from "../../core/record/record.ts";
import type { TransferProgress } from "../../core/registry.ts";
import type { PayloadJobs, ReadJob, ReadReply } from "./kinds.ts";
import type { ReadElsewhere } from "../load.ts";
import { createArtifact, drain } from "../payload/read.ts";
import type { PayloadSource, ReadFilesOptions } from "../payload/store_reader.ts";
import { STREAMED_BYTES } from "../../core/work/budget.ts";
import type { Budget } from "../../core/work/budget.ts";

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

class ArtifactElsewhere implements Artifact {
  readonly info: Artifact["info"];
  readonly files: Artifact["files"];
  readonly file: Artifact["file"];
  readonly opened: Opened;

  constructor(here: Artifact, opened: Opened, move: (file: ArtifactFile) => ArtifactFile) {
    this.info = here.info;
    this.files = () => here.files().map(move);
    this.file = (path) => move(here.file(path));
    this.opened = opened;
  }
}

class FileElsewhere implements ArtifactFile {
  readonly info: ArtifactFile["info"];
  readonly stream: ArtifactFile["stream"];
  readonly pieces: ArtifactFile["pieces"];
  readonly bytes: ArtifactFile["bytes"];
  readonly opened: Opened;
  readonly stored: StoredFile;

  constructor(
    here: ArtifactFile,
    opened: Opened,
    stored: StoredFile,
    bytes: ArtifactFile["bytes"],
  ) {
    this.info = here.info;
    this.stream = here.stream;
    this.pieces = here.pieces;
    this.bytes = bytes;
    this.opened = opened;
    this.stored = stored;
  }
}

export function createReader({ executor, budget, smallBytes }: ReaderOptions): Reader {
  let takenBytes = 0, ended = false;

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
      return new ArtifactElsewhere(here, opened, (file) => {
        const stored = byPath.get(file.info.path)!;
        if (isSmall(stored, source)) return file;
        const bytes = () => ended ? file.bytes() : bytesOf(opened, stored);
        return new FileElsewhere(file, opened, stored, bytes);
      });
    },

    async materialize(materializer, artifact, options) {
      if (!(artifact instanceof ArtifactElsewhere)) {
        return await materializer.load(artifact, options);
      }
      const { opened } = artifact;
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
      if (!(file instanceof FileElsewhere)) return await writeFileTo(path, file);
      await streaming(file, (read, running) => {
        const job = { ...read, path };
        const again = () => {
          rmSync(path, { force: true }); // what was written of it
          return job;
        };
        return executor.run("writeFile", job, { ...running, again });
      });
    },

    async checkLarge(file) {
      if (!(file instanceof FileElsewhere)) return await drain(file);
      await streaming(file, (job, running) => executor.run("checkFile", job, running));
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

  async function streaming({ opened, stored }: FileElsewhere, run: Run<void>): Promise<void> {
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
