// Publishing and resolving releases, through the methods of any registry.
import {
  fault,
  isRegistryError,
  notFound,
  orMissing,
  type RegistryError,
  retold,
} from "../../core/errors.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { checkOptions, checkRegistry, without } from "../../core/options/check_options.ts";
import {
  MAX_MEMBERS,
  memberOf,
  membersOf,
  type Release,
  releaseMaterializer,
  type ReleaseMember,
} from "../../core/registry/release.ts";
import { SAVE } from "../../core/registry/operations/saving.ts";
import type {
  RefOptions,
  Registry,
  SavedArtifact,
  SaveOptions,
  SignalOptions,
} from "../../core/registry.ts";
import { didYouMean } from "../../core/text/nearest.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { callFunction } from "./call_function.ts";

const PUBLISH = without(SAVE.options, "as", "inputs", "compress", "base");

/**
 * Publishes several versions as one: saves a version of `name` that names the exact version and the
 * digest of each member. An alias on it moves all members at once.
 *
 * `delete` and `prune` keep members while the release exists. A delete that began before
 * `publishRelease` may still succeed; {@linkcode resolveRelease} then reports it.
 *
 * @param members refs of this registry, by a name of your choice
 * @throws {RegistryError} `NotFound` if a member does not exist, `Invalid` for one of another
 * registry
 *
 * @example
 * ```ts
 * import { openRegistry, publishRelease, resolveRelease } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("vision:resnet", { layers: 50 });
 * await registry.save("text:bpe", ["a", "b"]);
 * const { version } = await publishRelease(registry, "serving", {
 *   model: "vision:resnet",
 *   tokenizer: "text:bpe@^1",
 * });
 * await registry.setAlias("serving", "production", version);
 *
 * const { members } = await resolveRelease(registry, "serving@production");
 * assertEquals(members.model?.ref, "vision:resnet@1.0.0");
 * assertEquals(await registry.load("serving@production/model"), { layers: 50 });
 * ```
 */
export async function publishRelease(
  registry: Registry,
  name: string,
  members: Readonly<Record<string, string>>,
  options: Omit<SaveOptions, "as" | "inputs" | "compress" | "base"> = {},
): Promise<SavedArtifact> {
  checkRegistry("publish", registry);
  const action = `publish ${shown(name)}`;
  const saveOptions = checkOptions(action, options, PUBLISH);
  const entries = Object.entries(checkMembers(action, members));
  const { signal } = saveOptions;
  const pinned: Record<string, ReleaseMember> = {};
  const look = async ([key, ref]: [string, string]) => {
    const { name, version, digest } = await registry.info(ref, { signal });
    return [key, { ref: `${name}@${parseVersion(version).canonical}`, digest }] as const;
  };
  for await (const [key, member] of mapAtOnce(entries, look)) pinned[key] = member;
  return await registry.save(name, pinned, {
    ...saveOptions,
    as: releaseMaterializer,
    inputs: Object.values(pinned),
  });
}

function checkMembers(
  action: string,
  members: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const invalid = (state: string, hint: string) => fault({ code: "Invalid", action, state, hint });
  const keys = Object.keys(members ?? {});
  if (keys.length === 0 || keys.length > MAX_MEMBERS) {
    const state = `it has ${keys.length} members, not 1 to ${MAX_MEMBERS}`;
    throw invalid(state, 'Pass refs by name: { model: "vision:resnet@production" }.');
  }
  for (const [key, ref] of Object.entries(members)) {
    checkName(key, "member");
    if (typeof ref !== "string" || !/^(@|[a-z][a-z0-9+.-]*:\/\/)/i.test(ref)) continue;
    throw invalid(
      `member ${shown(key)} (${ref}) is in another registry`,
      "Copy it into this registry first (`mirrorRegistry`), and pass its ref here.",
    );
  }
  return members;
}

/**
 * Returns the members of a release, and checks that each still exists.
 *
 * @param options.partial also return deleted and changed members. @default false
 * @throws {RegistryError} `NotFound` if a member was deleted, `Conflict` if it was overwritten,
 * unless `partial`; `Invalid` if the version is not a release
 */
