// The methods of `Files`: their arguments and options.
import { shown } from "../../core/naming/names.ts";
import { checkOptions } from "../../core/options/check_options.ts";
import type { Files } from "./files.ts";

export type FileVerb = Exclude<keyof Files, "store">;

/** The arguments of each method, before its options. */
export const FILE_VERBS: Record<FileVerb, readonly string[]> = {
  load: ["path"],
  save: ["path", "value"],
  open: ["path"],
  loadText: ["path"],
  loadBatch: ["paths"],
  saveBatch: ["values"],
  listFiles: ["folder"],
  listImageFiles: ["folder"],
  walkFiles: ["folder"],
  findFileRecursive: ["folder", "name"],
  listDir: ["folder"],
  collectDirsAndFiles: ["folder"],
  stat: ["path"],
  exists: ["path"],
  isFile: ["path"],
  isDir: ["path"],
  isSymlink: ["path"],
  ensureDirectory: ["path"],
  createSymlink: ["path", "target"],
  delete: ["path"],
  deleteAll: ["path"],
  copy: ["from", "to"],
  move: ["from", "to"],
  mirrorDirectoryWithSymlinks: ["from", "to"],
};

/** The options of all methods: a mistyped `mode` would replace a file. */
const OPTIONS = {
  as: true,
  mode: true,
  pattern: true,
  extensions: true,
  recursive: true,
  replaceLinks: true,
  concurrency: true,
  stopOnError: true,
  onProgress: true,
  signal: true,
} as const;

/** The options of methods that remove: an ignored `pattern` would protect nothing. */
const REMOVALS: Partial<Record<FileVerb, Readonly<Record<string, true>>>> = {
  delete: { recursive: true, signal: true },
  deleteAll: { signal: true },
  move: { signal: true },
};

/** Returns the same methods, rejecting unknown options. */
export function checkedFiles(files: Files): Files {
  const checked = { store: files.store } as Record<string, unknown>;
  // A sink has its own options for `save`.
  const isSink = !("write" in files.store) && "save" in files.store;
  for (const [verb, { length }] of Object.entries(FILE_VERBS)) {
    const inner = files[verb as FileVerb] as (...args: unknown[]) => unknown;
    const withChecked = (args: unknown[]): unknown[] => {
      if (isSink && (verb === "save" || verb === "saveBatch")) return args;
      if (args.length <= length) return args;
      const action = typeof args[0] === "string" ? `${verb} ${shown(args[0])}` : verb;
      const before = Array.from({ length }, (_, i) => args[i]);
      return [...before, checkOptions(action, args[length], REMOVALS[verb as FileVerb] ?? OPTIONS)];
    };
    checked[verb] = verb === "walkFiles"
      ? async function* (...args: unknown[]) {
        yield* inner(...withChecked(args)) as AsyncIterable<unknown>;
      }
      : async (...args: unknown[]) => await inner(...withChecked(args));
  }
  return checked as unknown as Files;
}
