// Mistakes in stores: durability, exclusive creates, listings.
import type { Mutant } from "../mutant.ts";

/** Mistakes in stores: durability, exclusive creates, listings. */
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
    text: "      await disk?.folder(dirname(path));\n",
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
    text:
      "    group.next ??= group.running.catch(() => {}).then(() => begin(path));\n    return group.next;",
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
    text: "      await syncRoot();\n",
    replacement: "",
    foundBy: {
      test: "tests/backends/local_sync_test.ts",
      name: "a create that finds an object brings its name to the disk before it says so",
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
    name: "layout/tree-of-numbers-out-of-order",
    file: "backends/local/list.ts",
    text: "order: isWithin ? `${text}0` : text",
    replacement: "order: path + own",
    foundBy: {
      test: "tests/backends/local/layout_test.ts",
      name: "folded: a folder that ends within a number has its place among the names beside it",
    },
  },
  {
    name: "layout/keys-share-a-place",
    file: "backends/local/layout.ts",
    text: "if (/[+,]/.test(key)) return undefined;",
    replacement: "",
    foundBy: {
      test: "tests/backends/local/layout_test.ts",
      name:
        "folded: a key with a plus or a comma below names/ and objects/ is refused, elsewhere it is a key",
    },
  },
  {
    name: "s3/conflict-is-exists",
    file: "backends/s3/write/creates.ts",
    text: "const exists = status === existsReply.status &&",
    replacement: "const exists = status === 409 || status === existsReply.status &&",
    also: [{
      file: "backends/s3/write/creates.ts",
      text: ` && !isRegistryError(error, "Unavailable")`,
      replacement: "",
    }],
    foundBy: {
      test: "tests/backends/s3/creates_test.ts",
      name: "the vendors' 409 to a create means that the object exists",
    },
  },
  {
    name: "s3/create-without-condition",
    file: "backends/s3/write/creates.ts",
    text: "headers: { [name]: value }",
    replacement: "headers: {}",
    foundBy: {
      test: "tests/backends/s3/requests_test.ts",
      name:
        "a create in parts is conditional in its last request alone, with a checksum of each part",
    },
  },
  {
    name: "gcs/lost-reply-is-a-refusal",
    file: "backends/gcs/errors.ts",
    text: `...(maybeWritten && fields.code === "Unavailable" ? { maybeWritten } : {}),`,
    replacement: "",
    foundBy: {
      test: "tests/backends/gcs/create_test.ts",
      name: "an overwrite that was lost once is maybe written, whatever the last failure was",
    },
  },
  {
    name: "local/bytes-not-synced",
    file: "backends/local/stage.ts",
    text: "await disk?.file(stage.writer!)",
    replacement: "await Promise.resolve()",
    foundBy: {
      test: "tests/registry/cell/durability_test.ts",
      name: "a record is whole on the disk before it gets its name",
    },
  },
  {
    name: "memory/create-overwrites",
    file: "backends/memory.ts",
    text: `if (mode === "create" && objects.has(key))`,
    replacement: "if (false)",
    foundBy: {
      test: "tests/backends/memory_test.ts",
      name: "of 20 creates at once exactly one wins",
    },
  },
  {
    name: "s3/create-sent-twice",
    file: "backends/s3/write/creates.ts",
    text: "return { repeat: false, creates",
    replacement: "return { repeat: true, creates",
    foundBy: { test: "tests/backends/s3/creates_test.ts", name: "a create that meets" },
  },
  {
    name: "gcs/create-without-condition",
    file: "backends/gcs/put.ts",
    text: "ifGenerationMatch: create ? 0 : undefined",
    replacement: "ifGenerationMatch: undefined",
    foundBy: {
      test: "tests/backends/gcs/create_test.ts",
      name: "a create is one request with generation 0 and a checksum",
    },
  },
  {
    name: "cache/bytes-not-checked",
    file: "registry/cache/cached_reader.ts",
    text: `if (verify === "none" || sha256(bytes) === file.sha256) return bytes;`,
    replacement: "return bytes;",
    foundBy: {
      test: "tests/registry/cache/files_test.ts",
      name: "a damaged file is fetched again, replaced, and reported",
    },
  },
];
