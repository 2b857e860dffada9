// The options of a registry's methods, and the outcome of each for logs and traces.
import { shown } from "../../core/naming/names.ts";
import type { CommitDraftOptions, Draft } from "../../core/registry/draft.ts";
import type {
  ClearOptions,
  CopyOptions,
  DeleteOptions,
  DownloadOptions,
  InfoOptions,
  LoadOptions,
  ManyOptions,
  ReadOptions,
  RefOptions,
  SaveEntry,
  SaveOptions,
  SetAliasOptions,
  SignalOptions,
  StoredRegistry,
} from "../../core/registry.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";
import { createVerbCall, wordsOf } from "./verb_call.ts";

export const SIGNAL: OptionNames<SignalOptions> = { signal: true };
const REF: OptionNames<RefOptions> = { version: true, asOf: true, ...SIGNAL };
const INFO: OptionNames<InfoOptions> = { ...REF, annotations: true };
const READ: OptionNames<ReadOptions> = { ...REF, verify: true };
export const LOAD: OptionNames<LoadOptions> = { ...READ, as: true, schema: true, onProgress: true };
export const DOWNLOAD: OptionNames<DownloadOptions> = {
  ...{ to: true, ...READ, overwrite: true, delete: true, dryRun: true, links: true },
  ...{ include: true, exclude: true, onProgress: true },
};
export const MANY: OptionNames<ManyOptions> = {
  ...{ concurrency: true, stopOnError: true, onProgress: true, ...SIGNAL },
};
export const SAVE: OptionNames<SaveOptions> = {
  ...{ version: true, bump: true, onConflict: true, ifCommit: true, base: true, share: true },
  ...{ skipIfUnchanged: true, idempotencyKey: true, metadata: true, inputs: true },
  ...{ materializer: true, compress: true, onProgress: true, ...SIGNAL },
};
const { signal: _, ...SAVE_OF_MANY } = SAVE;
const SAVE_ENTRY: OptionNames<SaveEntry> = { name: true, value: true, ...SAVE_OF_MANY };
const { idempotencyKey: __, compress: ___, ...SAVE_OF_DRAFT } = SAVE;
const COMMIT_DRAFT: OptionNames<CommitDraftOptions> = { parts: true, ...SAVE_OF_DRAFT };
const DELETE: OptionNames<DeleteOptions> = {
  ...{ version: true, allVersions: true, force: true, ifCommit: true, dryRun: true, ...SIGNAL },
};
const { ifCommit: ____, ...DELETE_MANY } = DELETE;
export const DELETE_OF_MANY: OptionNames<Omit<DeleteOptions, "ifCommit">> = DELETE_MANY;
export const CLEAR: OptionNames<ClearOptions> = {
  ...{ allVersions: true, prefix: true, force: true, ...SIGNAL },
};
const SET_ALIAS: OptionNames<SetAliasOptions> = { expected: true, ...SIGNAL };
const COPY: OptionNames<CopyOptions> = { onConflict: true, onProgress: true, ...SIGNAL };

export interface KnownVerb {
  verb: string;
  /** Its action in errors. @default its name */
  action?: string;
  /** True if it returns an iterable. */
  lists?: true;
  /** Position of its options. */
  at?: number;
  /** Names of its options. @default any */
  known?: Readonly<Record<string, true>>;
  required?: readonly string[];
  /** Outcome: `moved` bytes of a version, bytes that were `seen`, or the `opened` version. */
  tells?: "moved" | "seen" | "opened";
}

type Verbs = { readonly [V in Extract<keyof StoredRegistry, string>]?: Omit<KnownVerb, "verb"> };

const BY_NAME: Verbs = {
  save: { at: 2, known: SAVE, tells: "moved" },
  load: { at: 1, known: LOAD },
  get: { at: 1, known: SIGNAL, action: "load" },
  open: { at: 1, known: READ, tells: "opened" },
  download: { at: 1, known: DOWNLOAD, tells: "moved" },
  info: { at: 1, known: INFO, tells: "seen", action: "look up" },
  has: { at: 1, known: REF, action: "look up" },
  delete: { at: 1, known: DELETE },
  setAlias: { at: 3, known: SET_ALIAS, action: "set an alias of" },
  deleteAlias: { at: 2, known: SET_ALIAS, action: "delete an alias of" },
  copy: { at: 2, known: COPY, tells: "moved" },
  openDraft: { at: 1, required: ["id"], action: "open a draft of" },
  clearCache: { action: "clear the cache" },
  names: { lists: true, action: "list names" },
  versions: { lists: true, action: "list versions of" },
  aliases: { lists: true, action: "list aliases of" },
  history: { lists: true, action: "list the history of an alias of" },
  watch: { lists: true },
};

export const VERBS: readonly KnownVerb[] = Object.entries(BY_NAME).map(([verb, known]) => ({
  verb,
  ...known,
}));

/** Returns the arguments with plain options. Throws `Invalid` for unknown options. */
export function checkedArguments(
  { verb, at, known, required }: KnownVerb,
  args: unknown[],
): unknown[] {
  if (at === undefined || args[at] === undefined && required === undefined) return args;
  const action = wordsOf(createVerbCall(verb, at === 0 ? undefined : args[0]));
  const options = checkOptions(action, args[at], known, required);
  return options === args[at] ? args : args.with(at, options);
}

/** Returns an entry of a batch as a plain object. Throws `Invalid` for unknown options. */
export function checkSaveEntry(entry: SaveEntry): SaveEntry {
  return checkOptions(`save ${shown(entry?.name)}`, entry, SAVE_ENTRY);
}

export function checkDraft(draft: Draft): Draft {
  const commit = draft.commit.bind(draft);
  draft.commit = async (options) =>
    await commit(checkOptions("commit the draft", options, COMMIT_DRAFT));
  return draft;
}
