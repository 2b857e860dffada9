// Checks of calls by the rows of operations: a mistyped option must not be ignored.
import { shown } from "../naming/names.ts";
import { METHODS } from "../options/methods.ts";
import { SIGNAL } from "../registry/operations/row.ts";
import { checkGiven, checkOptions, type OptionNames, without } from "../options/check_options.ts";
import type { AddPartOptions, CommitDraftOptions, Draft } from "../registry/draft.ts";
import type { SaveEntry } from "../registry/many.ts";
import { createVerbCall, wordsOf } from "./verb_call.ts";

/** The members of an operation's row that its calls are checked by. */
export interface CheckedRow {
  readonly action: string;
  /** One for each argument before the options. */
  readonly takes: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

/** The functions that take lists, by the action of one call. */
const OF_LISTS: Readonly<Record<string, string>> = {
  save: "saveMany(registry, [{ name, value }])",
  load: "loadMany(registry, refs)",
};

/**
 * Returns the arguments of a call with plain options.
 *
 * @throws {RegistryError} `Invalid` for unknown options, and for a list of names or refs
 */
export function checkedArguments(
  { action: words, takes, options: known, required }: CheckedRow,
  args: unknown[],
): unknown[] {
  const at = takes.length;
  if (at > 0) {
    const hint = `Call ${OF_LISTS[words] ?? "it for each of them"}.`;
    checkGiven(words, args[0], { is: !Array.isArray(args[0]), what: String(takes[0]), hint });
  }
  if (args[at] === undefined && required === undefined) return args;
  const action = wordsOf(createVerbCall(words, at === 0 ? undefined : args[0]));
  const options = checkOptions(action, args[at], known, required);
  return options === args[at] ? args : args.with(at, options);
}

const SAVE_ENTRY: OptionNames<SaveEntry> = {
  name: true,
  value: true,
  ...without(METHODS.save.options, "signal"),
};

/** Returns an entry of a batch as a plain object. Throws `Invalid` for unknown options. */
export function checkSaveEntry(entry: SaveEntry): SaveEntry {
  return checkOptions(`save ${shown(entry?.name)}`, entry, SAVE_ENTRY);
}

/** The options of {@linkcode Draft.commit}. */
export const COMMIT_DRAFT: OptionNames<CommitDraftOptions> = {
  parts: true,
  ...without(METHODS.save.options, "idempotencyKey", "compress"),
};

const ADD_PART: OptionNames<AddPartOptions> = { compress: true, onProgress: true, ...SIGNAL };

/** Returns a draft whose methods refuse unknown options. */
export function checkDraft(draft: Draft): Draft {
  return {
    name: draft.name,
    id: draft.id,
    addPart: async (part, files, options) =>
      await draft.addPart(part, files, checkOptions(`add part ${shown(part)}`, options, ADD_PART)),
    addFile: async (path, content, options) =>
      await draft.addFile(path, content, checkOptions(`add ${shown(path)}`, options, ADD_PART)),
    info: async (options) => await draft.info(checkOptions("inspect the draft", options, SIGNAL)),
    files: async (options) =>
      await draft.files(checkOptions("list the files of the draft", options, SIGNAL)),
    commit: async (options) =>
      await draft.commit(checkOptions("commit the draft", options, COMMIT_DRAFT)),
    discard: async (options) =>
      await draft.discard(checkOptions("discard the draft", options, SIGNAL)),
  };
}
