// Groups of batches with workers.
import type { GroupEntry } from "../measure.ts";
import { createBatchGroup } from "./batch.ts";

export const BATCH_GROUPS: Readonly<Record<string, GroupEntry>> = {
  batch: {
    title: "Batches: 64 MiB arrays compressed, 16 KiB values, 16 MiB files, crashes, length",
    create: createBatchGroup,
  },
};
