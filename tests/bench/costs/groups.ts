// Groups of what operations, versions and weights cost.
import type { GroupEntry } from "../measure.ts";
import { createBusyGroup } from "./busy.ts";

export const COST_GROUPS: Readonly<Record<string, GroupEntry>> = {
  costs: {
    title: "Requests",
    about: "Each name but one has one version of a small value. The last column is the price of " +
      "the column before it.",
    create: async (settings) => (await import("./costs.ts")).createCostsGroup(settings),
    maxRepeats: 1,
    named: true,
  },
  busy: { title: "50 saves of one name at once", create: createBusyGroup, named: true },
  files: {
    title: "Versions with many files",
    about: "Files of 100 bytes, with the paths of ImageNet-1k, which has 1,281,167. From about " +
      "19,000 files on, the list of the files is in pages. `--n` chooses another number.",
    create: async (of) => (await import("./many_files.ts")).createManyFilesGroup(of),
    maxRepeats: 1,
    named: true,
  },
  weights: {
    title: "Retrained weights by values",
    about: "Each saves a safetensors file of bfloat16, 32 MiB unless it is a LoRA, whose values " +
      "changed in their last bits since the version before. `added` is the growth of the store, " +
      "or the size of the patch, in percent of the file. `zstd --patch-from` has its default level.",
    create: async (of) => (await import("./weights.ts")).createWeightsGroup(of),
    named: true,
  },
  weight_sync: {
    title: "Weight sync",
    about:
      "A sampler fetches each step of a training, whose file of bfloat16 has 8 MiB. The store " +
      "is in memory, and read like a bucket. `added` is the growth of the store, and `fetched` what " +
      "the sampler reads, in percent of the file.",
    create: async (of) => (await import("./weight_sync.ts")).createWeightSyncGroup(of),
    named: true,
  },
};
