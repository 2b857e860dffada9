// One run of a mirror, as its parts see it.
import { isDeepStrictEqual } from "node:util";
import { fault, isRegistryError, RegistryError } from "../../../core/errors.ts";
import type { RegistryErrorFields } from "../../../core/errors.ts";
import { inWords } from "../../contract/verb_errors.ts";
import type { Origin, VersionRecord } from "../../../core/record.ts";
import { backoffMs } from "../../../core/retry.ts";
import type { Version, VersionRange } from "../../../core/naming/versions.ts";
import type { Logger } from "../../../core/registry.ts";
import type { System } from "../../../core/system.ts";
import type { Context } from "../../operations/context.ts";
import { nameFolder } from "../../format/layout.ts";
import type { Head } from "../../cell/heads.ts";
import type { MirrorAction, MirrorItem } from "./report.ts";

const MAX_TRIES = 5;

export interface AnyRun {
  readonly system: System;
  /** Hears of what is tried again. */
  readonly logger: Logger;
  readonly range?: VersionRange;
  readonly aliases: boolean;
  readonly deleted: boolean;
  readonly verify: boolean;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
  /** Does something for each item, so many at once in the whole run. */
  forEach<T>(items: readonly T[], task: (item: T) => Promise<unknown>): Promise<void>;
  /** Hears of bytes that were moved. */
  moved(bytes: number): void;
  done(item: MirrorItem): void;
}

export interface MirrorRun extends AnyRun {
  readonly from: Context;
  readonly to: Context;
}

export interface NamePair {
  name: string;
  target: string;
}

export interface MirrorCell {
  cell: string;
  /** The same below the folder of its name: equal in the source and in the target. */
  path: string;
  /** Its newest record. */
  head: Head;
  version?: Version;
  alias?: string;
}

export interface CellPair extends NamePair {
  source: MirrorCell;
  /** In the target, where there is one. */
  there?: MirrorCell;
}

export interface Outcome extends Pick<MirrorItem, "files" | "bytes"> {
  action: MirrorAction | "postponed";
  /** The generation of the target that is equal to the source now. */
  generation?: number;
}

export function cellThere({ target, source }: CellPair): string {
  return `${nameFolder(target)}${source.path}`;
}

/** Where a record was written first: one and the same for a version and all its mirrors. */
export function originOf(
  context: Context,
  { commit, origin }: { commit: string; origin?: Origin },
): Origin {
  return origin ?? { registry: context.id, commit };
}

/** Tries again what may pass: a busy store, a lost reply, another writer in between. */
export async function persist<T>(run: AnyRun, attempt: (first: boolean) => Promise<T>): Promise<T> {
  const { system, logger } = run;
  for (let tries = 1;; tries++) {
    try {
      return await attempt(tries === 1);
    } catch (error) {
      run.signal?.throwIfAborted();
      if (tries >= MAX_TRIES || !mayPass(error)) throw error;
      logger.debug(`mirror: tries again: ${(error as Error).message}`);
      await system.sleep(backoffMs(tries, system.random), run.signal);
    }
  }
}

/**
 * Does something for one version or alias and reports what became of it. What concerns that one alone does not end the
 * run; the outcome is undefined then.
 *
 * @param unexpected makes a failure of what is no `RegistryError`. @default it ends the run
 */
export async function attempt(
  run: AnyRun,
  item: Omit<MirrorItem, "action">,
  action: () => Promise<Outcome>,
  unexpected?: (ref: string, error: unknown) => RegistryError,
): Promise<Outcome | undefined> {
  run.signal?.throwIfAborted();
  try {
    const outcome = await action();
    const { action: done, files, bytes } = outcome;
    if (done === "postponed") return outcome;
    run.done({ ...item, action: done, ...(files === undefined ? {} : { files, bytes }) });
    return outcome;
  } catch (error) {
    run.signal?.throwIfAborted();
    const ref = `${item.name}@${item.version ?? item.alias}`;
    const isKnown = isRegistryError(error) && error.code !== "TaskFailed";
    if (!isKnown && unexpected === undefined) throw error; // the caller's own code
    const failure = isRegistryError(error) ? error : unexpected!(ref, error);
    const told = inWords({ verb: "mirror", ref }, failure) as RegistryError;
    run.done({ ...item, action: "failed", error: told });
  }
}

type Content = Pick<VersionRecord, "digest" | "version" | "metadata" | "inputs">;

/** Whether two versions hold the same, whoever saved them: a mirror does as its original. */
export function holdTheSame(a: Content, b: Content): boolean {
  const content = (
    { digest, version, metadata, inputs = [] }: Content,
  ) => [digest, version, metadata, inputs];
  return a.digest === b.digest && isDeepStrictEqual(content(a), content(b));
}

/** A conflict that the mirror itself found, which another look does not change. */
export class LastingConflict extends RegistryError {
  constructor(fields: Omit<RegistryErrorFields, "code">) {
    super({ code: "Conflict", ...fields });
  }
}

const NEVER_REPLACED =
  "Versions of an immutable registry are never replaced, nor used again: mirror the name under another one";

/** The conflict of a version whose number an immutable target has used otherwise. */
export function occupied(backend: string, target: string, state: string): LastingConflict {
  return new LastingConflict({
    message: `Cannot mirror to "${target}": ${state}`,
    hint: `${NEVER_REPLACED} (rename), or leave the version out by a range.`,
    hints: { cli: `${NEVER_REPLACED} (--rename), or see --range.` },
    backend,
  });
}

export function changedMeanwhile({ to }: MirrorRun, action: string): RegistryError {
  return fault({
    code: "Conflict",
    action,
    state: "it was changed meanwhile",
    hint: "Run the mirror again.",
    backend: to.backend.location,
  });
}

function mayPass(error: unknown): boolean {
  if (!isRegistryError(error) || error instanceof LastingConflict) return false;
  return error.retry !== "never" || error.code === "AlreadyExists" || error.code === "Conflict";
}
