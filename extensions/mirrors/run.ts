// One run of a mirror: its options, attempts and failures.
import type { ArtifactInput, VersionRange } from "../../registry/mod.ts";
import type { Registry, Version } from "../../mod.ts";
import { isDeepStrictEqual } from "node:util";
import { present } from "../../core/faults/present.ts";
import {
  backoffMs,
  conflict,
  forEachAtOnce,
  isRegistryError,
  orMissing,
  parseVersion,
  RegistryError,
  shown,
} from "../../core/kernel.ts";
import type { Fault } from "../../core/kernel.ts";
import type { Origin } from "../../materializers/mod.ts";
import type { RetentionRule } from "../../registry/tools/settings.ts";
import { RELEASE } from "../../core/registry/release.ts";
import type { Head, VersionRecord } from "../../registry/extending.ts";
import { checkKnownRule, inWords, LAYOUT, readInput } from "../../registry/records.ts";
import type { Records } from "../../registry/records.ts";
import type { MirrorItem } from "./report.ts";
import { mirrorReasons } from "./words/reasons.ts";

const MAX_TRIES = 5;

export interface AnyRun {
  readonly system: Records["system"];
  readonly logger: Records["logger"];
  readonly range?: VersionRange;
  readonly aliases: boolean;
  readonly deleted: boolean;
  readonly verify: boolean;
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
  readonly members: Members;
  /** Calls `task` for each item, with the concurrency of the whole run. */
  forEach<T>(items: readonly T[], task: (item: T) => Promise<unknown>): Promise<void>;
  ruleOf(name: string): Promise<RetentionRule | undefined>;
  moved(bytes: number): void;
  done(item: MirrorItem): void;
}

export interface MirrorRun extends AnyRun {
  readonly from: Records;
  readonly to: Records;
}

export interface NamePair {
  name: string;
  target: string;
}

export interface MirrorCell {
  cell: string;
  /** Path below the folder of its name, the same in source and target. */
  path: string;
  head: Head;
  version?: Version;
  alias?: string;
  /** True for the notes of a version, or of the name. */
  notes?: boolean;
}

export interface CellPair extends NamePair {
  source: MirrorCell;
  /** Cell of the target, if it exists. */
  targetCell?: MirrorCell;
}

/** Returns the version of a pair of cells that are of one. */
export function versionOfPair({ source }: Pick<CellPair, "source">): Version {
  return present(source.version, "the version of a cell");
}

export interface Outcome extends Pick<MirrorItem, "files" | "bytes"> {
  /** `waiting`: a release whose members are not in the target yet. */
  action: MirrorItem["action"] | "postponed" | "waiting";
  /** True if what it saw may be over by now: the next run looks again. */
  isPassing?: boolean;
  /** Commit of a postponed version. */
  commit?: string;
  /** Generation of the target that is now equal to the source. */
  generation?: number;
}

export function targetCellPath({ target, source }: CellPair): string {
  return `${LAYOUT.nameFolder(target)}${source.path}`;
}

/**
 * Returns the first registry and commit of a record: the same for a version and all its mirrors.
 */
export function originOf(
  context: Records,
  { commit, origin }: { commit: string; origin?: Origin },
): Origin {
  return origin ?? { registry: context.id, commit };
}

/** Copies have a member that the kernel keeps as unknown; those of earlier programs do not. */
interface Copied extends Partial<VersionRecord> {
  /** A name whose version of the same number had this value. */
  mirrorOf?: { registry: string; name: string };
}

/** Returns the member of a copy that shows its source, also when the source has lost the value. */
export function markOfCopy({ id }: Pick<Registry, "id">, name: string): Copied {
  return { mirrorOf: { registry: id, name } };
}

/** Returns true for a copy of a value that the same version of a name once had. */
export function isCopyOf(record: VersionRecord, from: Pick<Registry, "id">, name: string): boolean {
  const { mirrorOf }: Copied = record; // it may have members of later programs
  return mirrorOf?.registry === from.id && mirrorOf.name === name;
}

/** Retries transient failures: a busy store, a lost reply, a concurrent writer. */
export async function persist<T>(run: AnyRun, attempt: (first: boolean) => Promise<T>): Promise<T> {
  const { system, logger } = run;
  for (let tries = 1;; tries++) {
    try {
      return await attempt(tries === 1);
    } catch (error) {
      run.signal?.throwIfAborted();
      if (tries >= MAX_TRIES || !mayPass(error)) throw error;
      logger.debug(`mirror: retrying: ${(error as Error).message}`);
      await system.sleep(backoffMs(tries, system.random), run.signal);
    }
  }
}

/**
 * Performs an action for one version or alias and reports the result. Returns undefined after a
 * failure that concerns only this item; other failures are thrown.
 *
 * @param unexpected makes the failure of an error that is not a `RegistryError`. @default throws it
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
    if (done === "postponed" || done === "waiting") return outcome;
    run.done({ ...item, action: done, ...(files === undefined ? {} : { files, bytes }) });
    return outcome;
  } catch (error) {
    run.signal?.throwIfAborted();
    const ref = `${item.name}@${item.version ?? item.alias}`;
    const isKnown = isRegistryError(error) && error.code !== "TaskFailed";
    if (!isKnown && unexpected === undefined) throw error; // the caller's own code
    const failure = isRegistryError(error) ? error : unexpected!(ref, error);
    const worded = inWords({ verb: "mirror", ref }, failure) as RegistryError;
    run.done({ ...item, action: "failed", error: worded });
  }
}

type Content = Pick<VersionRecord, "digest" | "version" | "metadata" | "inputs">;

/** Returns true if two versions have the same content, as a mirror and its original do. */
export function holdTheSame(a: Content, b: Content): boolean {
  const content = ({ digest, version, metadata, inputs = [] }: Content) => [
    digest,
    version,
    metadata,
    inputs.map(contentOf),
  ];
  return a.digest === b.digest && isDeepStrictEqual(content(a), content(b));
}

