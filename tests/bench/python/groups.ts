// The groups of the Python package.
import type { GroupEntry } from "../measure.ts";

export const PYTHON_GROUPS: Record<string, GroupEntry> = {
  python: {
    title: "The start of a Python program that imports the package",
    about: "Modules are loaded when a name of them is first used. Requests to a service need the " +
      "HTTP of Python, `urllib.request`.",
    create: async (settings) => (await import("./imports.ts")).createImportsGroup(settings),
    named: true,
  },
  models: {
    title: "A model of PyTorch, saved from Python by a service over a folder",
    about:
      "Each save is a process, with layers of 64 MiB of random floats. Its model is made before " +
      "it is measured. Memory is the most that was resident during the save, of Python, PyTorch, " +
      "the model and mapped files. `--mib` chooses the size.",
    create: async (settings) => (await import("./models.ts")).createModelsGroup(settings),
    maxRepeats: 3,
    named: true,
  },
};
