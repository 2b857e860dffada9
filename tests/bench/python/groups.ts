// The groups that measure Python.
import type { GroupEntry } from "../measure.ts";

export const PYTHON_GROUPS: Record<string, GroupEntry> = {
  python: {
    title: "The start of a Python program that imports the package",
    about: "Modules are loaded when a name of them is first used. Requests to a service need the " +
      "HTTP of Python, `urllib.request`.",
    create: async (settings) => (await import("./imports.ts")).createImportsGroup(settings),
    named: true,
  },
  states: {
    title: "A state of training, saved from Python into a folder",
    about:
      "Each save is a process, whose service for the folder has started. A changed state has " +
      "one other tensor of 16 MiB. `--mib` chooses the size.",
    create: async (settings) => (await import("./states.ts")).createStatesGroup(settings),
    maxRepeats: 3,
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
  peers: {
    title: "Operations of mindtrace and polystore on a disk",
    about:
      "Each operation of mindtrace 0.16.0 and polystore 0.6.3, then the same here, in turn: 500 " +
      "values of 1 KiB, arrays of 16 KiB and versions of a name; large arrays and files have 64 " +
      "MiB. Loads, lists and `info` are by a handle that was just opened, except `load again` and " +
      "`list names`: the first listing of a process reads the folder of each name. Registries " +
      "here sync, file stores do not. `theirs is` names a difference that saves theirs time. A floor " +
      "is the least work of this runtime for the same answer. Saves are slower where theirs are not " +
      "atomic, and stores in memory where theirs keep the caller's object: ours copy what they keep " +
      "and return. Other rows above 1 are slower; their floors show what this runtime could reach. " +
      "Lists, `has` and `exists` of theirs also report what a killed save or delete left, though it " +
      "cannot be loaded. `has` reads the record, which may have expired or be damaged, and compares " +
      "the opened file with its path, so that no link is followed; its floor does not. " +
      "Lists of versions read the attributes of each record, whose size tells deleted ones. `list " +
      "names` asks each folder for a newer record, and for the size of the one that it knows: " +
      "another program may have deleted the version. That is two calls of the system for each name: " +
      "with 10,000 names 8.9 µs of the processor, where mindtrace took 2.9 (`--only names`). `disk: " +
      "list files` reads a folder of more than 32 files twice: where a disk fails, the faster call " +
      "of Deno returns a part of the folder without an error; its floor uses that. NumPy has large " +
      "arrays in huge pages. Deno uses small ones, which the system clears one by one; on Linux " +
      "`GLIBC_TUNABLES=glibc.malloc.hugetlb=1` gives it huge ones.",
    create: async (settings) => (await import("./peers.ts")).createPeersGroup(settings),
    named: true,
  },
};
