// Runs the jobs that store and read files.
import { writeFileTo } from "../../disk/stage_files.ts";
import type { Executor, JobOptions, JobProgress } from "../../core/executor.ts";
import type { Backend } from "../../core/backend.ts";
import { drain } from "../../core/work/read_through.ts";
import { type CacheParts, RegistryCache } from "./cache.ts";
import { type CachedFiles, createArtifact } from "./read.ts";
import type {
  PayloadJobs,
  ReadJob,
  ReadReply,
  StoredValueReply,
  StoreValueJob,
} from "../payload/job_kinds.ts";
import { sharingOf } from "../payload/sharing.ts";
import { allParts } from "../cell/objects.ts";
import { packFiles, storeFile } from "../payload/writing/store_file.ts";
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import { notFound } from "../../core/errors.ts";
import { itemAt, valueAt } from "../../core/faults/present.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import { createLoadLimit } from "../../core/calls/load_limit.ts";
import { Payload } from "../payload/write.ts";
import { type ObjectFolder, sendFiles } from "../payload/writing/send_queue.ts";

export type { PayloadJobs } from "../payload/job_kinds.ts";

const only = (artifact: Artifact) => itemAt(artifact.files(), 0);

/** The function of each kind of job. */
const JOBS: {
  [N in keyof PayloadJobs]: (
    place: CachedFiles,
    job: PayloadJobs[N]["job"],
    options: JobOptions,
  ) => Promise<PayloadJobs[N]["result"]>;
} = {
  storeFile,
  packFiles,
  storeValue,
  readFile: reading((artifact) => only(artifact).bytes()),
  writeFile: reading((artifact, signal, { path }) => writeFileTo(path, only(artifact), signal)),
  checkFile: reading((artifact) => drain(only(artifact))),
  loadValue: reading((artifact, signal, { here }) => here.load(artifact, { signal })),
};

/**
 * Creates an executor that runs each job on this thread at once; callers limit their number. Jobs
 * read through the cache if they say so.
 */
export function createPayloadExecutor(place: CachedFiles): Executor<PayloadJobs> {
  return { run: (kind, job, options = {}) => JOBS[kind](place, job, options) };
}

/** The jobs of a store that another thread opened, and its cache. */
export interface OpenedJobs {
  readonly executor: Executor<PayloadJobs>;
  /** Waits for pending writes to the cache. */
  close(): Promise<void>;
}

/** Creates the jobs of a thread on a store, with its own handle of the registry's cache. */
export function openPayloadJobs(
  backend: Backend,
  cacheParts: CacheParts | undefined,
): OpenedJobs {
  const cache = cacheParts && new RegistryCache(cacheParts);
  return {
    executor: createPayloadExecutor({ backend, cache }),
    close: async () => await cache?.close(),
  };
}

interface Reporting {
  readonly signal: AbortSignal;
  report(progress: JobProgress): void;
  /** Waits for all pending reports. Throws the failure of one. */
  end(): Promise<void>;
}

function createReporting({ signal, onProgress }: JobOptions): Reporting {
  const failed = new AbortController();
  const pending = new Set<Promise<unknown>>();
  return {
    signal: signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]),
    report(progress) {
      const reported = onProgress?.(progress);
      if (reported === undefined) return;
      const ended = reported.catch((error) => failed.abort(error)).finally(() =>
        pending.delete(ended)
      );
      pending.add(ended);
    },
    async end() {
      await Promise.all(pending);
      failed.signal.throwIfAborted();
    },
  };
}

type Use<J, T> = (artifact: Artifact, signal: AbortSignal, job: J) => T | Promise<T>;

/** Returns a job that reads files. It replies with the key of a missing object. */
function reading<J extends ReadJob, T>(use: Use<J, T>) {
  return (place: CachedFiles, job: J, options: JobOptions) => readFiles(place, job, options, use);
}

async function readFiles<J extends ReadJob, T>(
  { backend, cache }: CachedFiles,
  job: J,
  options: JobOptions,
  use: Use<J, T>,
): Promise<ReadReply<T>> {
  const { ref, recordKey, files, verify, cached, maxLoadBytes = Infinity } = job;
  const { info = { size: 0 } as ArtifactInfo } = job;
  const keys = new Map(files.map(({ file, keys }) => [file, keys]));
  let missing: [key: string, path: string] | undefined;
  const source = {
    ref,
    recordKey,
    info,
    files: files.map(({ file }) => file),
    inline: new Uint8Array(),
    keyOf: (file: StoredFile, part: Part) => valueAt(keys, file)[allParts(file).indexOf(part)]!,
    missing(key: string, path: string): Promise<never> {
      missing = [key, path];
      throw notFound("read", `"${ref}"`, "an object is missing", { key });
    },
  };
  let reported = 0;
  const { signal, report, end } = createReporting(options);
  const limit = createLoadLimit(maxLoadBytes);
  const artifact = createArtifact({ backend, cache: cached ? cache : undefined }, source, {
    verify,
    signal,
    limit,
    onProgress({ path, bytes }) {
      report({ path, bytes: bytes - reported });
      reported = bytes;
    },
  });
  try {
    const value = await limit.together(() => use(artifact, signal, job));
    await end();
    return { value };
  } catch (error) {
    if (missing === undefined) throw error;
    return { missing };
  }
}

async function storeValue(
  place: CachedFiles,
  { folder: folderKey, first, compress, known, sharing, valued, here }: StoreValueJob,
  options: JobOptions,
): Promise<StoredValueReply> {
  const { backend } = place;
  let objects = 0;
  let info: StoredValueReply["info"];
  const lists = new Map<string, Uint8Array>();
  const { onProgress } = options;
  const { signal, report, end } = createReporting(options);
  const moved = (path: string, bytes: number) => report({ path, bytes });
  const payload = new Payload({ compress, signal, progress: { moved, count() {} } });
  try {
    if (!await payload.gather(here.save({ signal }))) {
      const folder: ObjectFolder = {
        async run(kind, job, signal) {
          const object = first + objects++;
          const placed = { ...job, to: `${folderKey}${object}` } as PayloadJobs[typeof kind]["job"];
          const reply = await JOBS[kind](place, placed, { signal, onProgress });
          info = reply.info ?? info;
          return { object, ...reply };
        },
        // garbage for `gc` if it fails
        drop: (object) => backend.delete(`${folderKey}${object}`).catch(() => {}),
      };
      const base = {
        known: (size: number) => known?.get(size),
        take({ path, size, sha256 }: StoredFile) {
          if (!known?.get(size)?.has(sha256)) return false;
          moved(path, size);
          return true; // the caller knows its place
        },
        isShared: false,
      };
      await sendFiles(payload, {
        folder,
        base,
        lists: { keep: (sha256, list) => void lists.set(sha256, list) },
        sharing: (file) => sharingOf(file, { sharing, valued }),
      });
    }
  } catch (error) {
    await payload.drop();
    throw error;
  }
  await end();
  const { files, inline } = payload;
  return { files, inline, lists, objects, info };
}