export async function resolveRelease(
  registry: Registry,
  ref: string,
  options: SignalOptions & { partial?: boolean } = {},
): Promise<Release> {
  return await callFunction(registry, [ref, options], {
    name: "resolveRelease",
    action: "resolve release",
    options: { partial: {} },
    here: () => Promise.resolve(resolveHere),
  });
}

async function resolveHere(
  registry: Registry,
  ref: string,
  { partial = false, signal }: SignalOptions & { partial?: boolean },
): Promise<Release> {
  const release = await (registry.service?.release?.(ref, { signal }) ??
    readRelease(registry, ref, { signal }));
  const { name, version, members } = release;
  for (const [key, { ref, state }] of Object.entries(members)) {
    if (state !== "present" && !partial) throw gone(`${name}@${version}/${key}`, ref, state);
  }
  return release;
}

type Reader = Pick<Registry, "open" | "info">;

async function readRelease(
  registry: Reader,
  ref: string,
  { signal }: SignalOptions,
): Promise<Release> {
  const artifact = await registry.open(ref, { signal });
  const { name, version } = artifact.info;
  const release: Release = { name, version, members: {} };
  const look = async ([key, member]: [string, ReleaseMember]) => {
    const info = await orMissing(registry.info(member.ref, { signal }));
    const isSame = info?.digest === member.digest;
    const state = info === undefined ? "missing" : isSame ? "present" : "changed";
    return [key, { ...member, state }] as const;
  };
  const members = Object.entries(await membersOf(artifact));
  const states = await Array.fromAsync(mapAtOnce(members, look));
  release.members = Object.fromEntries(states.sort(([a], [b]) => a < b ? -1 : 1));
  return release;
}

/**
 * Returns the exact ref of `serving@production/model`, and any other ref as it is.
 *
 * @throws {RegistryError} `NotFound` if the release has no such member, or it was deleted;
 * `Conflict` if it was overwritten
 */
export async function memberMeant(
  registry: Reader & Pick<Partial<Registry>, "service">,
  ref: string,
  { version, asOf, signal }: RefOptions = {},
): Promise<string> {
  const asked = memberOf(ref);
  if (asked === undefined) return ref;
  parseRef(asked.release, version); // throws for a second version
  const reading = registry.service?.release === undefined || asOf !== undefined
    ? registry.open(asked.release, { asOf, signal }).then(membersOf)
    : registry.service.release(asked.release, { signal }).then(({ members }) => members);
  const members = await reading.catch((error) => {
    throw isRegistryError(error, "Invalid") ? noRelease(error, asked) : error;
  });
  const member = Object.hasOwn(members, asked.member) ? members[asked.member] : undefined;
  if (member === undefined) {
    const keys = Object.keys(members);
    throw notFound("find", shown(ref), `the release has no member ${shown(asked.member)}`, {
      hint: `${didYouMean(asked.member, keys)}Its members: ${keys.slice(0, 8).join(", ")}`,
    });
  }
  const info = await orMissing(registry.info(member.ref, { signal }));
  if (info?.digest === member.digest) return member.ref;
  throw gone(ref, member.ref, info === undefined ? "missing" : "changed");
}

/** Adds to the error of a ref such as `data:raw@2/train.csv` how to read a file. */
function noRelease(
  error: RegistryError,
  { release, member }: NonNullable<ReturnType<typeof memberOf>>,
): RegistryError {
  const hint = `For a file of it: (await registry.open(${shown(release)})).file(${shown(member)})`;
  return retold(error, { hint, reason: { kind: "not_a_release", release, member }, cause: error });
}

function gone(ref: string, version: string, state: "missing" | "changed"): RegistryError {
  return fault({
    code: state === "missing" ? "NotFound" : "Conflict",
    action: "find",
    subject: shown(ref),
    state: `its version "${version}" was ${state === "missing" ? "deleted" : "overwritten"}`,
    hint: "Move the alias to another release, or publish one with another version.",
  });
}
