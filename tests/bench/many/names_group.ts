// The group of all names of a registry.
import type { GroupEntry } from "../measure.ts";

export const NAMES_GROUP: GroupEntry = {
  title: "All names of a registry on a disk",
  about:
    "Each name has one version, and a folder of its own. The first listing of a process reads " +
    "it to see that the version is live; later ones ask it whether that has changed. mindtrace " +
    "lists one folder with a file for each version. Other times are of the third listing of a " +
    "process.",
  create: async (settings) => (await import("./names.ts")).createNamesGroup(settings),
  named: true,
  maxRepeats: 3,
};
