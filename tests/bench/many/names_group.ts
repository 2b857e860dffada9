// The group of all names of a registry.
import type { GroupEntry } from "../measure.ts";

export const NAMES_GROUP: GroupEntry = {
  title: "All names of a registry on a disk",
  about: "Each name has one version, and a folder of its own, which is read to see that the " +
    "version is live. mindtrace lists one folder with a file for each version. Each time is that " +
    "of the third listing of a process.",
  create: async (settings) => (await import("./names.ts")).createNamesGroup(settings),
  named: true,
  maxRepeats: 3,
};
