// Resolves a ref as of a moment of the past, through the methods of any registry.
import { invalid, isRegistryError, notFound, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import { parseRef, type Ref, type Selector } from "../naming/refs.ts";
import { compareVersions, inRange, parseVersion } from "../naming/versions.ts";
import type { Version } from "../naming/versions.ts";
import type { ArtifactInfo } from "../artifact.ts";
import type { RefOptions, Registry } from "../registry.ts";

export interface DeletedVersion {
  version: Version;
  deletedAt: Date;
  savedAt?: Date;
}

export interface Past extends Pick<Registry, "info" | "history" | "versions"> {
  /** Lists deleted versions. Absent if they are unknown. */
  deletions?(name: string, signal?: AbortSignal): AsyncIterable<DeletedVersion>;
  firstSavedAt?(name: string, version: string, signal?: AbortSignal): Promise<Date | undefined>;
}

/**
 * Returns the exact ref that a ref meant at `asOf`, by the `createdAt` of versions, which mirrors
 * and copies keep.
 *
 * @throws {RegistryError} `NotFound` if there was none, or it was deleted or overwritten since
 */
export async function refAsOf(
  past: Past,
  ref: Ref,
  { asOf, signal }: RefOptions & { asOf: Date },
): Promise<Ref> {
  checkMoment(asOf);
  const question: Question = { past, name: ref.name, asOf, signal };
  const { selector } = ref;
  const version = selector.kind === "version"
    ? await checked(question, selector.version.canonical)
    : selector.kind === "alias"
    ? await byAlias(question, selector.alias)
    : await byOrder(question, selector);
  return parseRef(ref.name, version);
}

/** Applies {@linkcode refAsOf} if `asOf` is given: returns an exact ref and options. */
export async function pinned<O extends RefOptions>(
  past: Past,
  ref: string,
  options: O,
): Promise<{ ref: string; options: O }> {
  const { version: asked, asOf, signal } = options;
  if (asOf === undefined) return { ref, options };
  const { name, selector } = await refAsOf(past, parseRef(ref, asked), { asOf, signal });
  const version = selector.kind === "version" ? selector.version.canonical : "latest";
  return { ref: name, options: { ...options, version, asOf: undefined } };
}

type OrderSelector = Selector & { kind: "latest" | "range" };

interface Question {
  past: Past;
  name: string;
  asOf: Date;
  signal?: AbortSignal;
}

/** Returns an exact version if it existed at `asOf` and still does. */
async function checked({ past, name, asOf, signal }: Question, version: string): Promise<string> {
  const info = await past.info(`${name}@${version}`, { signal });
  if (wasDeleted(info, asOf)) throw absent(`${name}@${version}`, asOf, "it was deleted then");
  if (info.createdAt <= asOf) return version;
  const isOther = await wasThere({ past, name, asOf, signal }, info);
  throw absent(
    `${name}@${version}`,
    asOf,
    isOther ? writtenAgain(info) : `it was saved at ${info.createdAt.toISOString()}`,
  );
}

/** True if a version was deleted at a moment, and restored since. */
function wasDeleted({ restored = [] }: ArtifactInfo, asOf: Date): boolean {
  return restored.some(({ deletedAt, restoredAt }) => deletedAt <= asOf && asOf < restoredAt);
}

/** True if a version had an earlier value, as only overwritten or mirrored ones can. */
async function wasThere({ past, asOf, signal }: Question, info: ArtifactInfo): Promise<boolean> {
  if (info.generation === 1 && info.origin === undefined) return false;
  const first = await past.firstSavedAt?.(info.name, info.version, signal);
  return first === undefined ? info.generation > 1 : first <= asOf;
}

async function byAlias(question: Question, alias: string): Promise<string> {
  const { past, name, asOf, signal } = question;
  const ref = `${name}@${alias}`;
  for await (const change of past.history(name, alias, { signal })) {
    if (change.createdAt > asOf) continue;
    if (change.version === undefined) throw absent(ref, asOf, "the alias was deleted before");
    try {
      await past.info(`${name}@${change.version}`, { signal });
    } catch (error) {
      if (!isRegistryError(error, "NotFound")) throw error;
      throw absent(ref, asOf, `the alias pointed to ${change.version}, which was deleted since`);
    }
    return await checked(question, change.version);
  }
  throw absent(ref, asOf, "the alias did not exist yet");
}

/** Returns the highest version of that moment. */
async function byOrder(question: Question, selector: OrderSelector): Promise<string> {
  const { past, name, asOf, signal } = question;
  const ref = selector.kind === "range" ? `${name}@${selector.text}` : name;
  const newest = await highestLeft(question, selector, ref);
  for await (const gone of past.deletions?.(name, signal) ?? []) {
    const { version, deletedAt, savedAt } = gone;
    if (selector.kind === "range" && !inRange(version, selector.range)) continue;
    if (deletedAt <= asOf || savedAt !== undefined && savedAt > asOf) continue;
    if (newest !== undefined && !ranksAbove(selector, version, newest)) continue;
    const when = deletedAt.toISOString();
    throw absent(ref, asOf, `version ${version.canonical} was deleted since, at ${when}`);
  }
  if (newest === undefined) throw absent(ref, asOf, "it had no version yet");
  return newest.canonical;
}

/** Returns the highest version that still exists. Throws if a higher one was overwritten since. */
async function highestLeft(
  question: Question,
  selector: OrderSelector,
  ref: string,
): Promise<Version | undefined> {
  const { past, name, asOf, signal } = question;
  const range = selector.kind === "range" ? selector.text : undefined;
  let highest: Version | undefined;
  for await (const entry of past.versions(name, { range, details: true, signal })) {
    const version = parseVersion(entry.version);
    if (highest !== undefined && !ranksAbove(selector, version, highest)) continue;
    if (entry.error !== undefined) throw entry.error; // it may have existed
    const info = entry.info ?? await past.info(`${name}@${entry.version}`, { signal });
    if (wasDeleted(info, asOf)) continue;
    if (info.createdAt <= asOf) highest = version;
    else if (await wasThere(question, info)) {
      throw absent(ref, asOf, `${entry.version} ${writtenAgain(info)}`);
    }
    if (highest !== undefined && (range !== undefined || !highest.prerelease)) break;
  }
  return highest;
}

/** True if a selector prefers one version. `latest` prefers any release to a prerelease. */
function ranksAbove({ kind }: Selector, version: Version, other: Version): boolean {
  if (kind === "latest" && version.prerelease !== other.prerelease) return other.prerelease;
  return compareVersions(version, other) > 0;
}

function writtenAgain({ createdAt }: ArtifactInfo): string {
  return `was overwritten since, at ${createdAt.toISOString()}, and its earlier value is not kept`;
}

function absent(ref: string, asOf: Date, state: string): RegistryError {
  return notFound("find", `${shown(ref)} as of ${asOf.toISOString()}`, state, {
    hint: "List the history with registry.versions(name) or registry.history(name, alias).",
    reason: { kind: "past_unknown" },
  });
}

function checkMoment(asOf: unknown): void {
  if (asOf instanceof Date && !Number.isNaN(asOf.getTime())) return;
  const state = `asOf is ${
    asOf instanceof Date ? "an invalid Date" : `${shown(asOf)}, not a Date`
  }`;
  const hint = 'Pass asOf: new Date("2026-03-01T12:00:00Z").';
  throw invalid("resolve a ref in the past", undefined, state, { hint });
}