/** Identifies an input: the version that a ref meant may be recorded in its place. */
function contentOf(input: ArtifactInput): string {
  const { ref, digest } = typeof input === "string" ? { ref: input } : input;
  return digest === undefined ? ref : `${ref.replace(/@.*/s, "")} ${digest}`;
}

/** A conflict that retries cannot resolve. */
export class LastingConflict extends RegistryError {
  constructor(fields: Omit<Fault, "code" | "subject"> & { subject: string }) {
    super({ code: "Conflict", ...fields });
  }
}

/** Makes the conflict of a version that an immutable target has used for something else. */
export function occupied(backend: string, target: string, state: string): LastingConflict {
  return new LastingConflict({
    action: "mirror to",
    subject: `"${target}"`,
    state,
    hint: "Mirror the name under another one (rename), or leave the version out (range).",
    reason: mirrorReasons.of("mirror_target_taken"),
    backend,
  });
}

/** Throws if a rule of the target protects a version that the source has deleted or overwritten. */
export async function checkProtection(
  { ruleOf }: AnyRun,
  { action, name, version, location }: Record<"action" | "name" | "version" | "location", string>,
): Promise<void> {
  const rule = await ruleOf(name);
  if (rule !== undefined) {
    checkKnownRule({ backend: { location } }, { action, subject: `"${name}@${version}"` }, rule);
  }
  if (!rule?.protect) return;
  throw new LastingConflict({
    action,
    subject: `"${name}@${version}"`,
    state: `the rule ${shown(rule.pattern)} protects it`,
    hint: "Change the rule of the target if the version may go.",
    reason: mirrorReasons.of("mirror_target_protected", { location, pattern: rule.pattern }),
    backend: location,
  });
}

export function changedMeanwhile({ to }: MirrorRun, action: string): RegistryError {
  return conflict(action, undefined, "it was changed by another writer", {
    hint: "Run the mirror again.",
    backend: to.backend.location,
  });
}

function mayPass(error: unknown): boolean {
  if (!isRegistryError(error) || error instanceof LastingConflict) return false;
  return error.retry !== "never" || error.code === "AlreadyExists" || error.code === "Conflict";
}

type NamedInput = ReturnType<typeof readInput>;
export type Member = NamedInput & Required<Pick<NamedInput, "name" | "version">>;

/** Finds members of releases that the source has and the target lacks. */
export class Members {
  readonly #from: Registry;
  readonly #to: Registry;
  readonly #signal?: AbortSignal;
  /** Versions that a dry run would copy, as `name@version` of the target. */
  readonly planned: Set<string> = new Set();
  #missing: Member[] = [];
  readonly #taken = new Set<string>();
  /** True after the last attempt to copy members: a release without them fails. */
  isLast = false;

  constructor(from: Registry, to: Registry, signal?: AbortSignal) {
    this.#from = from;
    this.#to = to;
    this.#signal = signal;
  }

  /** Returns false for a release whose members are not all in the target. */
  async areThere(
    release: Pick<VersionRecord, "name" | "version" | "materializer" | "inputs">,
  ): Promise<boolean> {
    const { name, version, materializer, inputs = [] } = release;
    if (materializer.id !== RELEASE) return true;
    const missing: Member[] = [];
    await forEachAtOnce(inputs, async (input) => {
      const { name, version, digest } = readInput(this.#from, input);
      if (name === undefined || version === undefined) return;
      const member = { name, version, digest, ref: `${name}@${version.canonical}` };
      if (await this.#isMissing(member)) missing.push(member);
    });
    const [first] = missing;
    if (first === undefined) return true;
    if (this.isLast) throw incomplete(`${name}@${parseVersion(version).canonical}`, first);
    this.#missing.push(...missing);
    return false;
  }

  /** Returns the members that were found missing, each once. */
  take(): Member[] {
    const members = this.#missing.filter(({ ref }) => !this.#taken.has(ref));
    for (const { ref } of members) this.#taken.add(ref);
    this.#missing = [];
    return members;
  }

  async #isMissing({ ref, digest }: Member): Promise<boolean> {
    if (this.planned.has(ref)) return false;
    const has = async (registry: Registry, ifDamaged: boolean) => {
      try {
        const info = await orMissing(registry.info(ref, { signal: this.#signal }));
        return info !== undefined && (digest === undefined || info.digest === digest);
      } catch (error) {
        if (!isRegistryError(error, "Corrupt")) throw error;
        return ifDamaged;
      }
    };
    return !await has(this.#to, false) && await has(this.#from, true);
  }
}

function incomplete(release: string, { name, ref }: Member): LastingConflict {
  return new LastingConflict({
    action: "mirror release",
    subject: `"${release}"`,
    state: `its member "${ref}" is not in the target`,
    hint: "Mirror the member first, under its own name: " +
      `mirrorRegistry(from, to, { names: [${JSON.stringify(name)}] })`,
    reason: mirrorReasons.of("mirror_member_missing", { name }),
  });
}
