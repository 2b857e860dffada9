// What a ref meant at a moment of the past, by what a registry tells of itself.
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseRef, type Ref, type Selector } from "../../core/naming/refs.ts";
import {
  compareVersions,
  inRange,
  parseVersion,
  type Version,
} from "../../core/naming/versions.ts";
import type { ArtifactInfo } from "../../core/artifact.ts";
import type { RefOptions, Registry } from "../../core/registry.ts";

/** A version that was deleted. */
export interface DeletedVersion {
  version: Version;
  deletedAt: Date;
  savedAt?: Date;
}

/** What tells the past of a name. */
export interface Past extends Pick<Registry, "info" | "history" | "versions"> {
  /** The versions that were deleted, where that is known. */
  deletions?(name: string, signal?: AbortSignal): AsyncIterable<DeletedVersion>;
  /** Returns when a version was first saved, if that is known. */
  firstSavedAt?(name: string, version: string, signal?: AbortSignal): Promise<Date | undefined>;
}

/**
 * The version that a ref meant at `asOf`, by the time at which each was saved (`createdAt`), which a mirror and a copy
 * keep.
 *
 * @throws {RegistryError} `NotFound` where it meant none, or one that was deleted or overwritten since
 */
export async function refAsOf(
  past: Past,
  ref: Ref,
  { asOf, signal }: RefOptions & { asOf: Date },
): Promise<Ref> {
  checkMoment(asOf);
  const question: Question = { past, name: ref.name, asOf, signal };
  const { selector } = ref;
  const meant = selector.kind === "version"
    ? await checked(question, selector.version.canonical)
    : selector.kind === "alias"
    ? await byAlias(question, selector.alias)
    : await byOrder(question, selector);
  return parseRef(ref.name, meant);
}

/** {@linkcode refAsOf} where a moment is given: the ref and the options that mean the same now. */
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

/** A version that is named exactly: it must have been there, and be there still. */
async function checked({ past, name, asOf, signal }: Question, version: string): Promise<string> {
  const info = await past.info(`${name}@${version}`, { signal });
  if (info.createdAt <= asOf) return version;
  const isOther = await wasThere({ past, name, asOf, signal }, info);
  throw absent(
    `${name}@${version}`,
    asOf,
    isOther ? writtenAgain(info) : `it was saved at ${info.createdAt.toISOString()}`,
  );
}

/** Whether a version that was saved later had an earlier value. Only overwritten or mirrored versions can have one. */
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
    if (change.version === undefined) throw absent(ref, asOf, "the alias was removed before");
    try {
      await past.info(`${name}@${change.version}`, { signal });
    } catch (error) {
      if (!isRegistryError(error, "NotFound")) throw error;
      throw absent(ref, asOf, `the alias named version ${change.version}, which was deleted since`);
    }
    return await checked(question, change.version);
  }
  throw absent(ref, asOf, "the alias was not set yet");
}

/** The highest version of those that were there. */
async function byOrder(question: Question, selector: OrderSelector): Promise<string> {
  const { past, name, asOf, signal } = question;
  const ref = selector.kind === "range" ? `${name}@${selector.text}` : name;
  const found = await highestLeft(question, selector, ref);
  for await (const gone of past.deletions?.(name, signal) ?? []) {
    const { version, deletedAt, savedAt } = gone;
    if (selector.kind === "range" && !inRange(version, selector.range)) continue;
    if (deletedAt <= asOf || savedAt !== undefined && savedAt > asOf) continue;
    if (found !== undefined && !ranksAbove(selector, version, found)) continue;
    throw absent(
      ref,
      asOf,
      `version ${version.canonical} was deleted since, at ${deletedAt.toISOString()}`,
    );
  }
  if (found === undefined) throw absent(ref, asOf, "no version of it was saved yet");
  return found.canonical;
}

/** The highest version of those that were there and still are. Throws if a higher one was overwritten since. */
async function highestLeft(
  question: Question,
  selector: OrderSelector,
  ref: string,
): Promise<Version | undefined> {
  const { past, name, asOf, signal } = question;
  const range = selector.kind === "range" ? selector.text : undefined;
  let found: Version | undefined;
  for await (const entry of past.versions(name, { range, details: true, signal })) {
    const version = parseVersion(entry.version);
    if (found !== undefined && !ranksAbove(selector, version, found)) continue;
    if (entry.error !== undefined) throw entry.error; // nobody knows whether it was there
    const info = entry.info ?? await past.info(`${name}@${entry.version}`, { signal });
    if (info.createdAt <= asOf) found = version;
    else if (await wasThere(question, info)) {
      throw absent(ref, asOf, `${entry.version} ${writtenAgain(info)}`);
    }
    if (found !== undefined && (range !== undefined || !found.prerelease)) break;
  }
  return found;
}

/** Whether one version is meant rather than another. For `latest` any release is rather meant than a prerelease. */
function ranksAbove({ kind }: Selector, version: Version, other: Version): boolean {
  if (kind === "latest" && version.prerelease !== other.prerelease) return other.prerelease;
  return compareVersions(version, other) > 0;
}

function writtenAgain({ createdAt }: ArtifactInfo): string {
  return `was overwritten since, at ${createdAt.toISOString()}, and its earlier value is not kept`;
}

function absent(ref: string, asOf: Date, state: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "find",
    subject: `${shown(ref)} as of ${asOf.toISOString()}`,
    state,
    hint: "registry.versions(name) and registry.history(name, alias) tell what was when.",
    hints: {
      cli: "holdfast versions NAME and holdfast alias NAME ALIAS --history tell what was when.",
      http: "GET /artifacts/{name}/log tells what was when.",
    },
  });
}

function checkMoment(asOf: unknown): void {
  if (asOf instanceof Date && !Number.isNaN(asOf.getTime())) return;
  throw fault({
    code: "Invalid",
    action: "look into the past",
    state: `asOf is ${shown(asOf instanceof Date ? "a wrong date" : asOf)}, not a Date`,
    hint: 'Write asOf: new Date("2026-03-01T12:00:00Z").',
  });
}
