// A value that is materialized and stored by one job.
import type { ObjectInfo } from "../../core/backend.ts";
import type { JobHandlers, JobOptions } from "../../core/executor.ts";
import { createFileWriter } from "../payload/writing/file_writer.ts";
import type { PayloadJobs, StoredValueReply, StoreValueJob } from "./kinds.ts";
import { createTelling } from "./telling.ts";

export async function storeValue(
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
  const writer = createFileWriter({ compress, signal, progress: { moved, count() {} } });
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
