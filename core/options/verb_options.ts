// The verbs of a registry: what options each takes, and what its result tells.
import { shown } from "../naming/names.ts";
import type { OpenDraftOptions } from "../record/draft.ts";
import type { LineageOptions } from "../record/lineage.ts";
import type {
  CommitUploadOptions,
  CreateUploadOptions,
  DirectDownloadOptions,
} from "../record/transfer.ts";
import type {
  ClearOptions,
  CopyOptions,
  DeleteOptions,
  DownloadOptions,
  HistoryOptions,
  LoadOptions,
  ManyOptions,
  NamesOptions,
  ReadOptions,
  RefOptions,
  SaveEntry,
  SaveOptions,
  SetAliasOptions,
  SignalOptions,
  StoredRegistry,
  VersionsOptions,
  WatchOptions,
} from "../registry.ts";
import { checkOptions } from "./check_options.ts";
import type { OptionNames } from "./check_options.ts";
import { createVerbCall, wordsOf } from "./verb_call.ts";

/** Of what can only be ended. */
export const SIGNAL: OptionNames<SignalOptions> = { signal: true };
const REF: OptionNames<RefOptions> = { version: true, asOf: true, ...SIGNAL };
const READ: OptionNames<ReadOptions> = { ...REF, verify: true };
/** Of loading a value. */
export const LOAD: OptionNames<LoadOptions> = { ...READ, as: true, schema: true, onProgress: true };
/** Of writing a version to disk. */
export const DOWNLOAD: OptionNames<DownloadOptions> = {
  to: true,
  ...READ,
  overwrite: true,
  delete: true,
  dryRun: true,
  links: true,
  include: true,
  exclude: true,
  onProgress: true,
};
const NAMES: OptionNames<NamesOptions> = { prefix: true, after: true, limit: true, ...SIGNAL };
/** Of doing much at once. */
export const MANY: OptionNames<ManyOptions> = {
  concurrency: true,
  stopOnError: true,
  onProgress: true,
  ...SIGNAL,
};
/** Of saving a value. */
export const SAVE: OptionNames<SaveOptions> = {
  version: true,
  bump: true,
  onConflict: true,
  ifCommit: true,
  base: true,
  skipIfUnchanged: true,
  idempotencyKey: true,
  metadata: true,
  inputs: true,
  materializer: true,
  compress: true,
  onProgress: true,
  ...SIGNAL,
};
const { signal: _, ...SAVE_OF_MANY } = SAVE;
const SAVE_ENTRY: OptionNames<SaveEntry> = { name: true, value: true, ...SAVE_OF_MANY };
const DELETE: OptionNames<DeleteOptions> = {
  version: true,
  allVersions: true,
  force: true,
  ifCommit: true,
  ...SIGNAL,
};
const { ifCommit: __, ...DELETE_OF_MANY } = DELETE;
const CLEAR: OptionNames<ClearOptions> = {
  allVersions: true,
  prefix: true,
  force: true,
  ...SIGNAL,
};
const VERSIONS: OptionNames<VersionsOptions> = {
  range: true,
  details: true,
  limit: true,
  ...SIGNAL,
};
const SET_ALIAS: OptionNames<SetAliasOptions> = { expected: true, ...SIGNAL };
const HISTORY: OptionNames<HistoryOptions> = { limit: true, ...SIGNAL };
const COPY: OptionNames<CopyOptions> = { onConflict: true, onProgress: true, ...SIGNAL };
const WATCH: OptionNames<WatchOptions> = { intervalMs: true, ...SIGNAL };

const OPEN_DRAFT: OptionNames<OpenDraftOptions> = { id: true };
const NONE: Readonly<Record<string, true>> = {};

/** Of following a lineage. */
export const LINEAGE: OptionNames<LineageOptions> = {
  direction: true,
  depth: true,
  onProgress: true,
  ...SIGNAL,
};
/** Of beginning a direct upload. */
export const CREATE_UPLOAD: OptionNames<CreateUploadOptions> = {
  files: true,
  expiresInMs: true,
  ...SIGNAL,
};
/** Of committing a direct upload. */
export const COMMIT_UPLOAD: OptionNames<CommitUploadOptions> = { name: true, ...SAVE };
/** Of presigning a file. */
export const DIRECT_DOWNLOAD: OptionNames<DirectDownloadOptions> = {
  version: true,
  path: true,
  fileName: true,
  expiresInMs: true,
  ...SIGNAL,
};

