// The file of a version that a key means, and with a version id (the commit) the version it had.
import type { ArtifactFile } from "../../../materializers/mod.ts";
import { inTurns, isRegistryError, keepNewest, parseRef, shown } from "../../../core/kernel.ts";
import { answerInPlace, fileAt, isExact } from "../../../apps/server/extending.ts";
import type {
  Access,
  Answer,
  AskedVersion,
  ReadablePages,
  RouteContext,
} from "../../../apps/gateways.ts";
import { s3Error, wrongArgument } from "./s3_error.ts";
import type { S3Context } from "./context.ts";

export interface FoundObject {
  artifact: ReadablePages;
  file: ArtifactFile;
  asked: AskedVersion;
}

/** Versions that are searched for a commit. */
const MOST_SEARCHED = 1000;
const VERSION_ID = "A version id is the commit of a version, as x-amz-version-id returns it.";
const COMMIT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** How long the commit of an exact version is known, milliseconds: clients read many ranges. */
const KEEP_MS = 60_000;
const MOST_KNOWN = 1000;

/** Finds the object of a request, and answers with it. A search for a commit takes a place. */
export async function withObject(
  c: RouteContext,
  context: S3Context,
  commit: string | undefined,
  answer: (found: FoundObject) => Answer | Promise<Answer>,
): Promise<Answer> {
  const { key = "", name, version } = c.params;
  if (name === undefined || version === undefined) throw noSuchKey(key, "no version is in the key");
  const { access } = c.info;
  if (commit === undefined) {
    const asked = { name, version };
    return await answer(await objectOf(c, asked, await openRef(context, asked, access)));
  }
  if (commit === "null") throw noSuchVersion(key); // which objects without versions have
  if (!COMMIT.test(commit)) throw wrongArgument("versionId is not a version id", VERSION_ID);
  const artifact = await openCommit(context, { name, version, commit }, access);
  if (artifact !== undefined) {
    return await answer(await objectOf(c, { name, version, commit }, artifact));
  }
  return await answerInPlace(c, async () => {
    const facts = { details: true, withoutFiles: true, limit: MOST_SEARCHED };
    for await (const { info } of inTurns(context.registry.versions(name, facts))) {
      if (info?.commit !== commit) continue;
      const asked = { name, version: info.version, commit };
      return await answer(await objectOf(c, asked, await context.openPages(asked, access)));
    }
    throw noSuchVersion(key);
  });
}

/** Opens what a ref means now. For an exact version, no request goes to the store. */
async function openRef(
  context: S3Context,
  asked: AskedVersion,
  access: Access,
): Promise<ReadablePages> {
  const { registry, openPages, exact, system } = context;
  const key = `${asked.name}@${asked.version}`;
  const known = exact.get(key);
  const artifact = known !== undefined && system.monotonic() < known.until
    ? await openCommit(context, { ...asked, commit: known.commit }, access)
    : undefined;
  if (artifact !== undefined) return artifact;
  const opened = await openPages(asked, access);
  if (isExact(registry, asked, opened)) {
    exact.set(key, { commit: opened.info.commit, until: system.monotonic() + KEEP_MS });
    keepNewest(exact, MOST_KNOWN);
  }
  return opened;
}

/** Opens a version by its commit; undefined if the ref has moved, or the version was deleted. */
async function openCommit(
  { openPages }: S3Context,
  asked: AskedVersion,
  access: Access,
): Promise<ReadablePages | undefined> {
  try {
    return await openPages(asked, access);
  } catch (error) {
    if (!isRegistryError(error, "Conflict", "NotFound")) throw error;
  }
}

async function objectOf(
  { params }: RouteContext,
  asked: AskedVersion,
  artifact: ReadablePages,
): Promise<FoundObject> {
  const { key = "", name, version, path = "" } = params;
  artifact.checkFiles?.();
  if (asked.commit !== undefined) {
    // The commit of another version is not a version id of this key.
    const { selector } = parseRef(`${name}@${version}`);
    const isOther = selector.kind === "version" &&
      selector.version.canonical !== artifact.info.version;
    if (isOther) throw noSuchVersion(key);
  }
  const file = await fileAt(artifact, path);
  if (file === undefined && asked.commit !== undefined) throw noSuchVersion(key);
  if (file === undefined) throw noSuchKey(key, "the version has no such file");
  return { artifact, file, asked };
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
    hint: VERSION_ID,
  });
}
