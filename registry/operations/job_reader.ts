// Artifacts whose large files an executor reads.
import { rmSync } from "node:fs";
import type { Artifact, ArtifactFile } from "../../core/artifact.ts";
import { writeFileTo } from "../../disk/stage_files.ts";
import { valueAt } from "../../core/faults/present.ts";
import { readableFile } from "../../core/registry/artifact_file.ts";
import type { Executor, JobOptions } from "../../core/executor.ts";
import { type MaterializeOptions, type Materializer, reopenOf } from "../../core/materializer.ts";
import type { StoredFile } from "../../core/record.ts";
import type { TransferProgress } from "../../core/registry.ts";
import type { PayloadJobs, ReadJob, ReadReply } from "../payload/job_kinds.ts";
import type { ReadElsewhere } from "./load.ts";
import { allParts } from "../cell/objects.ts";
import { createArtifact } from "../cache/read.ts";
import { drain } from "../../core/work/read_through.ts";
import type { PayloadSource, ReadFilesOptions } from "../payload/store_reader.ts";
import { type Budget, STREAMED_BYTES } from "../../core/work/budget.ts";

export interface ReaderOptions {
  readonly executor: Executor<PayloadJobs>;
  readonly budget: Budget;
  /** Files below this size are read on this thread, bytes. */
  readonly smallBytes: number;
}

export interface Reader extends ReadElsewhere {
  end(): void;
}

/** Marks artifacts and files that jobs read. */
const OPENED: unique symbol = Symbol("opened");

interface JobArtifact extends Artifact {
  readonly [OPENED]: Opened;
}

interface JobFile extends ArtifactFile {
  readonly [OPENED]: { version: Opened; stored: StoredFile };
}

export function createReader(options: ReaderOptions): Reader {
  const { executor } = options;
  const running: Running = { ...options, takenBytes: 0, ended: false };
  return {
    end() {
      running.ended = true;
      running.budget.give(running.takenBytes);
    },

    read(context, source, options) {
      const opened = new Opened(running, source, {
        ...options,
        cached: context.cache !== undefined,
      });
      const onProgress = (progress: TransferProgress) => opened.readHere(progress);
      const here = createArtifact(context, source, { ...options, onProgress });
      // Files that workers fetch would not get into a cache that they cannot open.
      if (context.cache !== undefined && context.cache.reopen === undefined) return here;
      return source.files.every((stored) => opened.isSmall(stored))
        ? here
        : elsewhere(here, opened);
    },

    async materialize(materializer, artifact, options) {
      const loaded = await (artifact as Partial<JobArtifact>)[OPENED]?.load(materializer, options);
      return loaded === undefined ? await materializer.load(artifact, options) : loaded.value;
    },

    async writeLarge(path, file) {
      const opened = (file as Partial<JobFile>)[OPENED];
      if (opened === undefined) return await writeFileTo(path, file);
      await opened.version.stream(opened.stored, (read, options) => {
        const job = { ...read, path };
        const again = () => {
          rmSync(path, { force: true }); // partially written
          return job;
        };
        return executor.run("writeFile", job, { ...options, again });
      });
    },

    async checkLarge(file) {
      const opened = (file as Partial<JobFile>)[OPENED];
      if (opened === undefined) return await drain(file);
      const run: Run<void> = (job, options) => executor.run("checkFile", job, options);
      await opened.version.stream(opened.stored, run);
    },
  };
}

/** Returns an artifact whose large files are read by jobs. */
function elsewhere(here: Artifact, opened: Opened): JobArtifact {
  const byPath = new Map(opened.source.files.map((stored) => [stored.path, stored]));
  const fileOf = (file: ArtifactFile): ArtifactFile | JobFile => {
    const stored = valueAt(byPath, file.info.path);
    if (opened.isSmall(stored)) return file;
    const bytes = () => opened.bytesOf(stored, file);
    return { ...readableFile({ ...file, bytes }), [OPENED]: { version: opened, stored } };
  };
  return {
    info: here.info,
    files: () => here.files().map(fileOf),
    file: (path) => fileOf(here.file(path)),
    [OPENED]: opened,
  };
}

