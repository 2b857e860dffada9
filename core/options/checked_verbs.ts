/**
 * The options of each verb of a registry, checked before the verb begins.
 *
 * @module
 */
import { shown } from "../naming/names.ts";
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
  Registry,
  SaveEntry,
  SaveOptions,
  SetAliasOptions,
  SignalOptions,
  VersionsOptions,
  WatchOptions,
} from "../registry.ts";
import { checkOptions } from "./check_options.ts";
import type { OptionNames } from "./check_options.ts";
import { createVerbCall, wordsOf } from "./verb_call.ts";

const SIGNAL: OptionNames<SignalOptions> = { signal: true };
const REF: OptionNames<RefOptions> = { version: true, asOf: true, ...SIGNAL };
const READ: OptionNames<ReadOptions> = { ...REF, verify: true };
const LOAD: OptionNames<LoadOptions> = { ...READ, as: true, schema: true, onProgress: true };
const DOWNLOAD: OptionNames<DownloadOptions> = {
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
const MANY: OptionNames<ManyOptions> = { concurrency: true, stopOnError: true, onProgress: true, ...SIGNAL };
const SAVE: OptionNames<SaveOptions> = {
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
const DELETE: OptionNames<DeleteOptions> = { version: true, allVersions: true, force: true, ifCommit: true, ...SIGNAL };
const { ifCommit: __, ...DELETE_OF_MANY } = DELETE;
const CLEAR: OptionNames<ClearOptions> = { allVersions: true, prefix: true, force: true, ...SIGNAL };
const VERSIONS: OptionNames<VersionsOptions> = { range: true, details: true, limit: true, ...SIGNAL };
const SET_ALIAS: OptionNames<SetAliasOptions> = { expected: true, ...SIGNAL };
const HISTORY: OptionNames<HistoryOptions> = { limit: true, ...SIGNAL };
const COPY: OptionNames<CopyOptions> = { onConflict: true, onProgress: true, ...SIGNAL };
const WATCH: OptionNames<WatchOptions> = { intervalMs: true, ...SIGNAL };

/** A verb that takes options: which argument they are, and what they may be. */
interface Checked {
  verb: Extract<keyof Registry, string>;
  at: number;
  known: Readonly<Record<string, true>>;
}

const PROMISES: readonly Checked[] = [
  { verb: "save", at: 2, known: SAVE },
  { verb: "load", at: 1, known: LOAD },
  { verb: "open", at: 1, known: READ },
  { verb: "download", at: 1, known: DOWNLOAD },
  { verb: "info", at: 1, known: REF },
  { verb: "has", at: 1, known: REF },
  { verb: "delete", at: 1, known: DELETE },
  { verb: "setAlias", at: 3, known: SET_ALIAS },
  { verb: "deleteAlias", at: 2, known: SIGNAL },
  { verb: "aliases", at: 1, known: SIGNAL },
  { verb: "saveMany", at: 1, known: MANY },
  { verb: "loadMany", at: 1, known: { ...LOAD, ...MANY } },
  { verb: "infoMany", at: 1, known: { ...REF, ...MANY } },
  { verb: "hasMany", at: 1, known: { ...REF, ...MANY } },
  { verb: "deleteMany", at: 1, known: { ...DELETE_OF_MANY, ...MANY } },
  { verb: "update", at: 1, known: MANY },
  { verb: "clear", at: 0, known: CLEAR },
  { verb: "size", at: 0, known: NAMES },
  { verb: "copy", at: 2, known: COPY },
];

const LISTINGS: readonly Checked[] = [
  { verb: "names", at: 0, known: NAMES },
  { verb: "versions", at: 1, known: VERSIONS },
  { verb: "history", at: 2, known: HISTORY },
  { verb: "entries", at: 0, known: NAMES },
  { verb: "keys", at: 0, known: NAMES },
  { verb: "values", at: 0, known: NAMES },
  { verb: "watch", at: 1, known: WATCH },
];

type Verb = (...args: unknown[]) => unknown;

/** Makes the verbs of a registry refuse options that they do not know: by their promise, or at the first step of a loop. */
export function checkVerbs<R extends Registry>(registry: R): R {
  for (const { verb, at, known } of PROMISES) {
    replace(registry, verb, (inner) => async (...args) => {
      return await inner(...checkedArguments({ verb, at, known }, args));
    });
  }
  for (const { verb, at, known } of LISTINGS) {
    replace(registry, verb, (inner) => (...args) => {
      let checked: unknown[];
      try {
        checked = checkedArguments({ verb, at, known }, args);
      } catch (error) {
        return failing(error);
      }
      return inner(...checked);
    });
  }
  return registry;
}

function checkedArguments({ verb, at, known }: Checked, args: unknown[]): unknown[] {
  const action = wordsOf(createVerbCall(verb, at === 0 ? undefined : args[0]));
  const options = checkOptions(action, args[at], known);
  return options === args[at] ? args : args.with(at, options);
}

// deno-lint-ignore require-yield
async function* failing(error: unknown): AsyncGenerator<never> {
  throw await Promise.resolve(error);
}

/** Throws `Invalid` for what is no option of a save among many. Returns it as a plain object. */
export function checkSaveEntry(entry: SaveEntry): SaveEntry {
  return checkOptions(`save ${shown(entry?.name)}`, entry, SAVE_ENTRY);
}

function replace(registry: Registry, verb: string, wrapped: (inner: Verb) => Verb): void {
  const verbs = registry as unknown as Record<string, Verb>;
  verbs[verb] = wrapped(verbs[verb].bind(registry));
}
