// The file of a version that a key means, and with a version id (the commit) the version it had.
import type { Artifact, ArtifactInfo } from "../../mod.ts";
import type { ArtifactFile } from "../../materializers/mod.ts";
import { isRegistryError, parseRef, shown } from "../../core/kernel.ts";
import { answerInPlace, isExact } from "../../apps/server/extending.ts";
import type { Access, Answer, AskedVersion, RouteContext } from "../../apps/server/extending.ts";
import { s3Error } from "./s3_error.ts";
import { isObject } from "./listing.ts";
import type { S3Context } from "./context.ts";

export interface FoundObject {
  artifact: Artifact;
  file: ArtifactFile;
  asked: AskedVersion;
}

/** Versions that are searched for a commit. */
const MOST_SEARCHED = 1000;
const COMMIT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Finds the object of a request, and answers with it. A search for a commit takes a place. */
export async function withObject(
  c: RouteContext,
  context: S3Context,
  answer: (found: FoundObject) => Answer | Promise<Answer>,
): Promise<Answer> {
  const { key = "", name, version } = c.params;
  if (name === undefined || version === undefined) throw noSuchKey(key, "no version is in the key");
  const { openVersion } = context;
  const { access } = c.info;
  const commit = new URL(c.request.url).searchParams.get("versionId") ?? undefined;
  if (commit === undefined) {
    const asked = { name, version };
    return await answer(objectOf(c, asked, await openRef(context, asked, access)));
  }
  if (!COMMIT.test(commit)) throw noSuchVersion(key);
  try {
    const asked = { name, version, commit };
    return await answer(objectOf(c, asked, await openVersion(asked, access)));
  } catch (error) {
    if (!isRegistryError(error, "Conflict", "NotFound")) throw error; // else the ref has moved
  }
  return await answerInPlace(c, async () => {
    const info = await infoOfCommit(context, name, commit);
    if (info === undefined) throw noSuchVersion(key);
    const asked = { name, version: info.version, commit };
    return await answer(objectOf(c, asked, await openVersion(asked, access)));
  });
}

/** Opens what a ref means now. For an exact version, no request goes to the store. */
async function openRef(
  { registry, openVersion, exactVersions }: S3Context,
  asked: AskedVersion,
  access: Access,
): Promise<Artifact> {
  const commit = exactVersions.commitOf(asked);
  if (commit !== undefined) {
    try {
      return await openVersion({ ...asked, commit }, access);
    } catch (error) {
      if (!isRegistryError(error, "Conflict", "NotFound")) throw error; // else it was deleted
    }
  }
  const artifact = await openVersion(asked, access);
  if (isExact(registry, asked, artifact)) exactVersions.note(asked, artifact.info.commit);
  return artifact;
}

async function infoOfCommit(
  { registry }: Pick<S3Context, "registry">,
  name: string,
  commit: string,
): Promise<ArtifactInfo | undefined> {
  for await (const { info } of registry.versions(name, { details: true, limit: MOST_SEARCHED })) {
    if (info?.commit === commit) return info;
  }
}

function objectOf({ params }: RouteContext, asked: AskedVersion, artifact: Artifact): FoundObject {
  const { key = "", name, version, path = "" } = params;
  (artifact as { checkFiles?(): void }).checkFiles?.();
  const { selector } = parseRef(`${name}@${version}`);
  // The commit of another version is not a version id of this key.
  if (selector.kind === "version" && version !== artifact.info.version) throw noSuchVersion(key);
  const file = fileIn(artifact, path);
  if (file === undefined) throw noSuchKey(key, "the version has no such file");
  return { artifact, file, asked };
}

/** Returns a file that has a key. */
export function fileIn(artifact: Artifact, path: string): ArtifactFile | undefined {
  if (path === "") return undefined; // it would be the only file
  try {
    const file = artifact.file(path);
    return isObject(file.info) ? file : undefined;
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined;
    throw error;
  }
}

function noSuchKey(key: string, state: string) {
  return s3Error(404, "NoSuchKey", {
    action: "read",
    subject: shown(key),
    state,
    hint: "A key is NAME/@VERSION/PATH. List the keys with the delimiter /.",
  });
}

function noSuchVersion(key: string) {
  return s3Error(404, "NoSuchVersion", {
    action: "read",
    subject: shown(key),
    state: "no version of it has this version id",
    hint: "A version id is the commit of a version, as x-amz-version-id returns it.",
  });
}