type Run<T> = (job: ReadJob, options: JobOptions) => Promise<ReadReply<T>>;

/** The shared state of all artifacts of one reader. */
interface Running extends ReaderOptions {
  /** Bytes of the budget that loaded values use. */
  takenBytes: number;
  /** The executor may be gone: files are read on this thread. */
  ended: boolean;
}

class Opened {
  readonly #running: Running;
  readonly source: PayloadSource;
  readonly #how: ReadFilesOptions & { cached: boolean };
  /** Bytes read so far, by this thread and by jobs. */
  #bytes = 0;
  #bytesHere = 0;

  constructor(
    running: Running,
    source: PayloadSource,
    options: ReadFilesOptions & { cached: boolean },
  ) {
    this.#running = running;
    this.source = source;
    this.#how = options;
  }

  readHere({ path, bytes }: TransferProgress): void {
    this.#moved(path, bytes - this.#bytesHere);
    this.#bytesHere = bytes;
  }

  isSmall({ parts: [first, ...others] = [], size }: StoredFile): boolean {
    return first === undefined || size < this.#running.smallBytes ||
      (this.source.files.length > 1 && others.length === 0 && first.offset !== undefined);
  }

  async bytesOf(stored: StoredFile, here: ArtifactFile): Promise<Uint8Array> {
    const { executor, ended } = this.#running;
    if (ended) return await here.bytes();
    this.#how.limit?.check(this.source.ref, stored);
    return await this.#read([stored], (job, options) => executor.run("readFile", job, options));
  }

  /** Loads a value; undefined if only this thread can. */
  async load(
    materializer: Materializer,
    options: MaterializeOptions,
  ): Promise<{ value: unknown } | undefined> {
    const { budget, executor } = this.#running;
    const { files, info } = this.source;
    budget.give(this.#running.takenBytes); // of a version that was superseded
    this.#running.takenBytes = 0;
    await budget.take(info.size, options.signal);
    this.#running.takenBytes = info.size;
    const reopen = reopenOf(materializer);
    if (reopen === undefined || files.some(({ parts }) => parts === undefined)) return undefined;
    const { maxBytes: maxLoadBytes = Infinity } = this.#how.limit ?? {};
    const load = { info, materializer: reopen, maxLoadBytes, here: materializer };
    const run: Run<unknown> = (job, runOptions) =>
      executor.run("loadValue", { ...job, ...load }, runOptions);
    return { value: await this.#read(files, run) };
  }

  async stream(stored: StoredFile, run: Run<void>): Promise<void> {
    const { budget } = this.#running;
    const heldBytes = Math.min(stored.size, STREAMED_BYTES);
    await budget.take(heldBytes, this.#how.signal);
    try {
      await this.#read([stored], run);
    } finally {
      budget.give(heldBytes);
    }
  }

  async #read<T>(files: readonly StoredFile[], run: Run<T>): Promise<T> {
    const { ref, recordKey } = this.source;
    const { verify, cached, signal } = this.#how;
    const keysOf = (file: StoredFile) =>
      allParts(file).map((part) => this.source.keyOf(file, part));
    const placed = files.map((file) => ({ file, keys: keysOf(file) }));
    const job: ReadJob = { ref, recordKey, verify, cached, files: placed };
    const onProgress: JobOptions["onProgress"] = ({ path, bytes }) => this.#moved(path, bytes);
    const reply = await run(job, { signal, onProgress });
    return "missing" in reply ? await this.source.missing(...reply.missing) : reply.value;
  }

  #moved(path: string, bytes: number): void {
    this.#bytes += bytes;
    const { size: totalBytes } = this.source.info;
    this.#how.onProgress?.({ path, bytes: this.#bytes, totalBytes });
  }
}
