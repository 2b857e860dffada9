// What a thread does when it is given a job of storing or reading.
import { writeFileTo } from "../../core/disk/stage_files.ts";
import type { JobHandlers } from "../../core/executor.ts";
import { drain } from "../payload/read.ts";
import type { ReadingContext } from "../payload/store_reader.ts";
import type { PayloadJobs } from "./kinds.ts";
import { packFiles } from "./pack_files.ts";
import { readFiles } from "./read_files.ts";
import { storeFile } from "./store_file.ts";
import { storeValue } from "./store_value.ts";

export type { PayloadJobs } from "./kinds.ts";

/** Does jobs on a store. What it reads goes by way of the cache where a job says so. */
export function createPayloadJobs(context: ReadingContext): JobHandlers<PayloadJobs> {
  const { backend } = context;
  const drop = (key: string) => backend.delete(key).catch(() => {}); // nothing refers to it, so it only takes room
  const jobs: JobHandlers<PayloadJobs> = {
    storeFile: (job, options) => storeFile(backend, job, options),
    packFiles: (job, options) => packFiles(backend, job, options),
    storeValue: (job, options) => storeValue({ ...jobs, drop }, job, options),
    readFile: (job, options) =>
      readFiles(context, job, options, (artifact) => artifact.files()[0].bytes()),
    writeFile: (job, options) =>
      readFiles(
        context,
        job,
        options,
        (artifact, signal) => writeFileTo(job.path, artifact.files()[0], signal),
      ),
    checkFile: (job, options) =>
      readFiles(context, job, options, (artifact) => drain(artifact.files()[0])),
    loadValue: (job, options) =>
      readFiles(context, job, options, (artifact, signal) => job.here.load(artifact, { signal })),
  };
  return jobs;
}
