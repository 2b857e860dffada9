// Checks of deletions: a mistyped option must never delete more than intended.
import type { Backend, CallOptions, SweepOptions } from "../backend.ts";
import { invalid } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { Ref } from "../naming/refs.ts";
import type { DeleteOptions } from "../registry.ts";
import { checkOptions, type OptionNames } from "./check_options.ts";

/** Throws `Invalid` unless either a version or `allVersions` is given (if versioned). */
export function checkDelete(
  { name, bare }: Ref,
  { allVersions }: Pick<DeleteOptions, "allVersions">,
  { versioned }: { versioned: boolean },
): void {
  if (bare ? allVersions === true || !versioned : allVersions !== true) return;
  const state = bare ? "no version is given" : "a version is given with allVersions";
  const hint =
    'Pass "name@version", or a bare name with { allVersions: true } to delete all versions.';
  throw invalid("delete", shown(name), state, { hint });
}

const MANY: OptionNames<CallOptions> = { signal: true };
const ONE: OptionNames<CallOptions & { ifEtag?: string }> = { ifEtag: true, ...MANY };
const SWEEP: OptionNames<SweepOptions> = { olderThan: true, dryRun: true, ...MANY };

/** Makes the deleting methods of a store refuse unknown options. */
export function checkRemovals<B extends Backend>(backend: B): B {
  const { delete: removeOne, deleteMany, sweepUploads } = backend;
  backend.delete = async (key, options) =>
    await removeOne(key, checkOptions("delete an object", options, ONE));
  if (deleteMany !== undefined) {
    backend.deleteMany = async (keys, options) =>
      await deleteMany(keys, checkOptions("delete objects", options, MANY));
  }
  if (sweepUploads !== undefined) {
    backend.sweepUploads = async function* (options) {
      yield* sweepUploads(checkOptions("sweep uploads", options, SWEEP, ["olderThan"]));
    };
  }
  return backend;
}
