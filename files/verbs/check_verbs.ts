// The verbs of files: what each is given, and the options that there are.
import { shown } from "../../core/naming/names.ts";
import { checkOptions } from "../../core/options/check_options.ts";
import type { Files } from "./files.ts";

export type FileVerb = Exclude<keyof Files, "store">;

/** Every verb with what stands before its options. */
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

/** The options of all verbs: a mistyped `mode` would replace a file. */
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

/** The options of what removes: taken for those of a listing, `pattern` would spare nothing. */
const REMOVALS: Partial<Record<FileVerb, Readonly<Record<string, true>>>> = {
  delete: { recursive: true, signal: true },
  deleteAll: { signal: true },
  move: { signal: true },
};

/** The same verbs, by their promise or at the first step of a loop refusing options that nobody knows. */
export function checkedFiles(files: Files): Files {
  const checked = { store: files.store } as Record<string, unknown>;
  const isSink = !("write" in files.store) && "save" in files.store; // its saving may have options of its own
  for (const [verb, { length }] of Object.entries(FILE_VERBS)) {
    const inner = files[verb as FileVerb] as (...args: unknown[]) => unknown;
    const withChecked = (args: unknown[]): unknown[] => {
      if (isSink && (verb === "save" || verb === "saveBatch")) return args;
      const what = typeof args[0] === "string" ? `${verb} ${shown(args[0])}` : verb;
      const before = Array.from({ length }, (_, i) => args[i]);
      return [...before, checkOptions(what, args[length], REMOVALS[verb as FileVerb] ?? OPTIONS)];
    };
    checked[verb] = verb === "walkFiles"
      ? async function* (...args: unknown[]) {
        yield* inner(...withChecked(args)) as AsyncIterable<unknown>;
      }
      : async (...args: unknown[]) => await inner(...withChecked(args));
  }
  return checked as unknown as Files;
}