/** What is known of a verb. */
export interface KnownVerb {
  /** The verb. */
  verb: string;
  /** Which argument its options are. */
  at: number;
  /** What they may be. */
  known: Readonly<Record<string, true>>;
  /** Those that have to be given. */
  required?: readonly string[];
  /**
   * What its result says of the call; nothing where it is a value of the caller's:
   *
   * - `moved`: the version, and the bytes that were moved.
   * - `seen`: the version, and the bytes that it has.
   * - `opened`: the version.
   * - `batch`: how many succeeded.
   */
  tells?: "moved" | "seen" | "opened" | "batch";
}

type Verbs = { readonly [V in Extract<keyof StoredRegistry, string>]?: Omit<KnownVerb, "verb"> };

/** Those that give a promise. */
const PROMISES: Verbs = {
  save: { at: 2, known: SAVE, tells: "moved" },
  load: { at: 1, known: LOAD },
  open: { at: 1, known: READ, tells: "opened" },
  download: { at: 1, known: DOWNLOAD, tells: "moved" },
  info: { at: 1, known: REF, tells: "seen" },
  has: { at: 1, known: REF },
  delete: { at: 1, known: DELETE },
  setAlias: { at: 3, known: SET_ALIAS },
  deleteAlias: { at: 2, known: SET_ALIAS },
  aliases: { at: 1, known: SIGNAL },
  get: { at: 1, known: NONE },
  set: { at: 2, known: NONE, tells: "moved" },
  update: { at: 1, known: MANY },
  setDefault: { at: 2, known: NONE },
  pop: { at: 1, known: NONE },
  clear: { at: 0, known: CLEAR },
  size: { at: 0, known: NAMES },
  saveMany: { at: 1, known: MANY, tells: "batch" },
  loadMany: { at: 1, known: { ...LOAD, ...MANY }, tells: "batch" },
  infoMany: { at: 1, known: { ...REF, ...MANY }, tells: "batch" },
  hasMany: { at: 1, known: { ...REF, ...MANY }, tells: "batch" },
  deleteMany: { at: 1, known: { ...DELETE_OF_MANY, ...MANY }, tells: "batch" },
  copy: { at: 2, known: COPY, tells: "moved" },
  openDraft: { at: 1, known: OPEN_DRAFT, required: ["id"] },
  lineage: { at: 1, known: LINEAGE },
  createUpload: { at: 0, known: CREATE_UPLOAD, required: ["files"] },
  commitUpload: { at: 1, known: COMMIT_UPLOAD, required: ["name"], tells: "moved" },
  presignDownload: { at: 1, known: DIRECT_DOWNLOAD },
  clearCache: { at: 0, known: SIGNAL },
};

/** Those that give a listing. */
const LISTINGS: Verbs = {
  names: { at: 0, known: NAMES },
  keys: { at: 0, known: NAMES },
  values: { at: 0, known: NAMES },
  entries: { at: 0, known: NAMES },
  versions: { at: 1, known: VERSIONS },
  history: { at: 2, known: HISTORY },
  watch: { at: 1, known: WATCH },
};

/** Every verb, by what it gives. */
export const VERBS: Readonly<Record<"promises" | "listings", readonly KnownVerb[]>> = {
  promises: Object.entries(PROMISES).map(([verb, known]) => ({ verb, ...known })),
  listings: Object.entries(LISTINGS).map(([verb, known]) => ({ verb, ...known })),
};

/** The arguments of a verb, its options as a plain object. Throws `Invalid` for an option that it does not know. */
export function checkedArguments(
  { verb, at, known, required }: KnownVerb,
  args: unknown[],
): unknown[] {
  if (args[at] === undefined && required === undefined) return args;
  const action = wordsOf(createVerbCall(verb, at === 0 ? undefined : args[0]));
  const options = checkOptions(action, args[at], known, required);
  return options === args[at] ? args : args.with(at, options);
}

/** A listing that fails at its first step. */
// deno-lint-ignore require-yield
export async function* failing(error: unknown): AsyncGenerator<never> {
  throw await Promise.resolve(error);
}

/** Throws `Invalid` for what is no option of a save among many. Returns it as a plain object. */
export function checkSaveEntry(entry: SaveEntry): SaveEntry {
  return checkOptions(`save ${shown(entry?.name)}`, entry, SAVE_ENTRY);
}
