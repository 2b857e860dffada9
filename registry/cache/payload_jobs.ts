// What a thread does when it is given a job of storing or reading.
import { writeFileTo } from "../../disk/stage_files.ts";
import type { JobHandlers, JobOptions, JobProgress } from "../../core/executor.ts";
import { type CachedFiles, createArtifact, drain } from "./read.ts";
import type {
  PayloadJobs,
  ReadJob,
  ReadReply,
  StoredValueReply,
  StoreValueJob,
} from "../payload/job_kinds.ts";
import { packFiles, storeFile } from "../payload/writing/store_file.ts";
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import { fault } from "../../core/errors.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import { createLoadLimit } from "../contract/load_limit.ts";
import type { ObjectInfo } from "../../core/backend.ts";
import { FileWriter } from "../payload/writing/file_writer.ts";

export type { PayloadJobs } from "../payload/job_kinds.ts";

/** Does jobs on a store. What it reads goes by way of the cache where a job says so. */
export function createPayloadJobs(place: CachedFiles): JobHandlers<PayloadJobs> {
  const { backend } = place;
  const drop = (key: string) => backend.delete(key).catch(() => {}); // nothing refers to it, so it only takes room
  const jobs: JobHandlers<PayloadJobs> = {
    storeFile: (job, options) => storeFile(backend, job, options),
    packFiles: (job, options) => packFiles(backend, job, options),
    storeValue: (job, options) => storeValue({ ...jobs, drop }, job, options),
    readFile: (job, options) =>
      readFiles(place, job, options, (artifact) => artifact.files()[0].bytes()),
    writeFile: (job, options) =>
      readFiles(
        place,
        job,
        options,
        (artifact, signal) => writeFileTo(job.path, artifact.files()[0], signal),
      ),
    checkFile: (job, options) =>
      readFiles(place, job, options, (artifact) => drain(artifact.files()[0])),
    loadValue: (job, options) =>
      readFiles(place, job, options, (artifact, signal) => job.here.load(artifact, { signal })),
  };
  return jobs;
}

interface Telling {
  readonly signal: AbortSignal;
  tell(progress: JobProgress): void;
  /** Waits until all was heard, and throws a failure of that. */
  end(): Promise<void>;
}

function createTelling({ signal, onProgress }: JobOptions): Telling {
  const failed = new AbortController();
  const hearing = new Set<Promise<unknown>>();
  return {
    signal: signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]),
    tell(progress) {
      const heard = onProgress?.(progress);
      if (heard === undefined) return;
      const ended = heard.catch((error) => failed.abort(error)).finally(() =>
        hearing.delete(ended)
      );
      hearing.add(ended);
    },
    async end() {
      await Promise.all(hearing);
      failed.signal.throwIfAborted();
    },
  };
}

/** Reads; an object that is missing is a reply. With `maxLoadBytes` all that is read whole counts together. */
async function readFiles<T>(
  { backend, cache }: CachedFiles,
  { ref, recordKey, files, verify, cached, ...job }: ReadJob & {
    info?: ArtifactInfo;
    maxLoadBytes?: number;
  },
  options: JobOptions,
  use: (artifact: Artifact, signal: AbortSignal) => T | Promise<T>,
): Promise<ReadReply<T>> {
  const { info = { size: 0 } as ArtifactInfo, maxLoadBytes = Infinity } = job;
  const keys = new Map(files.map(({ file, keys }) => [file, keys]));
  let missing: string | undefined;
  const source = {
    ref,
    recordKey,
    info,
    files: files.map(({ file }) => file),
    inline: new Uint8Array(),
    keyOf: (file: StoredFile, part: Part) => keys.get(file)![file.parts!.indexOf(part)],
    missing(key: string): Promise<never> {
      missing = key;
      throw fault({
        code: "NotFound",
        action: "read",
        subject: `"${ref}"`,
        state: "an object is missing",
        key,
      });
    },
  };
  let told = 0;
  const { signal, tell, end } = createTelling(options);
  const limit = createLoadLimit(maxLoadBytes);
  const artifact = createArtifact({ backend, cache: cached ? cache : undefined }, source, {
    verify,
    signal,
    limit,
    onProgress({ path, bytes }) {
      tell({ path, bytes: bytes - told });
      told = bytes;
    },
  });
  try {
    const value = await limit.together(() => use(artifact, signal));
    await end();
    return { value };
  } catch (error) {
    if (missing === undefined) throw error;
    return { missing };
  }
}

async function storeValue(
  jobs: Pick<JobHandlers<PayloadJobs>, "storeFile" | "packFiles"> & {
    drop(key: string): Promise<void>;
  },
  { folder, first, compress, known, here }: StoreValueJob,
  options: JobOptions,
): Promise<StoredValueReply> {
  let objects = 0;
  let info: ObjectInfo | undefined;
  const { onProgress } = options;
  const { signal, tell, end } = createTelling(options);
  const moved = (path: string, bytes: number) => tell({ path, bytes });
  const writer = new FileWriter({ compress, signal, progress: { moved, count() {} } });
  try {
    if (!await writer.gather(here.save({ signal }))) {
      await writer.send({
        storeFile: (job, stop) => oneObject(job, stop, jobs.storeFile),
        packFiles: (job, stop) => oneObject(job, stop, jobs.packFiles),
        drop: (object) => jobs.drop(`${folder}${object}`),
        known: (size) => known?.get(size),
        share({ path, size }) {
          moved(path, size);
          return Promise.resolve(true); // whoever runs the job knows where it is
        },
      });
    }
  } catch (error) {
    await writer.drop();
    throw error;
  }
  await end();
  return { files: writer.files, inline: writer.inline, objects, info };

  async function oneObject<J extends object, R extends { info?: ObjectInfo }>(
    job: J,
    signal: AbortSignal,
    store: (job: J & { to: string }, options: JobOptions) => Promise<R>,
  ): Promise<R & { object: number }> {
    const object = first + objects++;
    const reply = await store({ ...job, to: `${folder}${object}` }, { signal, onProgress });
    info = reply.info ?? info;
    return { object, ...reply };
  }
}
