// Mistakes of the stores on a disk and in memory.
import type { Mutant } from "../mutant.ts";

/** Mistakes of the stores on a disk and in memory. */
export const DISK: readonly Mutant[] = [
  {
    name: "local/rename-instead-of-link",
    file: "backends/local/put.ts",
    text: "return create ? placeByLink(placement) : placeByRename(placement);",
    replacement: "return placeByRename(placement);",
    foundBy: {
      test: "tests/registry/cell/durability_test.ts",
      name: "a writer whose stage file a janitor removed is Unknown and never stages again",
    },
  },
  {
    name: "local/lock-without-a-look",
    file: "backends/local/put.ts",
    text: "create ? placeUnderLock(placement) : placeByRename(placement), {",
    replacement: "placeByRename(placement), {",
    foundBy: {
      test: "tests/backends/local_lock_test.ts",
      name: "a create under the lock needs no links",
    },
  },
  {
    name: "local/swept-stage-is-a-fault",
    file: "backends/local/place.ts",
    text: "if (!fs.existsSync(stagePath)) throw fenced(root, key, error);",
    replacement: "if (!fs.existsSync(stagePath)) throw error;",
    foundBy: {
      test: "tests/registry/cell/durability_test.ts",
      name: "a writer whose stage file a janitor removed is Unknown and never stages again",
    },
  },
  {
    name: "local/vanished-folder-is-a-fault",
    file: "backends/local/place.ts",
    text: "attempt === MAX_ATTEMPTS",
    replacement: "attempt > 0",
    foundBy: {
      test: "tests/registry/cell/durability_test.ts",
      name: "a writer whose stage file a janitor removed is Unknown and never stages again",
    },
  },
  {
    name: "local/bytes-not-synced",
    file: "backends/local/stage.ts",
    text: "await disk?.file(stage.writer!, written)",
    replacement: "await Promise.resolve()",
    foundBy: {
      test: "tests/registry/cell/durability_test.ts",
      name: "a record is whole on the disk before it gets its name",
    },
  },
  {
    name: "local/name-not-synced",
    file: "backends/local/put.ts",
    text: "await disk?.folder(dirname(path)).catch",
    replacement: "await (undefined as typeof disk)?.folder(dirname(path)).catch",
    foundBy: {
      test: "tests/registry/cell/durability_test.ts",
      name: "folders that are on the disk are not brought there again",
    },
  },
  {
    name: "local/name-of-the-winner-not-synced",
    file: "backends/local/put.ts",
    text: `      await disk?.folder(dirname(path));
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/durability_test.ts",
      name:
        "a loser that reports what exists has it on the disk, too: its winner may have died before",
    },
  },
  {
    name: "local/sync-shared-that-began-before",
    file: "core/disk/disk_sync.ts",
    text: `    group.next ??= group.running.catch(() => {}).then(() => begin(path));
    return group.next;`,
    replacement: "    return group.running;",
    foundBy: {
      test: "tests/backends/local/group_sync_test.ts",
      name:
        "puts that come while a folder is brought to the disk share the next sync, which begins after it",
    },
  },
  {
    name: "local/root-not-synced",
    file: "core/disk/disk_sync.ts",
    text: `      await syncRoot();
`,
    replacement: "",
    foundBy: {
      test: "tests/backends/local_sync_test.ts",
      name: "a create that finds an object brings its name to the disk before it says so",
    },
  },
  {
    name: "local/failed-sync-is-a-lost-reply",
    file: "backends/local/put.ts",
    text: `code: "Unknown",
      message: \`Cannot put "\${key}": it is there`,
    replacement: `code: "Unavailable",
      message: \`Cannot put "\${key}": it is there`,
    foundBy: {
      test: "tests/backends/local_sync_test.ts",
      name: "a name that the disk refuses may be written",
    },
  },
  {
    name: "local/folders-above-not-synced",
    file: "core/disk/disk_sync.ts",
    text: "path !== root; path = dirname(path)",
    replacement: "path === folder && path !== root; path = dirname(path)",
    foundBy: {
      test: "tests/registry/cell/durability_test.ts",
      name:
        "a loser that reports what exists has it on the disk, too: its winner may have died before",
    },
  },
  {
    name: "local/failed-in-place-is-tried-in-place-again",
    file: "core/disk/disk_sync.ts",
    text: "    } finally {\n      if (!wasQuick)",
    replacement:
      "    } finally {\n      if (!wasQuick && monotonic() - startedAt > QUICK_MS.inPlace)",
    foundBy: {
      test: "tests/backends/local/quick_sync_test.ts",
      name:
        "what the disk refuses in place is a failure like any other, and not tried in place again",
    },
  },
  {
    name: "local/quick-disk-not-asked-in-place",
    file: "core/disk/disk_sync.ts",
    text: "syncFolder(path, syncSmall)",
    replacement: "syncFolder(path)",
    foundBy: {
      test: "tests/backends/local/quick_sync_test.ts",
      name: "the folders of a quick disk are synced in place too",
    },
  },
  {
    name: "local/known-for-ever",
    file: "backends/local/own_files.ts",
    text: "knows: (folder) => knownSince(folder, monotonic()) !== undefined,",
    replacement: "knows: (folder) => found.has(folder),",
    foundBy: {
      test: "tests/backends/local/found_ways_test.ts",
      name: "no folder is made behind a link that came a second after its folder was found",
    },
  },
  {
    name: "local/new-folder-looked-for-twice",
    file: "backends/local/put.ts",
    text: "folderIsMissing: seen?.folderIsMissing",
    replacement: "folderIsMissing: false",
    foundBy: {
      test: "tests/backends/local/found_ways_test.ts",
      name: "a new folder is looked for once, and made without a look at what is above it",
    },
  },
  {
    name: "local/listed-by-utf-16",
    file: "backends/local/list.ts",
    text: "return compareUtf8(a.order, b.order);",
    replacement: "return a.order < b.order ? -1 : 1;",
    foundBy: {
      test: "tests/backends/local_list_test.ts",
      name: "a folder lists what memory lists, whatever was put, created and deleted",
    },
  },
  {
    name: "local/time-of-the-bytes",
    file: "backends/local/root.ts",
    text: "{ size, changedAt }: FileLook",
    replacement: "{ size, modifiedAt: changedAt }: FileLook",
    foundBy: {
      test: "tests/backends/local_test.ts",
      name: "the time of an object is when it got its key, whatever somebody says of its bytes",
    },
  },
  {
    name: "local/stage-files-listed",
    file: "backends/local/list.ts",
    text: `if (folder === "" && name.startsWith(".")) continue;`,
    replacement: "",
    foundBy: {
      test: "tests/backends/local/links_test.ts",
      name: "a stage that is a link is not written to, not swept and not listed",
    },
  },
  {
    name: "memory/create-overwrites",
    file: "backends/memory.ts",
    text: `if (mode === "create" && objects.has(key))`,
    replacement: "if (false)",
    foundBy: {
      test: "tests/backends/memory_test.ts",
      name: "of 64 creates at once exactly one wins",
    },
  },
  {
    name: "memory/keeps-what-the-caller-holds",
    file: "backends/memory.ts",
    text: "plainBytes(await bodyBytes(body, signal)).slice()",
    replacement: "plainBytes(await bodyBytes(body, signal))",
    foundBy: {
      test: "tests/backends/memory_test.ts",
      name: "what is stored is not what the caller holds",
    },
  },
  {
    name: "memory/ordered-by-utf-16",
    file: "backends/memory.ts",
    text: "if (compareUtf8(keys[middle], key) < 0)",
    replacement: "if (keys[middle] < key)",
    foundBy: {
      test: "tests/backends/memory_test.ts",
      name: "list() gives whole keys in the order of their UTF-8 bytes",
    },
  },
  {
    name: "memory/size-not-checked",
    file: "backends/memory.ts",
    text: "size !== undefined && size !== bytes.byteLength",
    replacement: "false",
    foundBy: {
      test: "tests/backends/memory_test.ts",
      name: "a body of another size than announced leaves the object as it was",
    },
  },
];
