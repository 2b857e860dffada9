// Groups of batches with workers.
import type { GroupEntry } from "../measure.ts";
import { createBatchGroup } from "./batch.ts";

export const BATCH_GROUPS: Readonly<Record<string, GroupEntry>> = {
  batch: {
    title: "Batches: 64 MiB arrays compressed, 16 KiB values, 16 MiB files, crashes, length",
    create: createBatchGroup,
  },
  batch_bucket: {
    title: "Batches into a bucket: arrays of 2 MB compressed, by numbers of workers",
    about:
      "MinIO runs on the same machine. A worker starts once a batch has work that pays for it.",
    create: async (of) => (await import("./bucket_batch.ts")).createBucketBatchGroup(of),
    named: true,
  },
};
