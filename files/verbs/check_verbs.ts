// The verbs of files: what each is given, and which options it knows.
import type { CallOptions } from "../../core/backend.ts";
import { shown } from "../../core/naming/names.ts";
import { checkOptions } from "../../core/options/check_options.ts";
import type { OptionNames } from "../../core/options/check_options.ts";
import type { MirrorLinksOptions } from "./changes.ts";
import type { Files, LoadBatchOptions, SaveBatchOptions } from "./files.ts";
import type { ListFilesOptions } from "./listing.ts";
import type { LoadFileOptions, SaveFileOptions } from "./values.ts";

/** A verb of {@linkcode Files}. */
export type FileVerb = Exclude<keyof Files, "store">;

/** What a verb takes. */
interface VerbShape {
  /** What stands before its options, by name. */
  takes: readonly string[];
  /** What it does, for messages. */
  action: string;
  /** Its options. */
  known: Readonly<Record<string, true>>;
}

const CALL: OptionNames<CallOptions> = { signal: true };
const LOAD: OptionNames<LoadFileOptions> = { ...CALL, as: true };
const SAVE: OptionNames<SaveFileOptions> = { ...LOAD, mode: true };
const LIST: OptionNames<ListFilesOptions> = {
  ...CALL,
  pattern: true,
  extensions: true,
  recursive: true,
};
const LOAD_BATCH: OptionNames<LoadBatchOptions> = {
  ...LOAD,
  concurrency: true,
  stopOnError: true,
  onProgress: true,
};
const SAVE_BATCH: OptionNames<SaveBatchOptions> = { ...LOAD_BATCH, ...SAVE };
const MIRROR: OptionNames<MirrorLinksOptions> = { ...CALL, recursive: true, replaceLinks: true };
const RECURSIVE = { ...CALL, recursive: true } as const;

/** All verbs. */
export const FILE_VERBS: Record<FileVerb, VerbShape> = {
  load: { takes: ["path"], action: "load", known: LOAD },
  save: { takes: ["path", "value"], action: "save", known: SAVE },
  open: { takes: ["path"], action: "open", known: CALL },
  loadText: { takes: ["path"], action: "load the text of", known: CALL },
  loadBatch: { takes: ["paths"], action: "load a batch", known: LOAD_BATCH },
  saveBatch: { takes: ["values"], action: "save a batch", known: SAVE_BATCH },
  listFiles: { takes: ["folder"], action: "list the files of", known: LIST },
  listImageFiles: { takes: ["folder"], action: "list the images of", known: LIST },
  walkFiles: { takes: ["folder"], action: "walk through", known: LIST },
  findFileRecursive: { takes: ["folder", "name"], action: "find a file below", known: CALL },
  listDir: { takes: ["folder"], action: "list", known: CALL },
  collectDirsAndFiles: { takes: ["folder"], action: "collect", known: RECURSIVE },
  stat: { takes: ["path"], action: "look at", known: CALL },
  exists: { takes: ["path"], action: "look at", known: CALL },
  isFile: { takes: ["path"], action: "look at", known: CALL },
  isDir: { takes: ["path"], action: "look at", known: CALL },
  isSymlink: { takes: ["path"], action: "look at", known: CALL },
  ensureDirectory: { takes: ["path"], action: "make folder", known: CALL },
  createSymlink: { takes: ["path", "target"], action: "make link", known: CALL },
  delete: { takes: ["path"], action: "remove", known: RECURSIVE },
  deleteAll: { takes: ["path"], action: "remove", known: CALL },
  copy: { takes: ["from", "to"], action: "copy", known: CALL },
  move: { takes: ["from", "to"], action: "move", known: CALL },
  mirrorDirectoryWithSymlinks: { takes: ["from", "to"], action: "mirror", known: MIRROR },
};

/** The same verbs, by their promise or at the first step of a loop refusing options that nobody knows. */
export function checkedFiles(files: Files): Files {
  const checked = { store: files.store } as Record<string, unknown>;
  const isSink = !("write" in files.store) && "save" in files.store; // its saving may have options of its own
  for (const [verb, { takes, action, known }] of Object.entries(FILE_VERBS)) {
    const inner = files[verb as FileVerb] as (...args: unknown[]) => unknown;
    const withChecked = (args: unknown[]): unknown[] => {
      if (isSink && (verb === "save" || verb === "saveBatch")) return args;
      const [first] = args;
      const what = typeof first === "string" ? `${action} ${shown(first)}` : action;
      const before = takes.map((_, i) => args[i]);
      return [...before, checkOptions(what, args[takes.length], known)];
    };
    checked[verb] = verb === "walkFiles"
      ? async function* (...args: unknown[]) {
        yield* inner(...withChecked(args)) as AsyncIterable<unknown>;
      }
      : async (...args: unknown[]) => await inner(...withChecked(args));
  }
  return checked as unknown as Files;
}
